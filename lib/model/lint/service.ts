import { parseIpv4, prefixOfMask } from '../address.ts';
import { isIpv6Service } from '../identity.ts';
import { heedsFlag, schedulerNames } from '../scheduler.ts';
import { DEFAULT_PERSISTENCE, DEFAULT_SCHEDULER } from '../service.ts';
import type { TableEntry } from '../table.ts';
import type { Finding } from './warning.ts';

/** Above this many seconds of persistence kernels of HZ=1000 wrap (2^32 ticks). */
const SAFE_PERSISTENCE = 4_294_967;

const protocols: ReadonlySet<string> = new Set(['tcp', 'udp', 'sctp']);
const schedulers: ReadonlySet<string> = new Set(schedulerNames);

/** What is suspicious in a service by itself. */
export function* lintService(service: TableEntry): Generator<Finding> {
  const { protocol, address, port, scheduler = DEFAULT_SCHEDULER, onePacket, persistence } = service;
  if (protocol !== undefined && !protocols.has(protocol)) {
    yield [
      'unknown-protocol',
      'protocol',
      `the kernel balances tcp, udp and sctp; for protocol ${protocol} it schedules nothing`,
    ];
  }
  if (address !== undefined && /^[0:.]+$/.test(address)) {
    yield ['unspecified-address', 'address', `${address} is no wildcard: no packet is addressed to it`];
  }
  if (port === 0 && persistence === undefined) {
    yield [
      'port-zero',
      'port',
      'port 0 stands for every port only where the service is persistent; the kernel schedules nothing',
    ];
  }
  if (onePacket === true && protocol !== undefined && protocol !== 'udp') {
    yield [
      'ignored-one-packet',
      'onePacket',
      `one-packet scheduling is for udp; the kernel ignores it for ${protocol}`,
    ];
  }
  if (scheduler === 'none') {
    yield ['no-scheduler', 'scheduler', "scheduler 'none' gives no connection to any destination"];
  } else if (!schedulers.has(scheduler)) {
    yield ['unknown-scheduler', 'scheduler', `no kernel's own tree has a scheduler '${scheduler}'`];
  }
  yield* lintFlags(service, scheduler);
  yield* lintPersistence(service);
}

function* lintFlags({ schedulerFlags = [] }: TableEntry, scheduler: string): Generator<Finding> {
  // A scheduler from outside the kernel's tree may use all of its three bits, but not those above them.
  const isForeign = !schedulers.has(scheduler) && scheduler !== 'none';
  const unused = schedulerFlags.filter(
    flag => !heedsFlag(scheduler, flag) && (!isForeign || flag.startsWith('0x')),
  );
  if (unused.length === 0) return;
  yield [
    'ignored-scheduler-flags',
    'schedulerFlags',
    `scheduler '${scheduler}' has no use for ${unused.join(', ')}`,
  ];
}

/** Whether a granularity tells every client from every other, as it does by default. */
function isWhole(granularity: number | string, service: TableEntry): boolean {
  if (isIpv6Service(service)) return granularity === 128;
  return granularity === 32 || granularity === '255.255.255.255';
}

function* lintPersistence(service: TableEntry): Generator<Finding> {
  const { protocol, persistence, dormantPersistence: dormant } = service;
  if (dormant !== undefined) {
    const { timeout = 0, granularity, engine } = dormant;
    const values = [
      timeout !== 0 && `timeout ${timeout}`,
      granularity !== undefined && !isWhole(granularity, service) && `granularity ${granularity}`,
      engine !== undefined && `engine '${engine}'`,
    ].filter(value => value !== false);
    if (values.length > 0) {
      yield [
        'dormant-persistence',
        'dormantPersistence',
        `the service is not persistent and keeps ${values.join(', ')} without a use`,
      ];
    }
  }
  if (persistence === undefined) return;
  const { timeout = DEFAULT_PERSISTENCE, granularity, engine } = persistence;
  if (timeout === 0) {
    yield [
      'persistence-timeout',
      'persistence.timeout',
      'with timeout 0 a client is forgotten as soon as its last connection ends',
    ];
  } else if (timeout > SAFE_PERSISTENCE) {
    yield [
      'persistence-timeout',
      'persistence.timeout',
      `kernels count persistence in 32 bits: one of HZ=1000 makes less of ${timeout} seconds (at most ${SAFE_PERSISTENCE})`,
    ];
  }
  const mask = typeof granularity === 'string' ? parseIpv4(granularity) : undefined;
  if (mask !== undefined && prefixOfMask(mask) === undefined) {
    yield [
      'netmask-holes',
      'persistence.granularity',
      `the bits of netmask ${granularity} are not contiguous: clients that differ between them count as one`,
    ];
  }
  if (engine !== undefined && engine !== 'sip') {
    yield [
      'unknown-engine',
      'persistence.engine',
      `no kernel's own tree has a persistence engine '${engine}'`,
    ];
  } else if (engine === 'sip' && protocol !== undefined && protocol !== 'udp') {
    yield [
      'ignored-engine',
      'persistence.engine',
      `engine 'sip' reads udp only; for ${protocol} clients are told apart by address`,
    ];
  }
}
