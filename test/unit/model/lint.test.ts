import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type DestinationSpec,
  destinationKey,
  type LintCode,
  lint,
  type ServiceSpec,
  serviceKey,
} from '../../../lib/index.ts';

const web = { protocol: 'tcp', address: '10.0.0.1', port: 80 } as const;
const mark = { fwmark: 7, family: 'ipv4' } as const;
const server = { address: '10.0.1.1', port: 80 } as const;

const servers = (...weights: readonly number[]): DestinationSpec[] =>
  weights.map((weight, i) => ({ address: `10.0.1.${i + 1}`, port: 80, weight }));

/** The findings in a service with these destinations, each as its code and field. */
function found(service: ServiceSpec, destinations: readonly DestinationSpec[]) {
  return lint([{ ...service, destinations }]).map(({ code, field }) => `${code} ${field}`);
}

const suspicious: readonly (readonly [LintCode, string, Partial<ServiceSpec>, readonly DestinationSpec[]])[] =
  [
    ['unknown-protocol', 'protocol', { protocol: '50' as 'tcp' }, [server]],
    ['unspecified-address', 'address', { address: '0.0.0.0' }, [server]],
    ['port-zero', 'port', { port: 0 }, [{ ...server, port: 0 }]],
    ['ignored-one-packet', 'onePacket', { onePacket: true }, [server]],
    ['no-scheduler', 'scheduler', { scheduler: 'none' }, [server]],
    ['unknown-scheduler', 'scheduler', { scheduler: 'wrrr' }, [server]],
    ['ignored-scheduler-flags', 'schedulerFlags', { scheduler: 'rr', schedulerFlags: ['flag-1'] }, [server]],
    [
      'ignored-scheduler-flags',
      'schedulerFlags',
      { scheduler: 'sh', schedulerFlags: ['sh-port', 'flag-3'] },
      [server],
    ],
    ['ignored-scheduler-flags', 'schedulerFlags', { scheduler: 'wrr', schedulerFlags: ['0x40'] }, [server]],
    ['persistence-timeout', 'persistence.timeout', { persistence: { timeout: 0 } }, [server]],
    ['persistence-timeout', 'persistence.timeout', { persistence: { timeout: 4_294_968 } }, [server]],
    ['netmask-holes', 'persistence.granularity', { persistence: { granularity: '255.0.255.0' } }, [server]],
    ['unknown-engine', 'persistence.engine', { persistence: { engine: 'spi' } }, [server]],
    ['ignored-engine', 'persistence.engine', { persistence: { engine: 'sip' } }, [server]],
    ['dormant-persistence', 'dormantPersistence', { dormantPersistence: { granularity: 24 } }, [server]],
    ['all-weights-zero', 'destinations', {}, servers(0, 0)],
    ['ignored-weight', 'scheduler', { scheduler: 'rr' }, servers(1, 3)],
    ['unreachable-weight', 'destinations', { scheduler: 'sh' }, servers(256, 1)],
    ['hashed-weight-zero', 'destinations', { scheduler: 'dh' }, servers(1, 0)],
    ['hashed-weight-zero', 'destinations', { scheduler: 'mh', schedulerFlags: ['mh-port'] }, servers(1, 0)],
    ['bypass-forwarding', 'forwarding', {}, [{ ...server, forwarding: 'bypass' }]],
    ['unknown-forwarding', 'forwarding', {}, [{ ...server, forwarding: '5' as 'local' }]],
    ['other-family', 'address', {}, [{ ...server, address: 'fd00::1' }]],
    ['other-port', 'port', {}, [{ ...server, port: 8080 }]],
    ['other-port', 'port', {}, [{ ...server, port: 8080, forwarding: 'tunnel' }]],
    ['other-port', 'port', {}, [{ ...server, port: 8080, forwarding: 'local' }]],
    ['ignored-port', 'port', { port: 0, persistence: {} }, [{ ...server, forwarding: 'masquerade' }]],
    ['ignored-tunnel', 'tunnel', {}, [{ ...server, tunnel: { type: 'gre' } }]],
    [
      'ignored-tunnel',
      'tunnel.port',
      {},
      [{ ...server, forwarding: 'tunnel', tunnel: { type: 'ipip', port: 6080 } }],
    ],
    [
      'ignored-tunnel',
      'tunnel.checksum',
      {},
      [{ ...server, forwarding: 'tunnel', tunnel: { type: 'gre', checksum: 'remcsum' } }],
    ],
    [
      'unknown-tunnel',
      'tunnel.type',
      {},
      [{ ...server, forwarding: 'tunnel', tunnel: { type: '3' as 'gre' } }],
    ],
    ['large-weight', 'weight', {}, servers(65_536)],
    ['rounded-weight', 'weight', { scheduler: 'mh' }, servers(1000, 1)],
    ['thresholds', 'lowerThreshold', {}, [{ ...server, upperThreshold: 1, lowerThreshold: 2 }]],
    ['large-threshold', 'upperThreshold', {}, [{ ...server, upperThreshold: 2 ** 31 }]],
  ];

