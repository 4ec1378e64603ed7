import { beforeAll, describe, expect, test } from 'vitest';
import { Ipvs } from '../../lib/index.ts';
import { rejection, useBed } from './support.ts';

const bed = useBed();

const web = { protocol: 'tcp', address: '10.100.10.101', port: 80 };
const web6 = { protocol: 'tcp', address: 'fd00::101', port: 80 };
const dns = { protocol: 'udp', address: '10.100.10.101', port: 53 };
const mark = { fwmark: 1, family: 'ipv4' };
const server = { address: '10.0.0.1', port: 80 };

/** The API as JavaScript sees it, without types. */
type Loose = Record<string, (...args: readonly unknown[]) => Promise<unknown>>;

const loose = () => bed.ipvs as unknown as Loose;

let before: unknown;

beforeAll(async () => {
  for (const service of [web, web6, dns, mark]) await loose()['addService']!(service);
  await loose()['addDestination']!(web, server);
  before = await bed.ipvs.snapshot();
});

/** A call, the code that it must be refused with, and a part of the message. */
type Case = readonly [method: string, args: readonly unknown[], code: string, names: string];

const TYPE = 'ERR_INVALID_ARG_TYPE';
const VALUE = 'ERR_INVALID_ARG_VALUE';
const RANGE = 'ERR_OUT_OF_RANGE';

