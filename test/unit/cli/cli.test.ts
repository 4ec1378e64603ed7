import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { formatTable, formatWarnings } from '../../../lib/cli/commands/list.ts';
import { builtins } from '../../../lib/cli/grammar.ts';
import { runCommandLine } from '../../../lib/cli/run.ts';
import type { Destination, ServiceWithDestinations } from '../../../lib/index.ts';
import { commands } from '../../../lib/rules/grammar/commands.ts';
import { options } from '../../../lib/rules/grammar/options.ts';
import { runCommand } from '../../support/run-command.ts';

/** Runs a command that needs no kernel: whatever reaches for one fails. */
const run = (words: readonly string[], input?: string) => runCommand(words, '/nonexistent/namespace', input);

test('the command reports a failure outside the kernel in one line', async () => {
  const broken = { print: () => {}, read: () => Promise.reject(new Error('EISDIR: a directory')) };
  for (const words of [['-R'], ['-R', '--check']]) {
    const complaints: string[] = [];
    const complain = (text: string) => void complaints.push(text);
    expect(await runCommandLine(words, { ...broken, complain })).toBe(1);
    expect(complaints).toEqual(['EISDIR: a directory']);
  }
});

const stats = {
  connections: 0,
  inPackets: 0,
  outPackets: 0,
  inBytes: 0,
  outBytes: 0,
  rates: { connections: 3, inPackets: 0, outPackets: 0, inBytes: 1200, outBytes: 52_000 },
};

function destination(last: number, rest: Partial<Destination> = {}): Destination {
  return {
    address: `172.16.120.${last}`,
    port: 80,
    forwarding: 'masquerade',
    weight: 5,
    upperThreshold: 0,
    lowerThreshold: 0,
    activeConnections: 12,
    inactiveConnections: 100,
    persistentConnections: 0,
    stats,
    ...rest,
  } as Destination;
}

function service(destinations: Destination[]): ServiceWithDestinations {
  return {
    protocol: 'tcp',
    address: '10.100.10.101',
    port: 80,
    scheduler: 'wrr',
    schedulerFlags: [],
    persistence: { timeout: 300, granularity: 32 },
    onePacket: false,
    stats,
    destinations,
  } as ServiceWithDestinations;
}

describe('ipvs list', () => {
  const table = [
    service([destination(11), destination(12, { weight: 0 }), destination(13, { upperThreshold: 112 })]),
    service([]),
    service([destination(12, { weight: 0 })]),
  ];

  test('ipvs list prints each service with its destinations, connections and rates', () => {
    expect(`\n${formatTable(table, false)}`).toMatchInlineSnapshot(`
      "
      service, destination  how                    weight  active  inactive  conns/s  in B/s  out B/s
      tcp 10.100.10.101:80  wrr, persistent 300 s              36       300        3    1200    52000
        172.16.120.11:80    masquerade                  5      12       100        3    1200    52000
        172.16.120.12:80    masquerade                  0      12       100        3    1200    52000  weight 0
        172.16.120.13:80    masquerade                  5      12       100        3    1200    52000  full
      tcp 10.100.10.101:80  wrr, persistent 300 s               0         0        3    1200    52000  no destinations
      tcp 10.100.10.101:80  wrr, persistent 300 s              12       100        3    1200    52000  takes no connections
        172.16.120.12:80    masquerade                  0      12       100        3    1200    52000  weight 0
      "
    `);
  });

  test('ipvs list colours what takes connections green, what is out yellow, a service with no taker red', () => {
    const lines = formatTable(table, true).split('\n');
    const colours = lines.map(line => line.split('m')[0]!.replace('\u001b[', ''));
    expect(colours.slice(1, 7)).toEqual(['32', '32', '33', '33', '31', '31']);
    // Colours move no column.
    const plain = lines.map(line => stripVTControlCharacters(line));
    expect(plain.join('\n')).toBe(formatTable(table, false));
  });

  test('ipvs list says of a destination between its thresholds that it may still be full', () => {
    const words = (limits: Partial<Destination>) =>
      formatTable([service([destination(11, limits)])], false)
        .split('\n')
        .slice(1, 3)
        .map(line => line.split('52000')[1]!.trim());
    // The destination has 112 connections.
    expect(words({ upperThreshold: 113, lowerThreshold: 113 })).toEqual(['', '']);
    expect(words({ upperThreshold: 150 })).toEqual(['', '']);
    expect(words({ upperThreshold: 149 })).toEqual([
      'may take no connections',
      'full until below 112, if it was',
    ]);
    expect(words({ upperThreshold: 200, lowerThreshold: 112 })).toEqual([
      'may take no connections',
      'full until below 112, if it was',
    ]);
    expect(words({ upperThreshold: 200, lowerThreshold: 113 })).toEqual(['', '']);
    expect(words({ upperThreshold: 112, lowerThreshold: 112 })).toEqual(['takes no connections', 'full']);
    expect(words({ upperThreshold: 200, lowerThreshold: 1, weight: 0 })).toEqual([
      'takes no connections',
      'weight 0',
    ]);
  });

  test('ipvs list warns of what lint() finds, 20 findings at most', () => {
    const odd = service([destination(11, { weight: 70_000 })]);
    expect(formatWarnings([odd])).toMatch(
      /^warning: tcp 10\.100\.10\.101:80, destination 172\.16\.120\.11:80: .* \(large-weight\)$/,
    );
    expect(formatWarnings([service([destination(11)])])).toBe('');
    const many = formatWarnings(Array.from({ length: 50 }, () => odd)).split('\n');
    expect(many).toHaveLength(21);
    expect(many[20]).toBe('and 30 more');
  });

  test('ipvs list of an empty table says how to add a service', () => {
    expect(formatTable([], true)).toMatch(/^no services; .*ipvs help add-service/);
  });
});

