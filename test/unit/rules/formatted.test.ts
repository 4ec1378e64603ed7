import { describe, expect, test } from 'vitest';
import type { DestinationSpec } from '../../../lib/model/destination.ts';
import type { ServiceSpec } from '../../../lib/model/service.ts';
import type { TableEntry } from '../../../lib/model/table.ts';
import { formatCommand } from '../../../lib/rules/format/command.ts';
import { writeRules } from '../../../lib/rules/format/format.ts';
import { formatRules } from '../../../lib/rules/index.ts';

const web = { protocol: 'tcp', address: '10.0.0.1', port: 80 } as const;
const dns = { protocol: 'udp', address: '10.0.0.1', port: 53 } as const;
const six = { protocol: 'tcp', address: 'fd00::1', port: 80 } as const;
const server = { address: '10.0.1.1', port: 80 } as const;

/** What this package's own language is marked with. */
const MARK = '# not for ipvsadm';

const services: readonly (readonly [ServiceSpec, string])[] = [
  [web, '-t 10.0.0.1:80 -s wlc'],
  [dns, '-u 10.0.0.1:53 -s wlc'],
  [{ ...web, protocol: 'sctp' }, '--sctp-service 10.0.0.1:80 -s wlc'],
  [{ fwmark: 1, family: 'ipv4' }, '-f 1 -s wlc'],
  [{ fwmark: 4_294_967_295, family: 'ipv6', scheduler: 'rr' }, '-f 4294967295 -6 -s rr'],
  [{ ...web, port: 0 }, `-t 10.0.0.1:0 -s wlc --as-is ${MARK}`],
  [{ ...web, port: 0, persistence: {} }, '-t 10.0.0.1:0 -s wlc -p 360'],
  [{ ...dns, onePacket: true }, '-u 10.0.0.1:53 -s wlc -o'],
  [{ fwmark: 1, family: 'ipv4', onePacket: true }, '-f 1 -s wlc -o'],
  [{ ...web, onePacket: true }, `-t 10.0.0.1:80 -s wlc -o --as-is ${MARK}`],
  [
    { ...web, scheduler: 'sh', schedulerFlags: ['sh-port', 'flag-3'] },
    '-t 10.0.0.1:80 -s sh -b sh-port,flag-3',
  ],
  // persistence
  [{ ...web, persistence: { timeout: 1 } }, '-t 10.0.0.1:80 -s wlc -p 1'],
  [{ ...web, persistence: { timeout: 2_678_400 } }, '-t 10.0.0.1:80 -s wlc -p 2678400'],
  [{ ...web, persistence: { timeout: 2_678_401 } }, `-t 10.0.0.1:80 -s wlc -p 2678401 --as-is ${MARK}`],
  [{ ...web, persistence: { timeout: 0 } }, `-t 10.0.0.1:80 -s wlc -p 0 --as-is ${MARK}`],
  [{ ...web, persistence: { granularity: 24 } }, '-t 10.0.0.1:80 -s wlc -p 360 -M 255.255.255.0'],
  [{ ...web, persistence: { granularity: 0 } }, '-t 10.0.0.1:80 -s wlc -p 360 -M 0.0.0.0'],
  [{ ...web, persistence: { granularity: 32 } }, '-t 10.0.0.1:80 -s wlc -p 360'],
  [{ ...web, persistence: { granularity: '0.0.0.24' } }, '-t 10.0.0.1:80 -s wlc -p 360 -M 0.0.0.24'],
  [{ ...web, persistence: { engine: 'sip' } }, '-t 10.0.0.1:80 -s wlc -p 360 --pe sip'],
  [{ ...six, persistence: { granularity: 64 } }, '-t [fd00::1]:80 -s wlc -p 360 -M 64'],
  [{ ...six, persistence: { granularity: 128 } }, '-t [fd00::1]:80 -s wlc -p 360'],
  [{ ...six, persistence: {} }, '-t [fd00::1]:80 -s wlc -p 360'],
  [{ ...web, dormantPersistence: { engine: 'sip' } }, '-t 10.0.0.1:80 -s wlc --pe sip'],
  [
    { ...web, dormantPersistence: { timeout: 5, granularity: 24 } },
    `-t 10.0.0.1:80 -s wlc -p 5 -M 255.255.255.0 --dormant ${MARK}`,
  ],
];