/** Bad services, for every method that takes one. */
const badServices: readonly Case[] = [
  ['addService', [undefined], TYPE, 'service'],
  ['addService', [null], TYPE, 'service'],
  ['addService', ['tcp 10.0.0.1:80'], TYPE, 'service'],
  ['addService', [[]], TYPE, 'service'],
  ['addService', [{}], TYPE, 'service.protocol'],
  ['addService', [{ ...web, protocol: 'icmp' }], VALUE, "'tcp', 'udp', 'sctp'"],
  ['addService', [{ ...web, protocol: 'TCP' }], VALUE, 'service.protocol'],
  ['addService', [{ ...web, protocol: 'toString' }], VALUE, 'service.protocol'],
  ['addService', [{ ...web, protocol: 6 }], TYPE, 'service.protocol'],
  ['addService', [{ ...web, address: undefined }], TYPE, 'service.address'],
  ['addService', [{ ...web, address: 'example.com' }], VALUE, 'service.address'],
  ['addService', [{ ...web, address: '10.0.0' }], VALUE, 'service.address'],
  ['addService', [{ ...web, address: '10.0.0.256' }], VALUE, 'service.address'],
  ['addService', [{ ...web, address: '010.0.0.1' }], VALUE, 'service.address'],
  ['addService', [{ ...web, address: 'fe80::1%eth0' }], VALUE, 'service.address'],
  ['addService', [{ ...web, address: '[fd00::1]' }], VALUE, 'service.address'],
  ['addService', [{ ...web, address: '' }], VALUE, 'service.address'],
  ['addService', [{ ...web, port: undefined }], TYPE, 'service.port'],
  ['addService', [{ ...web, port: '80' }], TYPE, 'service.port'],
  ['addService', [{ ...web, port: 65_536 }], RANGE, 'service.port must be between 0 and 65535'],
  ['addService', [{ ...web, port: -1 }], RANGE, 'service.port'],
  ['addService', [{ ...web, port: 1.5 }], VALUE, 'service.port'],
  ['addService', [{ ...web, port: Number.NaN }], VALUE, 'service.port'],
  ['addService', [{ ...web, protocol: '6' }], VALUE, "service.protocol must be 'tcp'"],
  ['addService', [{ ...web, protocol: '65536' }], VALUE, 'service.protocol'],
  ['addService', [{ ...web, protocol: '050' }], VALUE, 'service.protocol'],
  [
    'addService',
    [{ ...web, fwmark: 7, family: 'ipv4' }],
    VALUE,
    'service.protocol does not go with service.fwmark',
  ],
  ['addService', [{ ...web, family: 'ipv4' }], VALUE, 'service.family'],
  ['addService', [{ fwmark: 0, family: 'ipv4' }], RANGE, 'service.fwmark'],
  ['addService', [{ fwmark: 2 ** 32, family: 'ipv4' }], RANGE, 'service.fwmark'],
  ['addService', [{ fwmark: 7 }], TYPE, 'service.family'],
  ['addService', [{ fwmark: 7, family: 'inet' }], VALUE, 'service.family'],
  ['addService', [{ ...web, port: 81, schedular: 'rr' }], VALUE, "service has no option 'schedular'"],
  ['addService', [{ ...web, port: 81, scheduler: '' }], VALUE, 'service.scheduler'],
  ['addService', [{ ...web, port: 81, scheduler: 'a'.repeat(16) }], VALUE, 'service.scheduler'],
  ['addService', [{ ...web, port: 81, scheduler: 'r r' }], VALUE, 'service.scheduler'],
  ['addService', [{ ...web, port: 81, scheduler: 7 }], TYPE, 'service.scheduler'],
  [
    'addService',
    [{ ...web, port: 81, scheduler: 'rr', schedulerFlags: 'sh-port' }],
    TYPE,
    'service.schedulerFlags',
  ],
  [
    'addService',
    [{ ...web, port: 81, scheduler: 'rr', schedulerFlags: ['sh-port'] }],
    VALUE,
    "goes with scheduler 'sh'",
  ],
  [
    'addService',
    [{ ...web, port: 81, scheduler: 'sh', schedulerFlags: ['mh-port'] }],
    VALUE,
    "goes with scheduler 'mh'",
  ],
  [
    'addService',
    [{ ...web, port: 81, scheduler: 'sh', schedulerFlags: ['flag-4'] }],
    VALUE,
    'service.schedulerFlags',
  ],
  ['addService', [{ ...web, port: 81, schedulerFlags: ['0x8'] }], VALUE, 'service.schedulerFlags'],
  ['addService', [{ ...web, port: 81, schedulerFlags: ['0xc0'] }], VALUE, 'service.schedulerFlags'],
  ['addService', [{ ...web, port: 81, schedulerFlags: ['0x100000000'] }], VALUE, 'service.schedulerFlags'],
  ['addService', [{ ...web, port: 81, onePacket: 1 }], TYPE, 'service.onePacket'],
  ['addService', [{ ...web, port: 81, persistence: true }], TYPE, 'persistence'],
  ['addService', [{ ...web, port: 81, persistence: { timeout: 42_949_673 } }], RANGE, 'persistence.timeout'],
  [
    'addService',
    [{ ...web, port: 81, persistence: {}, dormantPersistence: {} }],
    VALUE,
    'service.dormantPersistence does not go with service.persistence',
  ],
  [
    'addService',
    [{ ...web, port: 81, dormantPersistence: { timeout: -1 } }],
    RANGE,
    'dormantPersistence.timeout',
  ],
  ['addService', [{ ...web, port: 81, persistence: { granularity: 33 } }], RANGE, 'persistence.granularity'],
  ['addService', [{ ...web, port: 81, persistence: { granularity: '255.0.255' } }], VALUE, 'granularity'],
  [
    'addService',
    [{ ...web, port: 81, persistence: { granularity: '::' } }],
    VALUE,
    'persistence.granularity',
  ],
  ['addService', [{ ...web6, port: 81, persistence: { granularity: 0 } }], RANGE, 'persistence.granularity'],
  [
    'addService',
    [{ ...web6, port: 81, persistence: { granularity: 129 } }],
    RANGE,
    'persistence.granularity',
  ],
  [
    'addService',
    [{ ...web6, port: 81, persistence: { granularity: '255.255.255.0' } }],
    TYPE,
    'prefix length',
  ],
  ['addService', [{ ...web, port: 81, persistence: { engine: '' } }], VALUE, 'persistence.engine'],
  [
    'addService',
    [{ ...web, port: 81, persistence: { engine: 'x'.repeat(16) } }],
    VALUE,
    'persistence.engine',
  ],
  [
    'addService',
    [{ ...web, port: 81, persistence: { mask: 24 } }],
    VALUE,
    "persistence has no option 'mask'",
  ],
  ['service', [{ ...web, port: 'http' }], TYPE, 'service.port'],
  ['removeService', [{ protocol: 'tcp' }], TYPE, 'service.address'],
  ['destinations', [undefined], TYPE, 'service'],
  ['zero', [null], TYPE, 'service'],
  ['updateService', [web, undefined], TYPE, 'changes'],
  ['updateService', [web, { port: 81 }], VALUE, 'changes.port must be 80 or left out, not 81'],
  [
    'updateService',
    [web, { ...web, address: '10.100.10.102' }],
    VALUE,
    'changes.address must be 10.100.10.101',
  ],
  ['updateService', [web, { ...web, address: 'fd00::101' }], VALUE, 'changes.address'],
  ['updateService', [web, { ...web, address: 'web' }], VALUE, 'changes.address must be an IPv4 or IPv6'],
  ['updateService', [web, dns], VALUE, 'changes.protocol must be tcp'],
  ['updateService', [web, mark], VALUE, 'changes.fwmark must be left out'],
  ['updateService', [mark, web], VALUE, 'changes.protocol must be left out'],
  ['updateService', [mark, { ...mark, family: 'ipv6' }], VALUE, 'changes.family must be ipv4'],
  ['updateService', [web, { weight: 5 }], VALUE, "changes has no option 'weight'"],
  [
    'updateService',
    [web, { persistence: {}, dormantPersistence: {} }],
    VALUE,
    'changes.dormantPersistence does not go with changes.persistence',
  ],
  ['updateService', [web, { schedulerFlags: ['sh-port'] }], VALUE, "goes with scheduler 'sh'"],
  ['updateService', [web, { persistence: { timeout: -1 } }], RANGE, 'changes.persistence.timeout'],
];