describe('help', () => {
  test('ipvs help names every command', async () => {
    const { stdout, status } = await run(['help']);
    expect(status).toBe(0);
    for (const name of ['list', 'save', 'restore', 'completion', 'help']) {
      expect(stdout).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
    }
  });

  test('ipvs -h names every command and option of ipvsadm’s language', async () => {
    const { stdout } = await run(['-h']);
    for (const name of [...Object.keys(commands), ...Object.keys(options)])
      expect(stdout).toContain(`--${name}`);
  });

  test.each([40, 80, 132])('help fits a terminal of %d columns and breaks no word', async width => {
    for (const words of [
      ['-h'],
      ['help'],
      ['help', 'restore'],
      ['help', 'completion'],
      ['help', '-A'],
      ['help', '-L'],
    ]) {
      const texts: string[] = [];
      for (const columns of [width, 10_000]) {
        let text = '';
        const print = (part: string | Uint8Array) => {
          text += Buffer.from(part).toString();
        };
        await runCommandLine(words, { width: columns, print, complain: print, read: async () => '' });
        texts.push(text);
      }
      const [narrow, wide] = texts as [string, string];
      const tooLong = narrow.split('\n').filter(line => line.length > width && line.trim().includes(' '));
      // Commands to be typed are not wrapped.
      expect(tooLong.filter(line => !line.startsWith('  ipvs '))).toEqual([]);
      expect(narrow.match(/\S+/g)).toEqual(wide.match(/\S+/g));
    }
  });

  test.each(['restore', 'add-service', '-A', '--add-service', 'A'])(
    'ipvs help %s explains that command',
    async name => {
      const { stdout, status } = await run(['help', name]);
      expect(status).toBe(0);
      expect(stdout).toMatch(/^ipvs /);
    },
  );
});

const explained = Object.keys(builtins).filter(name => name !== 'help');

test.each(explained)('ipvs %s --help explains the command, whatever else is said', async name => {
  const explanation = await run(['help', name]);
  expect(explanation.stdout).toMatch(new RegExp(`^ipvs ${name}\\b`));
  for (const words of [
    [name, '--help'],
    [name, '-h'],
    [name, '--no-such-option', 'word', 'surplus', '--help'],
  ]) {
    expect(await run(words)).toEqual(explanation);
  }
});

describe('usage mistakes', () => {
  test.each([
    [['foo'], /there is no command 'foo': expected list, save/],
    [['list', '--jsn'], /ipvs list: unknown option '--jsn'.*`ipvs help list`/],
    [['list', 'web'], /ipvs list: 'web' is too much/],
    [['restore'], /ipvs restore: FILE is missing/],
    [['restore', 'a', 'b'], /'b' is too much/],
    [['completion', 'tcsh'], /bash, zsh, fish, not for 'tcsh'/],
    [['help', 'foo'], /there is no command 'foo'/],
    [['-A', '-t', '10.0.0.1:99999'], /-t: /],
    [['__proto__'], /there is no command/],
  ] as const)('the command line %j ends with status 2 and says what is wrong', async (words, message) => {
    const { status, stderr, stdout } = await run(words);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });
});

describe('rules', () => {
  test('one bad line among 100,000 keeps ipvs -R from doing anything', async () => {
    const text = `${'-A -f 1\n'.repeat(99_999)}-A -f 0\n`;
    const { status, stderr } = await run(['-R'], text);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^line 100000: -f: .*\n1 bad line; nothing was done\n$/);
  });

  test('ipvs restore refuses a line of 1 MiB', async () => {
    const { status, stderr } = await run(['restore', '-'], 'x'.repeat(1 << 20));
    expect(status).toBe(2);
    expect(stderr).toMatch(/^line 1: a line has 4096 characters at most, not 1048576/);
  });

  test.each([
    ['-R', '--check'],
    ['restore', '--check', 'file'],
    ['restore', 'file', '--check'],
  ])('ipvs %s %s touches no kernel', async (...words) => {
    expect(await run(words, '-C\n-A -f 1\n')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(await run(words, '-A -f 1\nbogus')).toMatchObject({ status: 255 });
  });

  test('ipvs restore --check warns of lines that the kernel takes and hardly anybody wants', async () => {
    const { status, stderr } = await run(
      ['restore', '--check', '-'],
      `-A -t 10.0.0.1:80 -s wrr -M 255.0.0.0
-a -t 10.0.0.1:80 -r 10.0.0.2 -m -w 70000
-A -f 3 -s wrr -p -M 24
-a -f 3 -r 10.0.0.3 -w 0
-A -f 4 -s wrr -p 300 --dormant
-A -u 010.0.0.1:53 -s wrr
`,
    );
    expect(status).toBe(0);
    expect(stderr.trimEnd().split('\n')).toEqual([
      'line 1: warning: -M: has no effect without -p',
      expect.stringMatching(/^line 2: warning: .* \(large-weight\)$/),
      "line 3: warning: -M: '24' is the netmask 0.0.0.24; 255.255.255.0 is the one of 24 bits",
      expect.stringMatching(/^line 3: warning: .* \(netmask-holes\)$/),
      expect.stringMatching(/^line 3: warning: .* \(all-weights-zero\)$/),
      expect.stringMatching(/^line 5: warning: .* \(dormant-persistence\)$/),
      "line 6: warning: -u: '010.0.0.1' is 8.0.0.1: a number with a leading zero is octal",
    ]);
  });

  test('ipvs -R reports a kernel that cannot be had once', async () => {
    const { status, stderr } = await run(['-R'], '-C\n-A -f 1\n');
    expect(status).toBe(2);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});
