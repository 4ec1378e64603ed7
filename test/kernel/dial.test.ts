import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DirectedService, Director, type DirectorEvent } from '../../lib/director/index.ts';
import {
  type CheckTarget,
  createMonitor,
  type Dial,
  type DialOptions,
  dial,
  httpCheck,
  type NamedCheck,
  tcpCheck,
} from '../../lib/health/index.ts';
import { isCheckPath } from '../../lib/index.ts';
import { createMetrics } from '../../lib/metrics/index.ts';
import { runCommand } from '../support/run-command.ts';
import { addNamespace, removeNamespace, run, useBed } from './support.ts';

// A director and a server on one segment, each a network namespace; this process is in neither. Direct
// routing: the server answers for the virtual address itself, if it has it.

const bed = useBed();
const director = '10.9.0.1';
const server = '10.9.0.2';
const virtual = '10.9.0.100';
const mark = 0x0f_0001;

let servers = '';
let stop = () => {};

beforeAll(async () => {
  servers = addNamespace();
  run('ip', '-n', bed.netns, 'link', 'add', 'lan0', 'type', 'veth', 'peer', 'name', 'lan0', 'netns', servers);
  for (const [netns, address] of [
    [bed.netns, director],
    [servers, server],
  ] as const) {
    run('ip', '-n', netns, 'address', 'add', `${address}/24`, 'dev', 'lan0');
    run('ip', '-n', netns, 'link', 'set', 'lan0', 'up');
  }
  run('ip', '-n', bed.netns, 'address', 'add', `${virtual}/32`, 'dev', 'lo');
  // The server's answers come from an address that is the director's own, too.
  for (const name of ['all.rp_filter=0', 'lan0.rp_filter=0', 'lan0.accept_local=1']) {
    bed.run('sysctl', '-qw', `net.ipv4.conf.${name}`);
  }
  for (const name of ['all.arp_ignore=1', 'all.arp_announce=2', 'all.rp_filter=0', 'lan0.rp_filter=0']) {
    run('ip', 'netns', 'exec', servers, 'sysctl', '-qw', `net.ipv4.conf.${name}`);
  }
  const program = `require('node:http').createServer((_, answer) => answer.end('served'))
    .listen(80, '0.0.0.0', () => console.log('listening'));`;
  const child = spawn('ip', ['netns', 'exec', servers, process.execPath, '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  stop = () => child.kill('SIGKILL');
  await once(child.stdout, 'data');
});

afterAll(() => {
  stop();
  removeNamespace(servers);
});

/** What one probe of a target says: 'up', or why not. */
async function probe(target: CheckTarget, check: NamedCheck): Promise<string> {
  const monitor = createMonitor();
  const said = await new Promise<string>(resolve => {
    monitor.follow(target, check, { jitter: 0, timeout: 3000 }, ({ state, reason }) =>
      resolve(reason ?? state),
    );
  });
  await monitor.close();
  return said;
}

test('a check goes out from the network namespace that its target names, and this process stays in its own', async () => {
  const target = { address: server, port: 80 };
  const before = run('readlink', '/proc/self/ns/net');
  expect(await probe({ ...target, netns: bed.netns }, httpCheck({ body: 'served' }))).toBe('up');
  expect(await probe({ ...target, netns: bed.netns, device: 'lan0', source: director }, tcpCheck())).toBe(
    'up',
  );
  expect(await probe({ ...target, netns: bed.netns, port: 81 }, tcpCheck())).toMatch(/ECONNREFUSED/);
  expect(await probe({ ...target, netns: bed.netns, device: 'lo' }, tcpCheck())).not.toBe('up');
  await expect(dial({ ...target, netns: 'not-there', timeout: 3000 })).rejects.toMatchObject({
    code: 'ENOENT',
  });
  await expect(dial({ ...target, netns: '/etc/passwd', timeout: 3000 })).rejects.toMatchObject({
    code: 'EINVAL',
  });
  expect(run('readlink', '/proc/self/ns/net')).toBe(before);
});

test('a check with a mark goes the way of clients’ packets, and sees that the server lacks the virtual address', async () => {
  const service = { fwmark: mark, family: 'ipv4' } as const;
  await bed.ipvs.addService({ ...service, scheduler: 'rr' });
  await bed.ipvs.addDestination(service, { address: server, port: 0, forwarding: 'direct' });
  const real = { address: server, port: 80, netns: bed.netns };
  const through = { address: virtual, port: 80, netns: bed.netns, source: director, mark };
  // The server is healthy by its own address, and clients who are sent there get no answer.
  expect(await probe(real, httpCheck())).toBe('up');
  expect(await probe(through, httpCheck())).toBe('no connection within 3000 ms');
  run('ip', '-n', servers, 'address', 'add', `${virtual}/32`, 'dev', 'lo');
  expect(await probe(through, httpCheck({ body: 'served' }))).toBe('up');
  const [row] = await bed.ipvs.destinations(service);
  // The kernel sums them up every two seconds.
  expect(row!.stats.connections).toBeGreaterThanOrEqual(1n);
  run('ip', '-n', servers, 'address', 'del', `${virtual}/32`, 'dev', 'lo');
  expect(await probe(through, httpCheck())).toBe('no connection within 3000 ms');
});

test('a director that checks through the path takes a server out which lacks the virtual address, and back', async () => {
  const id = { protocol: 'tcp', address: virtual, port: 80 } as const;
  const web: DirectedService = {
    ...id,
    scheduler: 'rr',
    target: { through: true },
    destinations: [{ address: server, port: 80, forwarding: 'direct', weight: 5 }],
  };
  const there = ((options: DialOptions) => dial({ ...options, netns: bed.netns } as never)) as Dial;
  const make = () =>
    new Director({
      ipvs: bed.ipvs,
      dial: there,
      checks: [httpCheck({ body: 'served' })],
      defaults: { maxUnhealthy: 1, policy: { interval: 200, fasterInterval: 100, timeout: 1000, rise: 1 } },
      suspicion: false,
      desired: [web],
    });
  const weight = async () => (await bed.ipvs.destinations(id))[0]!.weight;
  const paths = async () => (await bed.ipvs.services()).filter(isCheckPath);
  /** Waits until a director gives its server a weight, and the kernel has it. */
  const untilWeight = async (director: Director, wanted: number) => {
    const ofServer = () => director.state().services[0]?.destinations[0];
    await expect.poll(ofServer, { timeout: 60_000 }).toMatchObject({ weight: wanted });
    await expect.poll(weight, { timeout: 60_000 }).toBe(wanted);
  };
  await bed.ipvs.flush();
  run('ip', '-n', servers, 'address', 'add', `${virtual}/32`, 'dev', 'lo');
  const director = make();
  const heard: DirectorEvent[] = [];
  (async () => {
    for await (const event of director.events()) heard.push(event);
  })();
  await director.start();
  await untilWeight(director, 5);
  // Healthy by its own address all the time.
  run('ip', '-n', servers, 'address', 'del', `${virtual}/32`, 'dev', 'lo');
  await untilWeight(director, 0);
  expect(heard.filter(event => event.type === 'health').at(-1)).toMatchObject({
    health: { state: 'down', reason: 'no connection within 1000 ms' },
  });
  run('ip', '-n', servers, 'address', 'add', `${virtual}/32`, 'dev', 'lo');
  await untilWeight(director, 5);

  // The kernel has the path; whoever asks what is balanced does not see it.
  const [path, ...others] = await paths();
  expect(others).toEqual([]);
  expect(await bed.ipvs.destinations(path!)).toMatchObject([
    { address: server, port: 0, forwarding: 'direct' },
  ]);
  using metrics = createMetrics(bed.ipvs);
  expect(await metrics.text()).not.toMatch(/fwmark="[1-9]/);
  expect((await runCommand(['list'], bed.netns)).stdout).not.toContain('fwmark');
  expect(director.state().services).toHaveLength(1);

  // Another one of its name goes on with that very path.
  await director.close();
  const next = make();
  await next.start();
  expect((await paths()).map(({ fwmark }) => fwmark)).toEqual([path!.fwmark]);
  await next.update([{ ...web, target: {} }]);
  await expect.poll(paths, { timeout: 60_000 }).toEqual([]);
  await next.close({ mode: 'remove' });
  expect(await bed.ipvs.services()).toEqual([]);
});