const destinations: readonly (readonly [DestinationSpec, string])[] = [
  [server, '-g -w 1'],
  [{ ...server, forwarding: 'direct', weight: 0 }, '-g -w 0'],
  [{ ...server, forwarding: 'masquerade' }, '-m -w 1'],
  [{ ...server, forwarding: 'bypass' }, `--forwarding bypass -w 1 ${MARK}`],
  [{ ...server, upperThreshold: 9, lowerThreshold: 3 }, '-g -w 1 -x 9 -y 3'],
  [{ ...server, upperThreshold: 2_147_483_647 }, '-g -w 1 -x 2147483647'],
  [{ ...server, upperThreshold: 2_147_483_648 }, `-g -w 1 -x 2147483648 --as-is ${MARK}`],
  // tunnels
  [{ ...server, forwarding: 'tunnel' }, '-i -w 1 --tun-type ipip'],
  [{ ...server, forwarding: 'tunnel', tunnel: { type: 'ipip' } }, '-i -w 1 --tun-type ipip'],
  [
    { ...server, forwarding: 'tunnel', tunnel: { type: 'ipip', checksum: 'csum' } },
    `-i -w 1 --tun-type ipip --tun-csum --as-is ${MARK}`,
  ],
  [
    { ...server, forwarding: 'tunnel', tunnel: { type: 'gue', port: 6080 } },
    '-i -w 1 --tun-type gue --tun-port 6080 --tun-nocsum',
  ],
  [
    { ...server, forwarding: 'tunnel', tunnel: { type: 'gue', port: 6080, checksum: 'remcsum' } },
    '-i -w 1 --tun-type gue --tun-port 6080 --tun-remcsum',
  ],
  [{ ...server, forwarding: 'tunnel', tunnel: { type: 'gre' } }, '-i -w 1 --tun-type gre --tun-nocsum'],
  [
    { ...server, forwarding: 'tunnel', tunnel: { type: 'gre', checksum: 'csum' } },
    '-i -w 1 --tun-type gre --tun-csum',
  ],
  [
    { ...server, forwarding: 'tunnel', tunnel: { type: 'gre', checksum: 'remcsum' } },
    `-i -w 1 --tun-type gre --tun-remcsum --as-is ${MARK}`,
  ],
  [{ ...server, forwarding: 'masquerade', tunnel: { type: 'ipip' } }, '-m -w 1'],
  [
    { ...server, forwarding: 'masquerade', tunnel: { type: 'gre' } },
    `-m -w 1 --tun-type gre --tun-nocsum --as-is ${MARK}`,
  ],
];