const badDestinations: readonly Case[] = [
  ['addDestination', [web, undefined], TYPE, 'destination'],
  ['addDestination', [web, {}], TYPE, 'destination.address'],
  ['addDestination', [web, { address: '10.0.0.2' }], TYPE, 'destination.port'],
  ['addDestination', [web, { address: '10.0.0.2', port: 70_000 }], RANGE, 'destination.port'],
  ['addDestination', [web, { address: 'server1', port: 80 }], VALUE, 'destination.address'],
  ['addDestination', [web, { address: 'fd00::2', port: 80 }], VALUE, 'address family'],
  [
    'addDestination',
    [web6, { address: '10.0.0.2', port: 80, forwarding: 'masquerade' }],
    VALUE,
    'address family',
  ],
  ['addDestination', [web, { ...server, forwarding: 'nat' }], VALUE, "'masquerade'"],
  ['addDestination', [web, { ...server, forwarding: '8' }], VALUE, 'destination.forwarding'],
  [
    'addDestination',
    [web, { ...server, forwarding: '0' }],
    VALUE,
    "destination.forwarding must be 'masquerade'",
  ],
  ['addDestination', [web, { ...server, forwarding: 0 }], TYPE, 'destination.forwarding'],
  [
    'addDestination',
    [web, { ...server, weight: -1 }],
    RANGE,
    'destination.weight must be between 0 and 2147483647',
  ],
  ['addDestination', [web, { ...server, weight: 2 ** 31 }], RANGE, 'destination.weight'],
  ['addDestination', [web, { ...server, weight: '1' }], TYPE, 'destination.weight'],
  ['addDestination', [web, { ...server, weight: 1.5 }], VALUE, 'destination.weight'],
  ['addDestination', [web, { ...server, upperThreshold: 2 ** 32 }], RANGE, 'destination.upperThreshold'],
  [
    'addDestination',
    [web, { ...server, lowerThreshold: 1 }],
    VALUE,
    'must not be above destination.upperThreshold',
  ],
  ['addDestination', [web, { ...server, upperThreshold: 5, lowerThreshold: 6 }], VALUE, 'lowerThreshold (6)'],
  [
    'addDestination',
    [web, { ...server, forwarding: 'tunnel', tunnel: { type: 'vxlan' } }],
    VALUE,
    'tunnel.type',
  ],
  [
    'addDestination',
    [web, { ...server, forwarding: 'tunnel', tunnel: { type: 'gue' } }],
    TYPE,
    'tunnel.port',
  ],
  [
    'addDestination',
    [web, { ...server, forwarding: 'tunnel', tunnel: { type: 'gue', port: 0 } }],
    RANGE,
    'tunnel.port',
  ],
  [
    'addDestination',
    [web, { ...server, forwarding: 'tunnel', tunnel: { type: 'gre', checksum: '0x2' } }],
    VALUE,
    'tunnel.checksum',
  ],
  [
    'addDestination',
    [web, { ...server, forwarding: 'tunnel', tunnel: { type: 'gre', checksum: '0x10000' } }],
    VALUE,
    'tunnel.checksum',
  ],
  [
    'addDestination',
    [web, { ...server, forwarding: 'tunnel', tunnel: { type: 'ipip', prot: 6080 } }],
    VALUE,
    "no option 'prot'",
  ],
  ['addDestination', [web, { ...server, wieght: 1 }], VALUE, "destination has no option 'wieght'"],
  ['updateDestination', [web, server, undefined], TYPE, 'changes'],
  ['updateDestination', [web, server, { address: '10.0.0.3' }], VALUE, 'changes.address must be 10.0.0.1'],
  ['updateDestination', [web, server, { ...server, port: 81 }], VALUE, 'changes.port must be 80'],
  [
    'updateDestination',
    [web, { ...server, address: 'fd00::2' }, { forwarding: 'masquerade' }],
    VALUE,
    'address family',
  ],
  ['updateDestination', [web, server, { weight: -1 }], RANGE, 'changes.weight'],
  [
    'updateDestination',
    [web, server, { upperThreshold: 1, lowerThreshold: 2 }],
    VALUE,
    'changes.lowerThreshold',
  ],
  ['removeDestination', [web, { port: 80 }], TYPE, 'destination.address'],
];

