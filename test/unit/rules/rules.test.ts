import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { formatRules, parseCommands, parseRules, type RulesError } from '../../../lib/rules/index.ts';
import { tables } from '../../kernel/arbitraries.ts';

vi.setConfig({ testTimeout: 30_000 });

/** The problems of a text that must have some. */
function problemsOf(text: string, read: (text: string) => unknown = parseRules): RulesError['problems'] {
  try {
    read(text);
  } catch (error) {
    expect(error).toBeInstanceOf(SyntaxError);
    expect((error as RulesError).code).toBe('ERR_IPVS_RULES');
    return (error as RulesError).problems;
  }
  return expect.fail('read without a complaint');
}

/** The message of a line's only problem. */
function problemOf(line: string): string {
  const problems = problemsOf(line, parseCommands);
  expect(problems).toHaveLength(1);
  return problems[0]!.message;
}

describe('parsing', () => {
  test('parseRules() fills in the defaults of a service and a destination', () => {
    expect(parseRules('-A -t 10.0.0.1:80\n-a -t 10.0.0.1:80 -r 10.0.1.1\n')).toEqual([
      {
        protocol: 'tcp',
        address: '10.0.0.1',
        port: 80,
        scheduler: 'wlc',
        schedulerFlags: [],
        onePacket: false,
        destinations: [
          {
            address: '10.0.1.1',
            port: 80,
            forwarding: 'direct',
            weight: 1,
            upperThreshold: 0,
            lowerThreshold: 0,
          },
        ],
      },
    ]);
  });

  test('parseRules() reads every way to write an option', () => {
    const lines = [
      '-A -t 10.0.0.1:80 -s rr',
      '-At 10.0.0.1:80 -srr',
      '-At10.0.0.1:80 -s=rr',
      '-A --tcp-service 10.0.0.1:80 --scheduler rr',
      '--add-service --tcp-service=10.0.0.1:80 --scheduler=rr',
      'ipvsadm -A -t "10.0.0.1:80" -s \'rr\' # as a shell would have it',
      '\t-A\t-t 10.0.0.1:80 -s r\\r\r',
      '-A -s rr -t 10.0.0.1:80 --',
    ];
    const [first, ...others] = lines.map(line => parseRules(line));
    for (const other of others) expect(other).toEqual(first);
  });

  test('an optional argument may be left out before a dash and at the end of a line', () => {
    for (const [line, timeout] of [
      ['-A -t 10.0.0.1:0 -p', 360],
      ['-A -p -t 10.0.0.1:0', 360],
      ['-A -t 10.0.0.1:0 -p 5', 5],
      ['-A -t 10.0.0.1:0 -p5', 5],
      ['-A -t 10.0.0.1:0 --persistent=5', 5],
    ] as const) {
      expect(parseRules(line)[0]?.persistence).toEqual({ timeout, granularity: 32 });
    }
  });

  test('blank lines and comments count as lines', () => {
    expect(parseCommands('# one\n\n   # three\n-C\n').map(({ line }) => line)).toEqual([4]);
  });

  test('options of one line may stand in any order', () => {
    expect(parseRules('-A -t [fd00::1]:80\n-a -r fd00::2 -t [fd00::1]:80')[0]?.destinations[0]?.port).toBe(
      80,
    );
    expect(parseRules('-A -M 64 -p -t [fd00::1]:80')[0]?.persistence?.granularity).toBe(64);
  });

  test('parseRules() reads every spelling of an IPv6 address as the same', () => {
    for (const text of ['[fd00::1]:0', '[FD00:0:0:0::1]:0', 'fd00::1', '[fd00::0.0.0.1]']) {
      expect(parseRules(`-A -p -t ${text}`)[0]).toMatchObject({ address: 'fd00::1', port: 0 });
    }
  });

  test('a scheduler flag is parsed to the name that its scheduler gives to its bit', () => {
    expect(parseRules('-A -f 1 -s mh -b flag-3,mh-port,flag-1')[0]?.schedulerFlags).toEqual([
      'mh-fallback',
      'mh-port',
      'flag-3',
    ]);
    expect(parseRules('-A -f 1 -s rr -b flag-3,,flag-1,')[0]?.schedulerFlags).toEqual(['flag-1', 'flag-3']);
  });

  test('parseRules() reads numbers, addresses and netmasks as strtol() and inet_aton() do', () => {
    const [service] = parseRules(`
      -A -t 0xa000001:+0080 -p +0300 -M 0xffff0000
      -a -t 167772161:80 -r 10.65537:' 8080' -m -w 070000 -x +9 -y -0`);
    expect(service).toMatchObject({
      address: '10.0.0.1',
      port: 80,
      persistence: { timeout: 300, granularity: 16 },
      destinations: [
        { address: '10.1.0.1', port: 8080, weight: 70_000, upperThreshold: 9, lowerThreshold: 0 },
      ],
    });
    expect(parseRules('-A -f 1 -p -M 255.0.255.0')[0]?.persistence?.granularity).toBe('255.0.255.0');
    expect(parseCommands('1 +2 --set 003')[0]?.command).toMatchObject({
      timeouts: { tcp: 1, tcpFin: 2, udp: 3 },
    });
  });

  test('a line may begin with ipvsadm at any path, and with sudo before it', () => {
    for (const program of [
      'ipvsadm',
      '/sbin/ipvsadm',
      'sudo ipvsadm',
      '/usr/bin/sudo /usr/sbin/ipvsadm',
      'ipvs',
    ]) {
      expect(parseCommands(`${program} -C`)).toEqual([{ line: 1, command: { command: 'clear' } }]);
    }
    expect(parseCommands('ipvsadm\n sudo ipvsadm # nothing\n')).toEqual([]);
  });

  test('a destination takes the service’s port where forwarding rewrites none', () => {
    const ports = (line: string) =>
      parseRules(`-A -t 10.0.0.1:80\n-A -f 1\n${line}`).flatMap(({ destinations }) =>
        destinations.map(({ port }) => port),
      );
    expect(ports('-a -t 10.0.0.1:80 -r 10.0.1.1:8080 -g')).toEqual([80]);
    expect(ports('-a -t 10.0.0.1:80 -r 10.0.1.1:8080 -i')).toEqual([80]);
    expect(ports('-a -t 10.0.0.1:80 -r 10.0.1.1:8080 -m')).toEqual([8080]);
    expect(ports('-a -f 1 -r 10.0.1.1:8080 -g')).toEqual([8080]);
    expect(ports('-a -f 1 -r 10.0.1.1 -g')).toEqual([0]);
  });

  test('parseRules() resolves names only if asked to', () => {
    expect(problemsOf('-A -t www.example.com:http')).toHaveLength(1);
    expect(problemsOf('-A -t 10.0.0.1:http')).toHaveLength(1);
    const names = {
      host: (name: string) => (name === 'www.example.com' ? '10.0.0.1' : undefined),
      port: (name: string, protocol: string) => (name === 'http' && protocol === 'tcp' ? 80 : undefined),
    };
    expect(parseRules('-A -t www.example.com:http', { names })[0]).toMatchObject({
      address: '10.0.0.1',
      port: 80,
    });
    expect(problemsOf('-A -t other:http', text => parseRules(text, { names }))).toHaveLength(1);
    expect(problemsOf('-A -u 10.0.0.1:http', text => parseRules(text, { names }))).toHaveLength(1);
  });

  test('parseCommands() reads every command', () => {
    const text = [
      '-E -u 10.0.0.1:53 -o',
      '-D -f 7 -6',
      '-e -t 10.0.0.1:80 -r 10.0.1.1:8080 -m -w 0 -x 9 -y 3',
      '-d --sctp-service 10.0.0.1:80 -r 10.0.1.1:8080',
      '-C',
      '-Z',
      '-Z -t 10.0.0.1:80',
      '--set 900 0 300',
      '--start-daemon backup --mcast-interface eth1 --syncid 7 --mcast-group ff02::81 --mcast-port 1 --mcast-ttl 2 --sync-maxlen 1400',
      '--stop-daemon=master',
      '-Ln --rate --exact --nosort',
      '-lcn --persistent-conn',
      '-L --timeout',
      '-L --daemon',
      '-Sn',
    ];
    expect(parseCommands(text.join('\n')).map(({ command }) => command)).toMatchSnapshot();
  });
});

