import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { destinationKey, type Ipvs, parseRules, serviceKey } from '../../lib/index.ts';
import { runCommand } from '../support/run-command.ts';
import { addNamespace, removeNamespace, useBed } from './support.ts';

// These tests save and restore rows that ipvsadm has no words for.

const bed = useBed();
let netns = '';
/** A client of the namespace that saved tables are restored in. */
let copy: Ipvs;

beforeAll(() => {
  netns = addNamespace();
  copy = bed.client({ netns });
});
afterAll(async () => {
  await copy.close();
  removeNamespace(netns);
});
beforeEach(async () => {
  await Promise.all([bed.ipvs.flush(), copy.flush()]);
  for (const { destinations, ...service } of parseRules(table)) {
    await bed.ipvs.addService(service);
    for (const destination of destinations) await bed.ipvs.addDestination(service, destination);
  }
});

/** Rows with and without words of ipvsadm's. Every kernel from 5.10 to 7.x takes all. */
const table = `
-A -t 10.0.0.1:80 -s wrr -p 300 -M 255.0.255.0 -b flag-3
-a -t 10.0.0.1:80 -r 10.0.1.1:80 -m -w 70000 -x 5
-a -t 10.0.0.1:80 -r 10.0.1.2:80 -g -w 2147483647
-a -t 10.0.0.1:80 -r 10.0.1.3:8080 -g --as-is
-a -t 10.0.0.1:80 -r 10.0.1.4:80 --forwarding local
-a -t 10.0.0.1:80 -r 10.0.1.5:80 --forwarding bypass
-a -t 10.0.0.1:80 -r 10.0.1.6:80 --forwarding 5
-a -t 10.0.0.1:80 -r 10.0.1.7:80 -i --tun-type gue --tun-port 6080 --tun-flags 0x3
-a -t 10.0.0.1:80 -r 10.0.1.8:80 -i --tun-type gre --tun-remcsum --as-is
-a -t 10.0.0.1:80 -r 10.0.1.9:80 -i --tun-type 3 --as-is
-a -t 10.0.0.1:80 -r 10.0.1.10:80 -i --tun-port 6080 --as-is
-a -t 10.0.0.1:80 -r 10.0.1.11:80 -m --tun-type gre --tun-csum --as-is
-A -t 10.0.0.1:0 -s none -o --as-is
-a -t 10.0.0.1:0 -r 10.0.1.1:80 -m
-A --ip-service 50/[fd00::1]:443 -s rr -p 0 --as-is
-A -f 5 -s rr -p 3000000 -b 0x40,0x80000000 --as-is
-A -f 6 -6 -s rr -p 300 -M 64 --dormant
-A -u 10.0.0.1:5060 -s rr -M 255.0.0.0 --pe sip
`;

/** A table's configuration: without what the kernel counts, in one order. */
async function configOf(client: Ipvs) {
  const services = await client.snapshot();
  return services
    .map(({ stats: _, destinations, ...service }) => ({
      ...service,
      destinations: destinations.map(
        ({ stats: __, activeConnections, inactiveConnections, persistentConnections, ...row }) => row,
      ),
    }))
    .sort((a, b) => (serviceKey(a) < serviceKey(b) ? -1 : 1));
}

test('ipvs restore makes of the output of ipvs save the same table, whatever is in it', async () => {
  const saved = await runCommand(['save'], bed.netns);
  expect(saved).toMatchObject({ status: 0, stderr: '' });
  const { status, stderr } = await runCommand(['restore', '-'], netns, saved.stdout);
  expect({ status, stderr: stderr.replaceAll(/^line \d+: warning: .*\n/gm, '') }).toEqual({
    status: 0,
    stderr: '',
  });
  expect(await configOf(copy)).toEqual(await configOf(bed.ipvs));
  expect((await runCommand(['save'], netns)).stdout.split('\n').sort()).toEqual(
    saved.stdout.split('\n').sort(),
  );
});