const badOthers: readonly Case[] = [
  ['setTimeouts', [undefined], TYPE, 'timeouts'],
  ['setTimeouts', [{ tcp: 0 }], RANGE, 'timeouts.tcp'],
  ['setTimeouts', [{ udp: 21_474_837 }], RANGE, 'timeouts.udp'],
  ['setTimeouts', [{ sctp: 5 }], VALUE, "no option 'sctp'"],
  ['startDaemon', [undefined], TYPE, 'daemon'],
  ['startDaemon', [{ role: 'slave', interface: 'lo' }], VALUE, "'master', 'backup'"],
  ['startDaemon', [{ role: 'master' }], TYPE, 'daemon.interface'],
  ['startDaemon', [{ role: 'master', interface: 'averylonginterface' }], VALUE, 'daemon.interface'],
  ['startDaemon', [{ role: 'master', interface: 'lo', syncId: 2 ** 32 }], RANGE, 'daemon.syncId'],
  ['startDaemon', [{ role: 'master', interface: 'lo', maxLength: 65_508 }], RANGE, 'daemon.maxLength'],
  ['startDaemon', [{ role: 'master', interface: 'lo', group: '10.0.0.1' }], VALUE, 'daemon.group'],
  ['startDaemon', [{ role: 'master', interface: 'lo', group: 'fd00::1' }], VALUE, 'daemon.group'],
  ['startDaemon', [{ role: 'master', interface: 'lo', port: 0 }], RANGE, 'daemon.port'],
  ['startDaemon', [{ role: 'master', interface: 'lo', ttl: 256 }], RANGE, 'daemon.ttl'],
  ['stopDaemon', ['both'], VALUE, 'role'],
  ['setSettings', [{ conntrack: 1 }], TYPE, 'settings.conntrack'],
  ['setSettings', [{ dropEntry: 4 }], RANGE, 'settings.dropEntry'],
  ['setSettings', [{ syncPorts: 3 }], VALUE, 'power of two'],
  [
    'setSettings',
    [{ syncThreshold: { threshold: 50, period: 50 } }],
    VALUE,
    'settings.syncThreshold.threshold',
  ],
  ['setSettings', [{ estCpulist: '0;1' }], VALUE, 'settings.estCpulist'],
  ['setSettings', [{ net_ipv4: 1 }], VALUE, "no option 'net_ipv4'"],
  ['services', [{ timeout: 0 }], RANGE, 'options.timeout'],
  ['services', [{ timeout: '5s' }], TYPE, 'options.timeout'],
  ['services', [{ signal: 'now' }], TYPE, 'options.signal'],
  ['services', [null], TYPE, 'options'],
  ['services', [5], TYPE, 'options'],
  ['services', [{ bigint: 'yes' }], TYPE, 'options.bigint'],
  ['snapshot', [{ bigints: true }], VALUE, "options has no option 'bigints'"],
  ['info', [{ timout: 1 }], VALUE, "options has no option 'timout'"],
  ['info', [{ bigint: true }], VALUE, "options has no option 'bigint'"],
  ['removeService', [web, { time: 1 }], VALUE, "options has no option 'time'"],
];