describe('a table made by its lines', () => {
  test('a later line changes what earlier ones made', () => {
    const table = parseRules(`
      -A -t 10.0.0.9:1
      -C
      -A -t 10.0.0.1:80 -s rr
      -E -t 10.0.0.1:80 -s wrr
      -A -f 7
      -D -f 7
      -a -t 10.0.0.1:80 -r 10.0.1.1 -w 3
      -e -t 10.0.0.1:80 -r 10.0.1.1 -w 5
      -a -t 10.0.0.1:80 -r 10.0.1.2
      -d -t 10.0.0.1:80 -r 10.0.1.2`);
    expect(formatRules(table)).toBe('-A -t 10.0.0.1:80 -s wrr\n-a -t 10.0.0.1:80 -r 10.0.1.1:80 -g -w 5\n');
  });

  test('a line that the kernel would refuse is named by its number', () => {
    const problems = problemsOf(`-A -t 10.0.0.1:80
-A -t 10.0.0.1:80
-a -t 10.0.0.2:80 -r 10.0.1.1
-a -t 10.0.0.1:80 -r 10.0.1.1
-a -t 10.0.0.1:80 -r 10.0.1.1:8080
-d -t 10.0.0.1:80 -r 10.0.1.2
-E -f 1
--set 1 1 1`);
    expect(problems.map(({ line }) => line)).toEqual([2, 3, 5, 6, 7, 8]);
  });
});