describe('ipvs -S', () => {
  test('ipvs -S writes what ipvsadm has no words for as comments, and says why', async () => {
    const { status, stdout, stderr } = await runCommand(['-S', '-n'], bed.netns);
    const comments = stdout.split('\n').filter(line => line.startsWith('# '));
    expect({ status, comments: comments.length, complaints: stderr.trimEnd().split('\n') }).toEqual({
      status: 1,
      comments: 14,
      complaints: [
        ...Array.from({ length: 14 }, () =>
          expect.stringMatching(/^(service|destination) .*: ipvsadm has no words for /),
        ),
        '14 rules are comments: `ipvs save` has words for all, which `ipvs restore` reads',
      ],
    });
    expect(stderr).toContain(
      'destination 10.0.1.3:8080 of service tcp 10.0.0.1:80: ipvsadm has no words for another port than the service',
    );
    // The comments say all: without their marks they are the rest of the table.
    await runCommand(['-R'], netns, stdout.replaceAll(/^# /gm, ''));
    const inAnyOrder = (config: Awaited<ReturnType<typeof configOf>>) =>
      config.map(service => ({
        ...service,
        destinations: service.destinations.toSorted((a, b) =>
          destinationKey(a) < destinationKey(b) ? -1 : 1,
        ),
      }));
    expect(inAnyOrder(await configOf(copy))).toEqual(inAnyOrder(await configOf(bed.ipvs)));
  });

  test('ipvs -S writes rules that ipvsadm-restore takes', async () => {
    const { stdout } = await runCommand(['-S', '-n'], bed.netns);
    const words = ['netns', 'exec', netns, 'ipvsadm-restore'];
    const { stderr } = spawnSync('ip', words, { input: stdout, encoding: 'utf8' });
    expect(stderr).toBe('');
    const whole = await configOf(bed.ipvs);
    const restored = await configOf(copy);
    expect(restored.map(serviceKey)).toEqual(['tcp 10.0.0.1:80', 'udp 10.0.0.1:5060']);
    for (const service of restored) {
      const { destinations, ...rest } = whole.find(one => serviceKey(one) === serviceKey(service))!;
      const kept = destinations.filter(({ weight }) => weight >= 70_000);
      expect({ ...service, destinations: service.destinations.toReversed() }).toEqual({
        ...rest,
        destinations: service.destinations.length === 0 ? [] : kept.toReversed(),
      });
    }
  });

  test('ipvs -S ends with 0 where ipvsadm has words for all rules', async () => {
    await bed.ipvs.removeService({ protocol: 'tcp', address: '10.0.0.1', port: 80 });
    for (const service of await bed.ipvs.services()) {
      if (service.protocol !== 'udp') await bed.ipvs.removeService(service);
    }
    expect(await runCommand(['-S', '-n'], bed.netns)).toEqual({
      status: 0,
      stdout: '-A -u 10.0.0.1:5060 -s rr -M 255.0.0.0 --pe sip\n',
      stderr: '',
    });
  });
});

test('ipvs lists rows that ipvsadm has no words for', async () => {
  const list = async (...words: readonly string[]) => {
    const { status, stdout } = await runCommand(words, bed.netns);
    expect(status).toBe(0);
    return stdout;
  };
  const tunnels = await list('-Ln', '--tun-info');
  expect(tunnels.match(/(?<=-> 10\.0\.1\.(7|8|9|10|11):80 +\w+ +)\S+/g)).toEqual([
    'gue:6080:0x3',
    'gre:r+c',
    '3:-c',
    'ipip',
    'n/a',
  ]);
  const usual = await list('-Ln');
  expect(usual).toMatch(/^50 {3}\[fd00::1\]:443 rr persistent 0$/m);
  expect(usual).toMatch(/^FWM {2}5 rr \(0x40,0x80000000\) persistent 3000000$/m);
  expect(usual).toMatch(/^ {2}-> 10\.0\.1\.5:80 +Bypass +1 /m);
  expect(usual).toMatch(/^ {2}-> 10\.0\.1\.6:80 +5 +1 /m);
  expect(await list('-Ln', '--stats')).toMatch(/^50 {3}\[fd00::1\]:443 +0 +0 +0 +0 +0$/m);
  expect(await list('list')).toMatch(/^50 \[fd00::1\]:443 /m);
  expect(await list('-Ln', '-t', '10.0.0.1:0')).toMatch(/^TCP {2}10\.0\.0\.1:0 none ops$/m);
  expect(await list('-Ln', '--ip-service', '50/[fd00::1]:443')).toMatch(/^50 {3}\[fd00::1\]:443 /m);
});