describe('findings of lint()', () => {
  test.each(suspicious)('lint() finds %s at the field %s', (code, field, service, destinations) => {
    expect(found({ ...web, ...service } as ServiceSpec, destinations)).toEqual([`${code} ${field}`]);
  });

  test('lint() finds that a persistent mark keeps the port that the client connected to', () => {
    expect(found({ ...mark, persistence: {} }, [{ ...server, forwarding: 'masquerade' }])).toEqual([
      'ignored-port port',
    ]);
    expect(found(mark, [{ ...server, forwarding: 'masquerade' }])).toEqual([]);
    expect(found(mark, [server])).toEqual(['ignored-port port']);
  });
});

const usual: readonly (readonly [string, ServiceSpec, readonly DestinationSpec[]])[] = [
  ['a service of defaults', web, [server]],
  ['a service without destinations', web, []],
  ['weights for a scheduler that looks at them', { ...web, scheduler: 'wrr' }, servers(1, 2, 0)],
  ['one-packet scheduling of udp', { ...web, protocol: 'udp', onePacket: true }, [server]],
  ['one-packet scheduling of a mark', { ...mark, onePacket: true }, [{ ...server, port: 0 }]],
  ['every port of a persistent service', { ...web, port: 0, persistence: {} }, [{ ...server, port: 0 }]],
  ['nothing kept of a persistence', { ...web, dormantPersistence: { granularity: 32 } }, [server]],
  ['another port behind masquerading', web, [{ ...server, port: 8080, forwarding: 'masquerade' }]],
  ['a tunnel to the other family', web, [{ address: 'fd00::1', port: 80, forwarding: 'tunnel' }]],
  [
    'a tunnel with what belongs to it',
    web,
    [
      { ...server, forwarding: 'tunnel', tunnel: { type: 'gue', port: 6080, checksum: 'remcsum' } },
      { ...server, forwarding: 'tunnel', tunnel: { type: 'gre', checksum: 'csum' } },
    ],
  ],
  [
    'a hashing scheduler with its fallback',
    { ...web, scheduler: 'sh', schedulerFlags: ['sh-fallback', 'sh-port'] },
    servers(1, 0),
  ],
  [
    'a hashing scheduler with the other names of its flags',
    { ...web, scheduler: 'mh', schedulerFlags: ['flag-1', 'flag-2'] },
    servers(1, 0),
  ],
  ['weights that mh can tell apart', { ...web, scheduler: 'mh' }, servers(63, 21, 1)],
  ['large weights with a large common divisor, for mh', { ...web, scheduler: 'mh' }, servers(60_000, 20_000)],
  ['a netmask without holes', { ...web, persistence: { granularity: '255.255.255.0' } }, [server]],
  ['the sip engine for udp', { ...web, protocol: 'udp', persistence: { engine: 'sip' } }, [server]],
];

describe('rows without findings', () => {
  test.each(usual)('lint() finds nothing in %s', (_, service, destinations) => {
    expect(found(service, destinations)).toEqual([]);
  });
});

test('a finding names its service and destination, and says in one sentence what the kernel does', () => {
  expect(lint([{ ...web, destinations: [{ ...server, port: 8080, weight: 3 }] }])).toEqual([
    {
      code: 'other-port',
      service: web,
      destination: { address: '10.0.1.1', port: 8080 },
      field: 'port',
      message: "forwarding 'direct' rewrites no port: packets come to port 80, not to 8080",
    },
  ]);
});

test('lint() counts a weight under mh in turns: six bits of what the common divisor leaves', () => {
  const [first, second] = lint([{ ...web, scheduler: 'mh', destinations: servers(1000, 1, 3) }]);
  // fls(1000) is 10, so that four bits are shifted out: 62, 1 and 1 turns.
  expect(first?.message).toContain('1 counts as 16');
  expect(second?.message).toContain('3 counts as 16');
});

test('lint() returns whatever the table holds', () => {
  const value = fc.oneof(
    fc.nat(),
    fc.constantFrom('', 'tcp', '0.0.0.0', '::', '5', '0x40', 'mh', 'sh', 'rr'),
  );
  const row = fc.dictionary(fc.constantFrom('scheduler', 'weight', 'port', 'forwarding', 'protocol'), value);
  fc.assert(
    fc.property(fc.array(fc.tuple(row, fc.array(row, { maxLength: 3 }))), rows => {
      const table = rows.map(([service, below]) => ({
        ...web,
        ...service,
        destinations: below.map(destination => ({ ...server, ...destination })),
      }));
      expect(Array.isArray(lint(table as never))).toBe(true);
    }),
  );
});

test('lint() refuses what is no table by its place, with the code of a wrong argument', () => {
  const refused = (table: unknown) => {
    try {
      lint(table as never);
    } catch (error) {
      expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
      return (error as Error).message;
    }
    return expect.fail('lint() took it');
  };
  expect(refused(null)).toBe('table must be an array, not null');
  expect(refused({ ...web })).toMatch(/^table must be an array/);
  expect(refused([null])).toBe('table[0] must be an object, not null');
  expect(refused([{}])).toBe('table[0].address must be a string, not undefined');
  expect(refused([web])).toBe('table[0].destinations must be an array, not undefined');
  expect(refused([{ ...mark, destinations: [server, {}] }])).toBe(
    'table[0].destinations[1].address must be a string, not undefined',
  );
});

test('serviceKey() and destinationKey() name what is no object', () => {
  expect(() => serviceKey(undefined as never)).toThrow('service must be an object, not undefined');
  expect(() => destinationKey(null as never)).toThrow('destination must be an object, not null');
});