describe('a command as a line', () => {
  for (const [service, line] of services) {
    test(`the service \`${line}\``, () => {
      expect(formatCommand({ command: 'add-service', service })).toBe(`-A ${line}`);
      expect(formatCommand({ command: 'edit-service', service })).toBe(`-E ${line}`);
    });
  }

  for (const [destination, line] of destinations) {
    test(`the destination \`${line}\``, () => {
      const command = { service: web, destination } as const;
      expect(formatCommand({ command: 'add-server', ...command })).toBe(
        `-a -t 10.0.0.1:80 -r 10.0.1.1:80 ${line}`,
      );
      expect(formatCommand({ command: 'edit-server', ...command })).toBe(
        `-e -t 10.0.0.1:80 -r 10.0.1.1:80 ${line}`,
      );
    });
  }

  test('what is deleted is named without the options that say how it is used', () => {
    const destination = { ...server, forwarding: 'bypass' } as const;
    expect(formatCommand({ command: 'delete-service', service: { ...web, port: 0 } })).toBe(
      '-D -t 10.0.0.1:0',
    );
    expect(formatCommand({ command: 'delete-server', service: web, destination })).toBe(
      '-d -t 10.0.0.1:80 -r 10.0.1.1:80',
    );
  });

  test('the port of a destination differs from its service’s only where packets get it', () => {
    const to = (service: ServiceSpec, forwarding: DestinationSpec['forwarding']) =>
      formatCommand({ command: 'add-server', service, destination: { ...server, port: 8080, forwarding } });
    expect(to(web, 'masquerade')).toBe('-a -t 10.0.0.1:80 -r 10.0.1.1:8080 -m -w 1');
    expect(to(web, 'direct')).toBe(`-a -t 10.0.0.1:80 -r 10.0.1.1:8080 -g -w 1 --as-is ${MARK}`);
    expect(to({ fwmark: 1, family: 'ipv4' }, 'direct')).toBe('-a -f 1 -r 10.0.1.1:8080 -g -w 1');
  });
});

describe('the rules of a table', () => {
  const portless: TableEntry = { ...web, port: 0, destinations: [{ ...server, forwarding: 'masquerade' }] };

  test('a destination is marked for its own sake alone in this package’s language', () => {
    expect(writeRules([portless])).toStrictEqual({
      text: `-A -t 10.0.0.1:0 -s wlc --as-is ${MARK}\n-a -t 10.0.0.1:0 -r 10.0.1.1:80 -m -w 1\n`,
      omitted: [],
    });
  });

  test('what is left out for ipvsadm is told by service, destination and reason', () => {
    const bypass = { address: '10.0.1.2', port: 80, forwarding: 'bypass' } as const;
    const both: TableEntry = { fwmark: 1, family: 'ipv4', destinations: [server, bypass] };
    const { text, omitted } = writeRules([portless, both], { language: 'ipvsadm', order: 'given' });
    expect(text).toBe(`-A -f 1 -s wlc
-a -f 1 -r 10.0.1.1:80 -g -w 1
# -A -t 10.0.0.1:0 -s wlc --as-is ${MARK}: port 0 without persistence
# -a -t 10.0.0.1:0 -r 10.0.1.1:80 -m -w 1 ${MARK}: its service
# -a -f 1 -r 10.0.1.2:80 --forwarding bypass -w 1 ${MARK}: forwarding bypass
`);
    expect(omitted).toStrictEqual([
      { service: portless, additions: ['port 0 without persistence'] },
      { service: portless, destination: portless.destinations[0], additions: ['its service'] },
      { service: both, destination: bypass, additions: ['forwarding bypass'] },
    ]);
  });

  test('services are sorted by mark, family, protocol, address and port', () => {
    const sorted: readonly TableEntry[] = [
      { ...web, port: 8 },
      { ...web, port: 80 },
      { ...web, address: '10.0.0.2', port: 1 },
      { ...dns, port: 2 },
      { ...dns, port: 9 },
      { ...six, port: 7 },
      { ...six, port: 8 },
      { ...six, address: 'fd00::1:1', port: 1 },
      { fwmark: 1, family: 'ipv4' as const },
      { fwmark: 1, family: 'ipv6' as const },
      { fwmark: 2, family: 'ipv4' as const },
    ].map(service => ({ ...service, destinations: [] }));
    const lines = formatRules(sorted, { order: 'given' });
    expect(formatRules(sorted)).toBe(lines);
    expect(formatRules(sorted.toReversed())).toBe(lines);
    expect(formatRules([...sorted.slice(5), ...sorted.slice(0, 5)])).toBe(lines);
  });

  test('destinations are sorted by address and port, as much of both as ipvsadm compares', () => {
    const order = (...endpoints: [address: string, port: number][]) => {
      const below = endpoints.map(([address, port]) => ({ address, port, forwarding: 'tunnel' as const }));
      const text = formatRules([{ fwmark: 1, family: 'ipv4', destinations: below }]);
      return [...text.matchAll(/-r (\S+)/g)].map(([, endpoint]) => endpoint);
    };
    expect(order(['10.0.0.2', 1], ['10.0.0.1', 9], ['10.0.0.1', 8])).toEqual([
      '10.0.0.1:8',
      '10.0.0.1:9',
      '10.0.0.2:1',
    ]);
    expect(order(['fd00::2', 1], ['fd00::1', 9], ['fd00::1', 8])).toEqual([
      '[fd00::1]:8',
      '[fd00::1]:9',
      '[fd00::2]:1',
    ]);
    // The first word of a00:1:… is 10.0.0.1, and ipvsadm looks at the others where IPv6 is the left one of the two:
    // the one that was added later, as the kernel lists that first.
    expect(order(['a00:1:0:5::', 80], ['10.0.0.1', 80])).toEqual(['10.0.0.1:80', '[a00:1:0:5::]:80']);
    expect(order(['a00:1:0:5::', 80], ['10.0.0.1', 90])).toEqual(['[a00:1:0:5::]:80', '10.0.0.1:90']);
    expect(order(['10.0.0.1', 90], ['a00:1:0:5::', 80])).toEqual(['10.0.0.1:90', '[a00:1:0:5::]:80']);
  });
});

