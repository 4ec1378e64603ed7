import { expect, test } from 'vitest';
import type { ListOptions, NameResolver } from '../../../lib/rules/index.ts';
import { readCommand, readLines } from '../../../lib/rules/parse/lines.ts';
import { noFindings } from '../../../lib/rules/problem.ts';

// What one line says, or what is wrong with it: each row is a line, what comes of it, and its warnings.

const names: NameResolver = {
  host: name => (name === 'www' ? '10.0.0.9' : undefined),
  port: (name, protocol) => (name === 'http' && protocol === 'tcp' ? 80 : undefined),
};

const web = { protocol: 'tcp', address: '10.0.0.1', port: 80 };

/** A service that is added, but for its defaults. */
function adds(service: object = {}) {
  const usual = { scheduler: 'wlc', schedulerFlags: [], onePacket: false };
  return { command: 'add-service', service: { ...web, ...usual, ...service } };
}

/** A destination that joins it, likewise. */
function joins(destination: object = {}) {
  const usual = { forwarding: 'direct', weight: 1, upperThreshold: 0, lowerThreshold: 0 };
  return {
    command: 'add-server',
    service: web,
    destination: { address: '10.0.1.1', port: 80, ...usual, ...destination },
  };
}

/** A list of services, likewise. */
function lists(show: Partial<ListOptions> = {}, service?: object) {
  const usual = { numeric: false, columns: 'usual', exact: false, sort: true };
  return {
    command: 'list',
    what: 'services',
    ...(service !== undefined && { service }),
    show: { ...usual, ...show },
  };
}

/** A line that ipvsadm's own checks refuse. */
const refused = (message: string) => ({ message, status: 2 });
/** A line that popt or the kernel refuses. */
const refused255 = (message: string) => ({ message, status: 255 });

type Row = readonly [line: string, outcome: object | undefined, warnings?: readonly string[]];