describe('bad lines', () => {
  test('all bad lines are reported at once, with number, option and what was expected', () => {
    expect(
      problemsOf(`-A -t 10.0.0.1:80 -s rr
-A -t 10.0.0.1 -p 0
-q

-a -t 10.0.0.1:80 -r 10.0.1.1 -w x -y 2147483648`),
    ).toEqual([
      { line: 2, option: '-p', message: "-p: expected a whole number from 1 to 2678400, not '0'" },
      { line: 3, message: "there is no option '-q'" },
      { line: 5, option: '-w', message: "-w: expected a whole number from 0 to 2147483647, not 'x'" },
      {
        line: 5,
        option: '-y',
        message: "-y: expected a whole number from 0 to 2147483647, not '2147483648'",
      },
    ]);
  });

  test('doubled and missing lines are reported beside bad ones, but for what these may have been about', () => {
    const problems = problemsOf(`-A -t 10.0.0.1:80 -s rr
-A -t 10.0.0.1:80 -s rr
-A -t 10.0.0.2:80 -s rr -p never
-a -t 10.0.0.2:80 -r 10.0.1.1
-a -t 10.0.0.3:80 -r 10.0.1.1
-A -f 7 -6 --schedular rr
-a -f 7 -6 -r fd00::1
-a -f 7 -r 10.0.1.1
--set 1 2 x`);
    expect(problems.map(({ line }) => line)).toEqual([2, 3, 5, 6, 8, 9]);
  });

  test('nothing is reported as missing beside a bad line whose service is not known', () => {
    for (const line of [
      '-A -t 10.0.0.300:80',
      '-A',
      '-A -t 10.0.0.1:80 -t 10.0.0.2:80',
      '-A -t "10.0.0.9:80',
    ]) {
      const problems = problemsOf(`${line}\n-a -t 10.0.0.9:80 -r 10.0.1.1\n-A -f 1\n-A -f 1\n`);
      expect(problems.map(problem => problem.line)).toEqual([1, 4]);
    }
  });

  test.each([
    ['-A -t 10.0.0.1:80 --tcp', /is it --tcp-service/],
    ['-A -t 10.0.0.1:80 -s', /-s: needs an argument/],
    ['-A -t 10.0.0.1:80 -n=3', /-n: takes no argument/],
    ['-A', /needs a virtual service/],
    ['-A -t 10.0.0.1:80 -t 10.0.0.2:80', /twice/],
    ['-A -t 10.0.0.1:80 -u 10.0.0.2:80', /already, -t/],
    ['-A -C', /-C: there is a command already, -A/],
    ['-A -t 10.0.0.1:80 x', /'x' belongs to no option/],
    ['-A -6 -f 1', /comes after -f/],
    ['-A -f 0', /from 1 to 4294967295/],
    ['-A -t [10.0.0.1]:80', /brackets are for IPv6/],
    ['-A -t [fd00::1:80', /expected \[address\]:port/],
    ['-A -t fe80::1%eth0 -p', /IPv6 address in brackets/],
    ['-A -t 10.0.0.1:65536', /port from 0 to 65535/],
    ['-A -t 10.0.0.1:', /port from 0 to 65535/],
    ['-A -t 10.0.0.1:0', /needs -p/],
    ['-A -t 10.0.0.1:80 -o', /-o: is for -u and -f/],
    ['-A -t 10.0.0.1:80 -p -M 255.256.0.0', /a netmask such as 255.255.255.0/],
    ['-A -t 167772161 -p', /IPv4 address/],
    ['iptables -A INPUT', /'iptables' is no command/],
    ['sudo -n ipvsadm -C', /'sudo' is no command: a line begins with a command such as -A/],
    ['/sbin/ipvsadm-restore -C', /no command/],
    ['-A -t 10.0.0.1:80 --dormant', /--dormant: needs -p/],
    ['-A -f 1 -s rr -b 0x40', /-b: expected/],
    ['-A -f 1 -s rr -b 0x8 --as-is', /-b: expected/],
    ['-A -f 1 -p 42949673 --as-is', /-p: expected a whole number from 0 to 42949672/],
    ['-A --ip-service 10.0.0.1:80', /a protocol's number, a slash/],
    ['-A --ip-service 65536/10.0.0.1:80', /--ip-service: /],
    ['-A --ip-service 50/10.0.0.1:http', /--ip-service: expected a port/],
    ['-a -f 1 -r 10.0.1.1 -g --forwarding local', /forwarding method already/],
    ['-a -f 1 -r 10.0.1.1 --forwarding 8', /local or bypass or 5 or 6 or 7/],
    ['-a -f 1 -r 10.0.1.1 -i --tun-type 3', /ipip or gue or gre/],
    ['-a -f 1 -r 10.0.1.1 -i --tun-type 256 --as-is', /ipip or gue or gre/],
    ['-a -f 1 -r 10.0.1.1 -m --tun-type gue --as-is', /gue needs --tun-port/],
    ['-a -f 1 -r 10.0.1.1 -i --tun-flags 0x10000 --as-is', /--tun-flags: expected bits/],
    ['-A -t [fd00::1]:80 -p -M 129', /prefix length from 1 to 128/],
    ['-A -t 10.0.0.1:80 -s rr -b sh-port', /goes with -s sh/],
    ['-A -t 10.0.0.1:80 -s sh -b ,', /-b: expected/],
    ['-A -t 10.0.0.1:80 -s abcdefghijklmnop', /15 ASCII characters/],
    ['-a -t 10.0.0.1:80', /needs a real-server/],
    ['-a -t 10.0.0.1:80 -r fd00::1', /only a tunnel/],
    ['-a -t 10.0.0.1:80 -r 10.0.1.1 -g -m', /forwarding method already/],
    ['-a -t 10.0.0.1:80 -r 10.0.1.1 -x 3 -y 4', /must not be above -x, which is 3/],
    ['-a -t 10.0.0.1:80 -r 10.0.1.1 --tun-type gue', /needs -i/],
    ['-a -t 10.0.0.1:80 -r 10.0.1.1 -i --tun-type gue', /needs --tun-port/],
    ['-a -t 10.0.0.1:80 -r 10.0.1.1 -i --tun-csum', /goes with --tun-type gue or gre, not with ipip/],
    ['-a -t 10.0.0.1:80 -r 10.0.1.1 -i --tun-type gre --tun-port 5', /goes with --tun-type gue/],
    ['-a -t 10.0.0.1:80 -r 10.0.1.1 -i --tun-type gre --tun-csum --tun-nocsum', /does not go with/],
    ['-L -c --timeout', /--timeout: does not go with -c/],
    ['-L --daemon -t 10.0.0.1:80', /does not go with/],
    ['-L --timeout --persistent-conn', /does not go with --timeout/],
    ['--set 1 2', /needs 3 numbers/],
    ['--set 1 2 3 4', /'4' belongs to no option; --set takes tcp tcpfin udp/],
    ['--set 1 2 x', /seconds from 1 to 2678400/],
    ['--start-daemon primary', /master or backup/],
    ['--start-daemon master --mcast-group 10.0.0.1', /multicast/],
    ['-C -t 10.0.0.1:80', /-t: does not go with -C, which takes no options/],
    ['-A -t "10.0.0.1:80', /quote/],
    ['-R', /-R: cannot stand among rules/],
  ])('the line `%s` is refused, and the message says why', (line, message) => {
    expect(problemOf(line)).toMatch(message);
  });

  test('a line of 1 MiB is refused, with blanks or without', () => {
    for (const line of ['x'.repeat(1 << 20), '-A '.repeat(1 << 18), '"'.repeat(1 << 20)]) {
      expect(problemOf(line)).toMatch(/4096 characters at most/);
    }
    expect(parseRules(`#${'x'.repeat(1 << 20)}`)).toEqual([]);
  });

  test('an error holds all of 100,000 bad lines, and its message names the first 20', () => {
    const text = '-A -t nonsense\n'.repeat(100_000);
    const problems = problemsOf(text);
    expect(problems).toHaveLength(100_000);
    expect(() => parseRules(text)).toThrow(/^line 1: .*\n(line .*\n){19}and 99980 more$/);
  });

  test('parseRules() and formatRules() take 100,000 good lines', () => {
    const lines = ['-A -t 10.0.0.1:80'];
    for (let i = 0; i < 99_999; i++) {
      lines.push(`-a -t 10.0.0.1:80 -r 10.${1 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}:80 -m`);
    }
    const [service] = parseRules(lines.join('\n'));
    expect(service?.destinations).toHaveLength(99_999);
    expect(formatRules([service!], { order: 'given' }).split('\n')).toHaveLength(100_001);
  });

  test('parseRules() either reads any junk or throws its own error', () => {
    const words = fc.constantFrom(
      '-A',
      '-a',
      '-t',
      '-r',
      '10.0.0.1:80',
      '-p',
      '[::1]',
      '-b',
      ',',
      '--',
      '-',
      '=',
      '"',
    );
    const line = fc.array(fc.oneof(words, fc.string({ unit: 'binary' })), { maxLength: 8 });
    fc.assert(
      fc.property(fc.array(line), lines => {
        try {
          parseRules(lines.map(parts => parts.join(' ')).join('\n'));
        } catch (error) {
          expect((error as RulesError).code).toBe('ERR_IPVS_RULES');
          // Messages hold nothing that a terminal would act on.
          expect((error as RulesError).message).toMatch(/^[\x20-\x7e…’\n]*$/);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('formatting', () => {
  test('formatRules() writes what parses back the same, in the order given', () => {
    fc.assert(
      fc.property(tables, table => {
        const text = table.map(({ service, destinations }) => ({ ...service, destinations }) as never);
        const once = parseRules(formatRules(text, { order: 'given' }));
        expect(once).toHaveLength(table.length);
        for (const [i, { service, destinations }] of table.entries()) {
          expect(once[i]).toMatchObject(service);
          expect(once[i]?.destinations).toMatchObject(destinations);
        }
        expect(parseRules(formatRules(once, { order: 'given' }))).toEqual(once);
      }),
      { numRuns: 200 },
    );
  });

  test('a name that the kernel or a line of rules cannot hold is refused with its line', () => {
    for (const name of ['r\0r', 'é', '\x1b[31mrr', 'a'.repeat(16)]) {
      const problems = problemsOf(`-A -t 10.0.0.1:80 -s rr\n-A -t 10.0.0.2:80 -s ${name}`);
      expect(problems).toMatchObject([{ line: 2, message: expect.stringMatching(/15 ASCII characters/) }]);
      expect(problemOf(`-A -t 10.0.0.1:80 -p --pe ${name}`)).toMatch(/name of a persistence engine/);
      expect(problemOf(`--start-daemon master --mcast-interface ${name}`)).toMatch(/15 ASCII characters/);
    }
  });

  test('formatRules() sorts as ipvsadm: by protocol, address, port, and by its wrong comparison too', () => {
    const rules = [
      '-A -f 3 -6',
      '-A -t [::1]:80',
      '-A -u 1.0.0.1:53',
      '-A -t 10.0.0.1:80',
      '-A -t 192.168.0.1:8',
    ];
    const sorted = formatRules(parseRules(rules.join('\n')))
      .trimEnd()
      .split('\n');
    expect(sorted.map(line => line.split(' ')[2])).toEqual([
      '192.168.0.1:8',
      '10.0.0.1:80',
      '1.0.0.1:53',
      '[::1]:80',
      '3',
    ]);
  });

  test('formatRules() writes names in place of numbers', () => {
    const naming = {
      host: (address: string) => ({ '10.0.0.1': 'www', 'fd00::1': 'six' })[address],
      port: (port: number, protocol: string) => (port === 80 && protocol === 'tcp' ? 'http' : undefined),
    };
    const table = parseRules('-A -t 10.0.0.1:80\n-A -u 10.0.0.1:80\n-A -t [fd00::1]:81');
    expect(formatRules(table, { naming })).toBe(
      '-A -t www:http -s wlc\n-A -u www:80 -s wlc\n-A -t [six]:81 -s wlc\n',
    );
  });

  test('what ipvsadm has no words for is written with this package’s options, and marked', () => {
    const rules = `-A -t 10.0.0.1:0 -s wlc -o -b flag-2,0x40 --as-is # not for ipvsadm
-a -t 10.0.0.1:0 -r 10.0.1.1:80 -m -w 70000 -x 4294967295 -y 5 --as-is # not for ipvsadm
-a -t 10.0.0.1:0 -r 10.0.1.2:80 --forwarding bypass -w 1 # not for ipvsadm
-a -t 10.0.0.1:0 -r 10.0.1.3:80 -g -w 1 --as-is # not for ipvsadm
-a -t 10.0.0.1:0 -r 10.0.1.4:0 -i -w 1 --tun-type gue --tun-port 6080 --tun-flags 0x3 --as-is # not for ipvsadm
-a -t 10.0.0.1:0 -r 10.0.1.5:0 -i -w 1 --tun-type 3 --as-is # not for ipvsadm
-a -t 10.0.0.1:0 -r 10.0.1.6:0 -m -w 1 --tun-type gre --tun-csum --as-is # not for ipvsadm
-a -t 10.0.0.1:0 -r 10.0.1.7:0 -i -w 1 --tun-type ipip --tun-port 5 --as-is # not for ipvsadm
-A --ip-service 50/[fd00::1]:80 -s wlc -p 0 -M 64 --as-is # not for ipvsadm
-A -f 1 -s wlc -M 255.0.255.0 --pe sip
-A -f 2 -s none -p 300 -M 255.255.255.0 --dormant # not for ipvsadm
-A -f 3 -s a\\#b\\'c -p 3000000 --as-is # not for ipvsadm
`;
    const table = parseRules(rules);
    expect(formatRules(table, { order: 'given' })).toBe(rules);
    expect(table).toMatchSnapshot();
  });

  test('what ipvsadm has no words for becomes a comment behind all rules for it, with the reason', () => {
    const table = parseRules(`
      -A -f 1 -s rr
      -a -f 1 -r 10.0.1.1 --forwarding local
      -a -f 1 -r 10.0.1.2 -m
      -A -t 10.0.0.1:0 -s wlc --as-is
      -a -t 10.0.0.1:0 -r 10.0.1.2:80 -m
      -A -f 2 -s wrr`);
    expect(formatRules(table, { language: 'ipvsadm', order: 'given' })).toBe(`-A -f 1 -s rr
-a -f 1 -r 10.0.1.2:0 -m -w 1
-A -f 2 -s wrr
# -a -f 1 -r 10.0.1.1:0 --forwarding local -w 1 # not for ipvsadm: forwarding local
# -A -t 10.0.0.1:0 -s wlc --as-is # not for ipvsadm: port 0 without persistence
# -a -t 10.0.0.1:0 -r 10.0.1.2:80 -m -w 1 # not for ipvsadm: its service
`);
  });

  test('formatRules() refuses what is no table by the name of its field', () => {
    const [service] = parseRules(
      '-A -t 10.0.0.1:80 -p\n-a -t 10.0.0.1:80 -r 10.0.1.1 -i --tun-type gue --tun-port 1',
    );
    const [destination] = service!.destinations;
    const wrong = (changes: object, field: RegExp) =>
      expect(() => formatRules([{ ...service!, ...changes } as never])).toThrow(field);
    const wrongBelow = (changes: object, field: RegExp) =>
      wrong({ destinations: [{ ...destination, ...changes }] }, field);
    wrong({ address: '10.0.0.1\n-C' }, /address/);
    wrong({ scheduler: 'r r' }, /one word/);
    wrong({ port: 70_000 }, /service\.port/);
    wrong({ protocol: 'tcp\n-C' }, /service\.protocol/);
    wrong({ protocol: undefined, address: undefined, port: undefined, fwmark: '7\n-C' }, /service\.fwmark/);
    wrong({ onePacket: 1 }, /service\.onePacket/);
    wrong({ schedulerFlags: ['flag-1\n-C'] }, /service\.schedulerFlags/);
    wrong({ persistence: { timeout: 2 ** 31 } }, /service\.persistence\.timeout/);
    wrong({ persistence: { granularity: '255.0.255' } }, /service\.persistence\.granularity/);
    wrong({ persistence: { granularity: 33 } }, /service\.persistence\.granularity/);
    wrong({ persistence: undefined, dormantPersistence: { engine: '' } }, /dormantPersistence\.engine/);
    wrongBelow({ port: '80 -C' }, /destination\.port/);
    wrongBelow({ weight: 2 ** 31 }, /destination\.weight/);
    wrongBelow({ weight: Number.NaN }, /destination\.weight/);
    wrongBelow({ upperThreshold: 2 ** 32 }, /destination\.upperThreshold/);
    wrongBelow({ upperThreshold: 1, lowerThreshold: -1 }, /destination\.lowerThreshold/);
    wrongBelow({ tunnel: { type: 'gue', port: 0 } }, /destination\.tunnel\.port/);
    expect(() => formatRules([], { order: 'sorted' } as never)).toThrow(/options\.order/);
    expect(() => formatRules([], { language: 'nft' } as never)).toThrow(/options\.language/);
    expect(() => formatRules(undefined as never)).toThrow(/services must be an array/);
    expect(() => formatRules([service, null] as never)).toThrow(/^services\[1\] must be an object/);
    wrong({ address: undefined }, /^services\[0\]\.address must be a string/);
    wrong({ destinations: undefined }, /^services\[0\]\.destinations must be an array/);
    wrong({ destinations: [destination, null] }, /^services\[0\]\.destinations\[1\] must be an object/);
    wrongBelow({ address: undefined }, /^services\[0\]\.destinations\[0\]\.address must be a string/);
    expect(() => parseRules(Buffer.from('-C') as never)).toThrow(/text must be a string/);
    expect(() => parseCommands(undefined as never)).toThrow(/text must be a string/);
  });
});