describe('invalid arguments', () => {
  test.each(
    [...badServices, ...badDestinations, ...badOthers].map(row => [`${row[0]}: ${row[3]}`, ...row] as const),
  )('an invalid argument is refused by its field’s name: %s', async (_, method, args, code, names) => {
    const error = await rejection(loose()[method]!(...args));
    expect(error).toBeInstanceOf(code === RANGE ? RangeError : TypeError);
    expect(error.code).toBe(code);
    expect(error.message).toContain(names);
  });

  test('the table is unchanged after every call with an invalid argument', async () => {
    expect(await bed.ipvs.snapshot()).toEqual(before);
    expect(await bed.ipvs.daemons()).toEqual([]);
    expect(await bed.ipvs.timeouts()).toEqual({ tcp: 900, tcpFin: 120, udp: 300 });
  });

  test('a call with an invalid argument leaves good calls beside it alone', async () => {
    const good = { ...web, port: 90 };
    const outcomes = await Promise.allSettled([
      loose()['addService']!(good),
      loose()['addService']!({ ...good, port: 'x' }),
      loose()['addDestination']!(good, { ...server, port: 90 }),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    await loose()['removeService']!(good);
  });
});

test('a getter or Proxy that makes another call while its values are read mixes nothing', async () => {
  const { ipvs } = bed;
  const [first, second, third] = [91, 92, 93].map(port => ({ ...web, protocol: 'tcp' as const, port }));
  await Promise.all([ipvs.addService(first!), ipvs.addService(second!)]);
  const inner: Promise<void>[] = [];
  const nosy = {
    ...third!,
    get scheduler() {
      inner.push(ipvs.removeService(first!));
      return 'rr';
    },
  };
  const traps: ProxyHandler<object> = {
    get(target, key) {
      if (key === 'weight') inner.push(ipvs.updateService(second!, { scheduler: 'sh' }));
      return Reflect.get(target, key);
    },
  };
  const proxy = new Proxy({ ...server, port: 93, weight: 7 }, traps) as typeof server;
  await Promise.all([ipvs.addService(nosy), ipvs.addDestination(third!, proxy)]);
  const outcomes = await Promise.allSettled(inner);
  expect(outcomes.some(({ status }) => status === 'fulfilled')).toBe(true);
  expect(await ipvs.service(first!)).toBeUndefined();
  expect(await ipvs.service(second!)).toMatchObject({ ...second, scheduler: 'sh' });
  expect(await ipvs.service(third!)).toMatchObject({ ...third, scheduler: 'rr' });
  expect(await ipvs.destinations(third!)).toMatchObject([{ ...server, port: 93, weight: 7 }]);
  await Promise.all([ipvs.removeService(second!), ipvs.removeService(third!)]);
});

test.each([
  [{ netns: '' }, 'netns'],
  [{ netns: '..' }, 'netns'],
  [{ netns: -1 }, 'netns'],
  [{ netns: 999_999 }, 'be an open descriptor'],
  [{ netns: { pid: 0 } }, 'netns.pid'],
  [{ netns: { name: 'x' } }, "no option 'name'"],
  [{ netns: true }, 'netns'],
  [{ timeout: 0 }, 'options.timeout'],
  [{ nets: 'lb1' }, "options has no option 'nets'"],
  ['lb1', 'options'],
])('new Ipvs(%j) throws an error that names the option', (options, names) => {
  expect(() => new Ipvs(options as never)).toThrow(names);
});