const rows: readonly Row[] = [
  // lists
  ['-L', lists({})],
  ['-L -n --stats', lists({ numeric: true, columns: 'stats' })],
  ['-L --exact', lists({ exact: true })],
  ['-L --nosort', lists({ sort: false })],
  ['-L -n --sort --sort', lists({ numeric: true })],
  ['-L --rate', lists({ columns: 'rate' })],
  ['-L --thresholds', lists({ columns: 'thresholds' })],
  ['-L --persistent-conn', lists({ columns: 'persistent-conn' })],
  ['-L --tun-info', lists({ columns: 'tun-info' })],
  ['-L --stats --rate', lists({ columns: 'stats' })],
  ['-L -t 10.0.0.1:80 -n', lists({ numeric: true }, web)],
  ['-L -c', { command: 'list', what: 'connections', numeric: false, engine: false }],
  ['-L -c -n', { command: 'list', what: 'connections', numeric: true, engine: false }],
  ['-L -c --persistent-conn', { command: 'list', what: 'connections', numeric: false, engine: true }],
  ['-L -c --tun-info', { command: 'list', what: 'connections', numeric: false, engine: false }],
  ['-L --timeout', { command: 'list', what: 'timeouts' }],
  ['-L --daemon', { command: 'list', what: 'daemons' }],
  ['-L -c --stats', refused('--stats: is about services and does not go with -c')],
  ['-L --timeout --rate', refused('--rate: is about services and does not go with --timeout')],
  [
    '-L --daemon --persistent-conn',
    refused('--persistent-conn: is about services and does not go with --daemon'),
  ],
  ['-L -c --timeout', refused('--timeout: does not go with -c: list one at a time')],
  // timeouts
  ['--set 900 0 300', { command: 'set', timeouts: { tcp: 900, udp: 300 } }],
  ['--set 900 0 2678400', { command: 'set', timeouts: { tcp: 900, udp: 2678400 } }],
  [
    '--set 900 0 2678401',
    refused("--set: expected seconds from 1 to 2678400, or 0 to keep a timeout, not '2678401'"),
  ],
  ['--set 900 x 300', refused("--set: expected seconds from 1 to 2678400, or 0 to keep a timeout, not 'x'")],
  [
    '--set 900 300 -- -1',
    refused("--set: expected seconds from 1 to 2678400, or 0 to keep a timeout, not '-1'"),
  ],
  ['--set 900 0', refused('--set: needs 3 numbers, tcp tcpfin udp')],
  ['--set 900 0 300 1', refused("'1' belongs to no option; --set takes tcp tcpfin udp")],
  // sync daemons
  ['--start-daemon master', { command: 'start-daemon', daemon: { role: 'master', interface: 'eth0' } }],
  [
    '--start-daemon backup --mcast-interface eth1 --syncid 7 --sync-maxlen 1000 --mcast-group 224.0.0.82 --mcast-port 8849 --mcast-ttl 2',
    {
      command: 'start-daemon',
      daemon: {
        role: 'backup',
        interface: 'eth1',
        syncId: 7,
        maxLength: 1000,
        group: '224.0.0.82',
        port: 8849,
        ttl: 2,
      },
    },
  ],
  [
    '--start-daemon master --mcast-group ff02::81',
    { command: 'start-daemon', daemon: { role: 'master', interface: 'eth0', group: 'ff02::81' } },
  ],
  [
    '--start-daemon master --mcast-group 2001:ff02::1',
    refused("--mcast-group: expected a multicast address, such as 224.0.0.81, not '2001:ff02::1'"),
  ],
  [
    '--start-daemon master --mcast-group 10.0.0.1',
    refused("--mcast-group: expected a multicast address, such as 224.0.0.81, not '10.0.0.1'"),
  ],
  [
    '--start-daemon master --mcast-group group',
    refused("--mcast-group: expected a multicast address, such as 224.0.0.81, not 'group'"),
  ],
  [
    '--start-daemon master --mcast-interface a-name-that-is-too-long',
    refused255(
      "--mcast-interface: an interface's name has 15 ASCII characters at most, not 'a-name-that-is-too-long'",
    ),
  ],
  ['--start-daemon other', refused("--start-daemon: expected master or backup, not 'other'")],
  ['--start-daemon', refused255('--start-daemon: needs an argument, master or backup')],
  ['--stop-daemon master', { command: 'stop-daemon', role: 'master' }],
  // persistence
  ['-A -t 10.0.0.1:80 -p', adds({ persistence: { timeout: 360, granularity: 32 } })],
  [
    '-A -t 10.0.0.1:80 -p 60 --pe sip',
    adds({ persistence: { timeout: 60, granularity: 32, engine: 'sip' } }),
  ],
  ['-A -t 10.0.0.1:80 -p 60 --pe ""', adds({ persistence: { timeout: 60, granularity: 32 } })],
  [
    '-A -t 10.0.0.1:80 -p 60 --pe a-name-that-is-too-long',
    refused255("--pe: expected the name of a persistence engine, such as sip, not 'a-name-that-is-too-long'"),
  ],
  [
    '-A -t 10.0.0.1:80 --pe sip',
    adds({ dormantPersistence: { timeout: 0, granularity: 32, engine: 'sip' } }),
    ['--pe: has no effect without -p'],
  ],
  [
    '-A -t 10.0.0.1:80 -M 255.255.255.0',
    adds({ dormantPersistence: { timeout: 0, granularity: 24 } }),
    ['-M: has no effect without -p'],
  ],
  [
    '-A -t 10.0.0.1:80 -M 255.255.255.0 --pe sip',
    adds({ dormantPersistence: { timeout: 0, granularity: 24, engine: 'sip' } }),
    ['-M: has no effect without -p', '--pe: has no effect without -p'],
  ],
  ['-A -t 10.0.0.1:80 -M 255.255.255.255', adds({}), ['-M: has no effect without -p']],
  [
    '-A -t 10.0.0.1:80 -p -M 24',
    adds({ persistence: { timeout: 360, granularity: '0.0.0.24' } }),
    ["-M: '24' is the netmask 0.0.0.24; 255.255.255.0 is the one of 24 bits"],
  ],
  [
    '-A -t 10.0.0.1:80 -p -M 32',
    adds({ persistence: { timeout: 360, granularity: '0.0.0.32' } }),
    ["-M: '32' is the netmask 0.0.0.32; 255.255.255.255 is the one of 32 bits"],
  ],
  ['-A -t 10.0.0.1:80 -p -M 0', adds({ persistence: { timeout: 360, granularity: 0 } })],
  ['-A -t 10.0.0.1:80 -p -M 33', adds({ persistence: { timeout: 360, granularity: '0.0.0.33' } })],
  ['-A -t 10.0.0.1:80 -p -M mask', refused("-M: expected a netmask such as 255.255.255.0, not 'mask'")],
  ['-A -t [fd00::1]:80 -p -M 1', adds({ address: 'fd00::1', persistence: { timeout: 360, granularity: 1 } })],
  ['-A -t [fd00::1]:80 -p -M 0', refused("-M: expected a prefix length from 1 to 128, not '0'")],
  [
    '-A -t [fd00::1]:80 -p -M 128',
    adds({ address: 'fd00::1', persistence: { timeout: 360, granularity: 128 } }),
  ],
  ['-A -t [fd00::1]:80 -p -M 129', refused("-M: expected a prefix length from 1 to 128, not '129'")],
  ['-A -t [fd00::1]:80 -p -M x', refused("-M: expected a prefix length from 1 to 128, not 'x'")],
  // schedulers
  [
    '-A -t 10.0.0.1:80 -s a-scheduler-too-long',
    refused255("-s: a scheduler's name has 15 ASCII characters at most, not 'a-scheduler-too-long'"),
  ],
  [
    '-A -t 10.0.0.1:80 -s sh -b sh-fallback,sh-port',
    adds({ scheduler: 'sh', schedulerFlags: ['sh-fallback', 'sh-port'] }),
  ],
  ['-A -t 10.0.0.1:80 -s sh -b ""', adds({ scheduler: 'sh' })],
  ['-A -t 10.0.0.1:80 -s mh -b sh-port', refused("-b: sh-port goes with -s sh, not with 'mh'")],
  [
    '-A -t 10.0.0.1:80 -s sh -b ,',
    refused(
      "-b: expected names with commas between, of sh-fallback, sh-port, mh-fallback, mh-port, flag-1, flag-2, flag-3, not ','",
    ),
  ],
  [
    '-A -t 10.0.0.1:80 -s sh -b other',
    refused(
      "-b: expected names with commas between, of sh-fallback, sh-port, mh-fallback, mh-port, flag-1, flag-2, flag-3, not 'other'",
    ),
  ],
  // endpoints
  ['-A --ip-service 0/10.0.0.1:80', adds({ protocol: '0' })],
  ['-A --ip-service 50/10.0.0.1:80', adds({ protocol: '50' })],
  ['-A --ip-service 65535/10.0.0.1:80', adds({ protocol: '65535' })],
  [
    '-A --ip-service 65536/10.0.0.1:80',
    refused(
      "--ip-service: expected a protocol's number, a slash and host[:port], such as 50/10.0.0.1:80, not '65536/10.0.0.1:80'",
    ),
  ],
  [
    '-A --ip-service -1/10.0.0.1:80',
    refused(
      "--ip-service: expected a protocol's number, a slash and host[:port], such as 50/10.0.0.1:80, not '-1/10.0.0.1:80'",
    ),
  ],
  [
    '-A --ip-service x/10.0.0.1:80',
    refused(
      "--ip-service: expected a protocol's number, a slash and host[:port], such as 50/10.0.0.1:80, not 'x/10.0.0.1:80'",
    ),
  ],
  [
    '-A --ip-service 505',
    refused(
      "--ip-service: expected a protocol's number, a slash and host[:port], such as 50/10.0.0.1:80, not '505'",
    ),
  ],
  [
    '-A --ip-service 5010.0.0.1:80',
    refused(
      "--ip-service: expected a protocol's number, a slash and host[:port], such as 50/10.0.0.1:80, not '5010.0.0.1:80'",
    ),
  ],
  ['-A -t [fd00::1', refused("-t: expected [address]:port, not '[fd00::1'")],
  ['-A -t [fd00::1]80', refused("-t: expected [address]:port, not '[fd00::1]80'")],
  [
    '-A -t [fd00::1] -p',
    adds({ address: 'fd00::1', port: 0, persistence: { timeout: 360, granularity: 128 } }),
  ],
  ['-A -t [10.0.0.1]:80', refused("-t: brackets are for IPv6 addresses, not '10.0.0.1'")],
  [
    '-A -t 10.0.0.010:80',
    adds({ address: '10.0.0.8' }),
    ["-t: '10.0.0.010' is 10.0.0.8: a number with a leading zero is octal"],
  ],
  ['-A -t 10.0.0.0x10:80', adds({ address: '10.0.0.16' })],
  ['-A -t 1:80', adds({ address: '0.0.0.1' })],
  ['-A -t 80', refused("-t: expected an address or the name of a host, with or without :port, not '80'")],
  ['-A -t www:http', adds({ address: '10.0.0.9' })],
  ['-A -t www', refused('a service of port 0 (every port) needs -p: the kernel would schedule nothing')],
  ['-A -t [www]:80', refused("-t: brackets are for IPv6 addresses, not 'www'")],
  ['-A -t ftp:80', refused("-t: no IPv4 address is known for 'ftp'")],
  ['-A -t 10.0.0.1:smtp', refused("-t: no tcp port is known by the name 'smtp'")],
  ['-A -t 10.0.0.1:65535', adds({ port: 65535 })],
  ['-A -t 10.0.0.1:65536', refused("-t: expected a port from 0 to 65535 or its name, not '65536'")],
  ['-A -t 10.0.0.1:-1', refused("-t: expected a port from 0 to 65535 or its name, not '-1'")],
  ['-A -u 10.0.0.1:http', refused("-u: no udp port is known by the name 'http'")],
  [
    '-A --ip-service 50/10.0.0.1:http',
    refused("--ip-service: expected a port from 0 to 65535 or its name, not 'http'"),
  ],
  [
    '-A -f 1 -6',
    {
      command: 'add-service',
      service: { fwmark: 1, family: 'ipv6', scheduler: 'wlc', schedulerFlags: [], onePacket: false },
    },
  ],
  [
    '-A -f 1 -6 -6',
    {
      command: 'add-service',
      service: { fwmark: 1, family: 'ipv6', scheduler: 'wlc', schedulerFlags: [], onePacket: false },
    },
  ],
  ['-A -6 -f 1', refused('-6: comes after -f MARK; an address has its own family')],
  // destinations
  ['-a -t 10.0.0.1:80 -r 10.0.1.1', joins({})],
  [
    '-a -f 1 -r 10.0.1.1:http',
    {
      command: 'add-server',
      service: { fwmark: 1, family: 'ipv4' },
      destination: {
        address: '10.0.1.1',
        port: 80,
        forwarding: 'direct',
        weight: 1,
        upperThreshold: 0,
        lowerThreshold: 0,
      },
    },
  ],
  ['-a -t 10.0.0.1:80 -r 10.0.1.1 -m -g', refused('-g: there is a forwarding method already, -m')],
  [
    '-a -t 10.0.0.1:80 -r 10.0.1.1 -w -1',
    refused("-w: expected a whole number from 0 to 2147483647, not '-1'"),
  ],
  [
    '-a -t 10.0.0.1:80 -r 10.0.1.1 -w x',
    refused("-w: expected a whole number from 0 to 2147483647, not 'x'"),
  ],
  ['-a -t 10.0.0.1:80 -r 10.0.1.1 -y 5', refused255('-y: must not be above -x, which is 0')],
  [
    '-a -t 10.0.0.1:80 -r [fd00::1]',
    refused('-r: must be of the service’s address family: only a tunnel (-i) crosses families'),
  ],
  [
    '-a -t 10.0.0.1:80 -r bad:x:y',
    refused("-r: expected an address or the name of a host, with or without :port, not 'bad:x:y'"),
  ],
  [
    '-a -t 10.0.0.1:80 -r 10.0.1.1 -i --tun-type gue --tun-port 0',
    refused("--tun-port: expected a whole number from 1 to 65535, not '0'"),
  ],
  [
    '-a -t 10.0.0.1:80 -r 10.0.1.1 -i --tun-type other',
    refused("--tun-type: expected ipip or gue or gre, not 'other'"),
  ],
  [
    '-a -t 10.0.0.1:80 -r 10.0.1.1 -i --tun-type gre --tun-csum',
    joins({ forwarding: 'tunnel', tunnel: { type: 'gre', checksum: 'csum' } }),
  ],
  [
    '-a -t 10.0.0.1:80 -r 10.0.1.1 -i --tun-type 2 --as-is',
    refused("--tun-type: expected ipip or gue or gre, not '2'"),
  ],
  [
    '-a -t 10.0.0.1:80 -r 10.0.1.1 -i --tun-type 3 --as-is',
    joins({ forwarding: 'tunnel', tunnel: { type: '3' } }),
  ],
  [
    '-a -t 10.0.0.1:80 -r 10.0.1.1 -i --tun-type x --as-is',
    refused("--tun-type: expected ipip or gue or gre, not 'x'"),
  ],
  [
    '-a -t 10.0.0.1:80 -r 10.0.1.1 -i --tun-type gue --tun-port 1 --tun-flags 100x1',
    refused("--tun-flags: expected bits from 0x0 to 0xffff, not '100x1'"),
  ],
  ['-a -t 10.0.0.1:80', refused('-a: needs a real-server -r')],
  // options
  ['ipvsadm', undefined],
  ['ipvsadm -C', { command: 'clear' }],
  [
    'other -C',
    refused(
      "'other' is no command: a line begins with a command such as -A, with or without ipvsadm before it",
    ),
  ],
  [
    'other',
    refused255(
      "'other' is no command: a line begins with a command such as -A, with or without ipvsadm before it",
    ),
  ],
  [
    'other thing',
    refused255(
      "'other' is no command: a line begins with a command such as -A, with or without ipvsadm before it",
    ),
  ],
  ['-R', refused255('-R: cannot stand among rules')],
  ['-h -x', refused255('-h: cannot stand among rules')],
  ['-v -x', refused255('-v: cannot stand among rules')],
  ['-A -t 10.0.0.1:80 -v', refused('-v: there is a command already, -A; one line has one')],
  ['-A -A', refused('-A: there is a command already, -A; one line has one')],
  [
    '-t 10.0.0.1:80 -A',
    refused255(
      'the first option must be a command: -A, -E, -D, -a, -e, -d, -L, -C, -Z, -R, -S or --set, for example',
    ),
  ],
  ['-x', refused255('-x: needs an argument, a whole number from 0 to 2147483647')],
  ['--nothing', refused255("there is no option '--nothing'")],
  [
    '--mcast',
    refused255(
      "there is no option '--mcast'; is it --mcast-interface or --mcast-group or --mcast-port or --mcast-ttl?",
    ),
  ],
  ['--s', refused255("there is no option '--s'")],
  ['-A -t 10.0.0.1:80 -s', refused255('-s: needs an argument, the scheduler')],
  [
    '-A -t 10.0.0.1:80 -b',
    refused255(
      '-b: needs an argument, names with commas between, of sh-fallback, sh-port, mh-fallback, mh-port, flag-1, flag-2, flag-3',
    ),
  ],
  ['-A -t', refused255('-t: needs an argument, host[:port]')],
  [
    '--d',
    refused255(
      "there is no option '--d'; is it --delete-service or --delete-server or --daemon or --dormant?",
    ),
  ],
  ['--m', refused255("there is no option '--m'")],
  ['-q', refused255("there is no option '-q'")],
  ['-L --exactx', refused255("there is no option '--exactx'")],
  ['"" -C', refused("'' belongs to no option")],
  ['x "', refused('a quote (") is not closed')],
  ['-A word -q', refused255("there is no option '-q'")],
  ['-A -t 10.0.0.1:80 -s rr -s rr -w 1', refused('-s: is there twice')],
  [
    '5',
    refused255(
      'the first option must be a command: -A, -E, -D, -a, -e, -d, -L, -C, -Z, -R, -S or --set, for example',
    ),
  ],
  ['-C -- -x', refused("'-x' belongs to no option")],
  ['-version', refused255('-v: cannot stand among rules')],
  ['-A -t 10.0.0.1:80 --ops=1', refused255('-o: takes no argument')],
  ['-A -t 10.0.0.1:80 word', refused("'word' belongs to no option")],
  ['-A -t 10.0.0.1:80 -', refused("'-' belongs to no option")],
  ['-A -t 10.0.0.1:80 -s rr -s rr', refused('-s: is there twice')],
  [
    '-A -t 10.0.0.1:80 -w 1',
    refused(
      '-w: does not go with -A, which takes -t -u --sctp-service -f -6 --ip-service -s -b -p -M --pe -o --dormant --as-is',
    ),
  ],
  ['-A -t 10.0.0.1:80 -t 10.0.0.2:80', refused('-t: is there twice')],
  ['-A -t 10.0.0.1:80 -u 10.0.0.2:80', refused('-u: there is a virtual service already, -t')],
  ['-A', refused('-A: needs a virtual service, -t, -u, --sctp-service, -f')],
  ['-C -t 10.0.0.1:80', refused('-t: does not go with -C, which takes no options')],
  ['-Z', { command: 'zero' }],
  ['-Z -t 10.0.0.1:80', { command: 'zero', service: web }],
  ['-S', { command: 'save', numeric: false }],
  ['-S -n', { command: 'save', numeric: true }],
];

for (const [line, outcome, warned = []] of rows) {
  test(line, () => {
    const { lines, problems, warnings } = readLines(line, { names });
    const found = problems.map(({ message, status }) => ({ message, status }));
    expect([...lines.map(({ command }) => command), ...found]).toStrictEqual(
      outcome === undefined ? [] : [outcome],
    );
    expect(warnings.map(({ message }) => message)).toEqual(warned);
    for (const { option, message } of problems) {
      if (option !== undefined) expect(message).toMatch(`${option}: `);
    }
  });
}

test('-h and -v end the command line where they stand, as popt does', () => {
  const findings = noFindings(1);
  expect(readCommand(['-h', '-x'], findings, undefined)).toEqual({ command: 'help' });
  expect(readCommand(['--version', 'word'], findings, undefined)).toEqual({ command: 'version' });
  expect(findings.problems).toEqual([]);
});