describe('what is no table', () => {
  const wrong = (changes: object, field: RegExp) =>
    expect(() =>
      formatRules([{ ...web, destinations: [], ...changes } as never], { order: 'given' }),
    ).toThrow(field);
  const wrongBelow = (changes: object, field: RegExp) =>
    wrong({ destinations: [{ ...server, ...changes }] }, field);
  const marked = { protocol: undefined, address: undefined, port: undefined, fwmark: 1 };

  test('a wrong field of a service is refused by its name', () => {
    wrong({ protocol: 'icmp' }, /^service\.protocol must/);
    wrong({ ...marked, family: 'ipv5' }, /^service\.family must be one of 'ipv4', 'ipv6'/);
    wrong({ scheduler: 'r r' }, /^service\.scheduler must be one word/);
    wrong(
      { persistence: { granularity: true } },
      /^service\.persistence\.granularity must be a prefix length/,
    );
    wrong(
      { persistence: { granularity: -1 } },
      /^service\.persistence\.granularity must be between 0 and 32/,
    );
    wrong({ dormantPersistence: { timeout: -1 } }, /^service\.dormantPersistence\.timeout must/);
    wrong({ dormantPersistence: { granularity: 33 } }, /^service\.dormantPersistence\.granularity must/);
    wrong(
      { ...six, persistence: { granularity: 0 } },
      /^service\.persistence\.granularity must be between 1 and 128/,
    );
  });

  test('an address that is none is refused where a command is written', () => {
    expect(() => formatCommand({ command: 'delete-service', service: { ...web, address: 'x' } })).toThrow(
      /^address must be an IPv4 or IPv6 address, not 'x'/,
    );
  });

  test('a wrong field of a destination is refused by its name', () => {
    wrongBelow({ forwarding: 'nat' }, /^destination\.forwarding must/);
    wrongBelow({ forwarding: 'tunnel', tunnel: { type: 'vxlan' } }, /^destination\.tunnel\.type must/);
    wrongBelow(
      { forwarding: 'tunnel', tunnel: { type: 'gue', port: 65_536 } },
      /^destination\.tunnel\.port must/,
    );
    wrongBelow(
      { forwarding: 'tunnel', tunnel: { type: 'gre', checksum: 'sum' } },
      /^destination\.tunnel\.checksum must/,
    );
  });

  test('options that are none are refused by their name', () => {
    expect(() => formatRules([], { sorted: true } as never)).toThrow(/^options.*sorted/);
    expect(() => formatRules([], 'given' as never)).toThrow(/^options must be an object/);
  });
});
