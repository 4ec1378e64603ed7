import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { runCommand } from '../support/run-command.ts';
import { useBed } from './support.ts';

const bed = useBed();

beforeEach(() => bed.ipvs.flush());

/** The two ways to restore a text. */
const ways: readonly (readonly [string[]])[] = [[['-R']], [['restore', '-']]];

function loadedModules(): string[] {
  return readFileSync('/proc/modules', 'utf8')
    .split('\n')
    .map(line => line.split(' ')[0]!)
    .filter(name => name.startsWith('ip_vs'));
}

describe.each(ways)('ipvs %s', words => {
  const restore = (text: string) => runCommand(words, bed.netns, text);

  test(`ipvs ${words.join(' ')} ends with 255 where the kernel refused a line, and does the others`, async () => {
    const { status, stderr } = await restore(
      '-A -f 5\n-A -f 5\n-a -f 6 -r 10.0.0.1\n-A -f 7 -s nonesuch\n-A -f 8\n',
    );
    expect(status).toBe(255);
    expect(stderr.split('\n').map(line => line.slice(0, 7))).toEqual(['line 2:', 'line 3:', 'line 4:', '']);
    expect((await bed.ipvs.services()).map(({ fwmark }) => fwmark).sort()).toEqual([5, 8]);
  });

  test(`ipvs ${words.join(' ')} skips a line whose host or port has no number, and does the others`, async () => {
    const { status, stderr } = await restore(`
-A -f 5
-a -f 5 -r nonesuch.invalid -m
-a -f 5 -r 10.0.0.1 -m
-A -t 10.0.0.1:nonesuch
-A -f 5
`);
    expect(status).toBe(255);
    expect(stderr).toBe(`line 3: -r: no IPv4 address is known for 'nonesuch.invalid'
line 5: -t: no tcp port is known by the name 'nonesuch'
line 6: service fwmark 5 ipv4 exists already; -E changes it
`);
    expect(await bed.ipvs.snapshot()).toMatchObject([{ fwmark: 5, destinations: [{ address: '10.0.0.1' }] }]);
  });

  test(`ipvs ${words.join(' ')} does nothing where any line is wrong`, async () => {
    const { status, stderr } = await restore('-A -f 5\n-a -f 5 -r nonesuch.invalid\n-A -f zero\n');
    expect(status).toBe(2);
    expect(stderr).toMatch(/^line 2: .*\nline 3: -f: .*\n2 bad lines; nothing was done\n$/);
    expect(await bed.ipvs.services()).toEqual([]);
  });

  test(`ipvs ${words.join(' ')} warns of each line whose option has no effect`, async () => {
    const lines = Array.from(
      { length: 30 },
      (_, i) => `sudo /sbin/ipvsadm -A -t 10.0.0.1:${i + 1} -M 255.0.0.0`,
    );
    const { status, stderr } = await restore(lines.join('\n'));
    expect(status).toBe(0);
    expect(stderr).toBe(
      lines.map((_, i) => `line ${i + 1}: warning: -M: has no effect without -p\n`).join(''),
    );
    expect(await bed.ipvs.services()).toHaveLength(30);
  });
});

describe('ipvs restore --check', () => {
  const check = (text: string) => runCommand(['restore', '--check', '-'], bed.netns, text);

  test('ipvs restore --check finds schedulers and engines that no kernel module offers, and loads none', async () => {
    const before = loadedModules();
    const { status, stderr } = await check(`
-A -f 5 -s nonesuch
-A -f 6 -s dh
-A -u 10.0.0.1:5060 -p --pe sip
-A -u 10.0.0.1:5061 -p --pe nonesuch
-A -f 7 -s none
-A -f 8 -s mh
`);
    expect(
      stderr.replaceAll(/^line \d+: warning: .*\n/gm, ''),
    ).toBe(`line 2: -s: this kernel has no scheduler 'nonesuch' (module ip_vs_nonesuch)
line 5: --pe: this kernel has no persistence engine 'nonesuch' (module ip_vs_pe_nonesuch)
2 bad lines; nothing was done
`);
    expect(status).toBe(255);
    expect(loadedModules()).toEqual(before);
  });

  test('ipvs restore --check finds lines about a row that neither the file nor the table has', async () => {
    await bed.ipvs.addService({ fwmark: 5, family: 'ipv4' });
    await bed.ipvs.addDestination({ fwmark: 5, family: 'ipv4' }, { address: '10.0.0.1', port: 80 });
    const { status, stderr } = await check(`
-a -f 5 -r 10.0.0.2
-e -f 5 -r 10.0.0.1:80 -w 3
-a -f 6 -r 10.0.0.1
-A -f 6
-a -f 6 -r 10.0.0.1
-e -f 6 -r 10.0.0.2
-d -f 5 -r 10.0.0.1:81
-D -f 6
-E -f 6
-Z -f 7
-L -f 7
-C
-a -f 5 -r 10.0.0.3
`);
    expect(status).toBe(255);
    expect(stderr.match(/^line (?!\d+: warning).*/gm)).toEqual([
      'line 4: -a: neither the file nor the kernel has this service at this line',
      'line 7: -e: neither the file nor the kernel has this destination at this line',
      'line 8: -d: neither the file nor the kernel has this destination at this line',
      'line 10: -E: neither the file nor the kernel has this service at this line',
      'line 11: -Z: neither the file nor the kernel has this service at this line',
      'line 12: -L: neither the file nor the kernel has this service at this line',
      'line 14: -a: neither the file nor the kernel has this service at this line',
    ]);
    expect(await bed.ipvs.snapshot()).toMatchObject([{ fwmark: 5, destinations: [{ weight: 1 }] }]);
  });

  test('ipvs restore --check finds doubled lines, but none that repeat what the table has', async () => {
    await bed.ipvs.addService({ fwmark: 5, family: 'ipv4' });
    const rules = '-A -f 5\n-a -f 5 -r 10.0.0.1\n';
    expect(await check(rules)).toEqual({ status: 0, stdout: '', stderr: '' });
    const { status, stderr } = await check(`${rules}${rules}`);
    expect(status).toBe(255);
    expect(stderr.match(/^line (?!\d+: warning).*/gm)).toEqual([
      'line 3: -A: a line before adds this service already',
      'line 4: -a: a line before adds this destination already',
    ]);
  });

  test('ipvs restore --check tells doubled and missing lines, and odd ones, beside bad ones', async () => {
    const { status, stderr } = await check(`
-A -f 5 -s rr -b sh-port
-a -f 5 -r 10.0.0.1
-A -f 6 -s mh
-A -f 6 -s mh
-a -f 6 -r 10.0.0.1 -w 70000
-a -f 7 -r 10.0.0.1
`);
    expect(status).toBe(2);
    const told = stderr
      .trim()
      .split('\n')
      .map(line => line.replace(/^(line \d+: (?:warning|-\w)).*/, '$1'));
    expect(told).toEqual([
      'line 6: warning',
      'line 2: -b',
      'line 5: -A',
      'line 7: -a',
      '3 bad lines; nothing was done',
    ]);
  });

  test('ipvs restore --check finds names without a number', async () => {
    const { status, stderr } = await check('-A -f 5\n-a -f 5 -r nonesuch.invalid\n');
    expect(status).toBe(2);
    expect(stderr).toMatch(/^line 2: -r: no IPv4 address is known for 'nonesuch\.invalid'\n/);
  });
});
