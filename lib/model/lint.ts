import { parseIpv4, prefixOfMask } from './address.ts';
import { DEFAULT_FORWARDING, DEFAULT_WEIGHT, type DestinationSpec } from './destination.ts';
import {
  copyDestinationId,
  copyServiceId,
  type DestinationId,
  isIpv6Service,
  type ServiceId,
} from './identity.ts';
import { schedulerNames } from './scheduler.ts';
import { DEFAULT_PERSISTENCE, DEFAULT_SCHEDULER } from './service.ts';
import type { TableEntry } from './table.ts';

/**
 * What a warning is about.
 *
 * | code | what the kernel does |
 * |---|---|
 * | `all-weights-zero` | schedules nothing: every destination of the service has weight 0 |
 * | `bypass-forwarding` | sends packets to where they came for, which is the director itself |
 * | `dormant-persistence` | keeps values of a persistence without a use for them |
 * | `hashed-weight-zero` | refuses the clients that the scheduler has hashed to a destination of weight 0 |
 * | `ignored-engine` | asks the persistence engine about packets that it cannot read |
 * | `ignored-one-packet` | ignores one-packet scheduling of what is not UDP |
 * | `ignored-port` | keeps the port that the client connected to instead of the destination's |
 * | `ignored-scheduler-flags` | has no use for a flag under this scheduler |
 * | `ignored-tunnel` | has no use for tunnel fields under this forwarding, or of this type |
 * | `ignored-weight` | gives each destination the same, as the scheduler does not look at weights |
 * | `large-threshold` | refuses it from Linux 6.1 on |
 * | `large-weight` | may overflow or take long in some schedulers |
 * | `netmask-holes` | takes clients for one that differ in bits between those of the netmask |
 * | `no-scheduler` | schedules nothing |
 * | `other-family` | refuses a destination of another family, but through a tunnel |
 * | `other-port` | leaves the port alone, though the destination has another |
 * | `persistence-timeout` | forgets clients at once, or sooner than it is told to |
 * | `port-zero` | schedules nothing for a service of every port that is not persistent |
 * | `rounded-weight` | counts a weight as another: `mh` keeps six bits of it |
 * | `thresholds` | refuses a lower threshold above the upper one |
 * | `unknown-engine` | has no such engine in its own tree |
 * | `unknown-forwarding` | forwards nothing by a method of that number |
 * | `unknown-protocol` | schedules nothing for that protocol |
 * | `unknown-scheduler` | has no such scheduler in its own tree |
 * | `unknown-tunnel` | sends nothing through a tunnel of that number |
 * | `unreachable-weight` | leaves some destinations with too few of the 256 buckets of `sh`, or with none |
 * | `unspecified-address` | matches no packet: 0.0.0.0 and :: are no wildcards |
 */
export type LintCode =
  | 'all-weights-zero'
  | 'bypass-forwarding'
  | 'dormant-persistence'
  | 'hashed-weight-zero'
  | 'ignored-engine'
  | 'ignored-one-packet'
  | 'ignored-port'
  | 'ignored-scheduler-flags'
  | 'ignored-tunnel'
  | 'ignored-weight'
  | 'large-threshold'
  | 'large-weight'
  | 'netmask-holes'
  | 'no-scheduler'
  | 'other-family'
  | 'other-port'
  | 'persistence-timeout'
  | 'port-zero'
  | 'rounded-weight'
  | 'thresholds'
  | 'unknown-engine'
  | 'unknown-forwarding'
  | 'unknown-protocol'
  | 'unknown-scheduler'
  | 'unknown-tunnel'
  | 'unreachable-weight'
  | 'unspecified-address';

/** Something suspicious in a table: the kernel takes it, and then does what hardly anybody wants. */
export interface LintWarning {
  readonly code: LintCode;
  readonly service: ServiceId;
  /** The destination it is about; absent: it is about the service. */
  readonly destination?: DestinationId;
  /** The field that it is about, as specs have it: `persistence.timeout`. */
  readonly field?: string;
  /** One sentence, without the place. */
  readonly message: string;
}

/** A warning before its place is known. */
type Finding = readonly [code: LintCode, field: string, message: string];

/** Above this many seconds of persistence kernels of HZ=1000 wrap (2^32 ticks). */
const SAFE_PERSISTENCE = 4_294_967;
/** ipvsadm's largest weight. */
const LARGE_WEIGHT = 65_535;
const INT_MAX = 0x7fff_ffff;
/** IP_VS_SH_TAB_SIZE. */
const SH_BUCKETS = 256;
/** IP_VS_MH_TAB_BITS where CONFIG_IP_VS_MH_TAB_INDEX is 12, its default. */
const MH_BITS = 6;

const protocols: ReadonlySet<string> = new Set(['tcp', 'udp', 'sctp']);
const schedulers: ReadonlySet<string> = new Set(schedulerNames);
/** The schedulers that look at a weight only to see whether it is 0. */
const equalSchedulers: ReadonlySet<string> = new Set(['rr', 'lc', 'dh']);
const hashingSchedulers: ReadonlySet<string> = new Set(['dh', 'sh', 'mh']);
const rewritesNoPort: ReadonlySet<string> = new Set(['direct', 'tunnel', 'local']);

/**
 * Finds what is suspicious in a table: what `snapshot()` or `parseRules()` returned, or a program put
 * together. Pure, and never throws for what a row says. In the table's order, a service before its
 * destinations.
 */
export function lint(table: readonly TableEntry[]): LintWarning[] {
  return table.flatMap(entry => {
    const service = copyServiceId(entry);
    const destinations = entry.destinations ?? [];
    const found: LintWarning[] = [];
    for (const [code, field, message] of [...lintService(entry), ...lintWeights(entry)]) {
      found.push({ code, service, field, message });
    }
    for (const spec of destinations) {
      const destination = copyDestinationId(spec);
      for (const [code, field, message] of lintDestination(entry, spec)) {
        found.push({ code, service, destination, field, message });
      }
    }
    return found;
  });
}

function* lintService(service: TableEntry): Generator<Finding> {
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
  const isOwn = (flag: string) => flag === `${scheduler}-fallback` || flag === `${scheduler}-port`;
  // A scheduler from outside the kernel's tree may use all of its three bits, but not those above them.
  const isForeign = !schedulers.has(scheduler) && scheduler !== 'none';
  const unused = schedulerFlags.filter(flag => !isOwn(flag) && (!isForeign || flag.startsWith('0x')));
  if (unused.length === 0) return;
  yield [
    'ignored-scheduler-flags',
    'schedulerFlags',
    `scheduler '${scheduler}' has no use for ${unused.join(', ')}`,
  ];
}

function* lintPersistence(service: TableEntry): Generator<Finding> {
  const { protocol, persistence, dormantPersistence: dormant } = service;
  if (dormant !== undefined) {
    const { timeout = 0, granularity, engine } = dormant;
    const values = [
      timeout !== 0 && `timeout ${timeout}`,
      granularity !== undefined && `granularity ${granularity}`,
      engine !== undefined && `engine '${engine}'`,
    ].filter(value => value !== false);
    yield [
      'dormant-persistence',
      'dormantPersistence',
      `the service is not persistent and keeps ${values.join(', ') || 'nothing'} without a use`,
    ];
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

/** What the weights of a service's destinations come to together. */
function* lintWeights({
  scheduler = DEFAULT_SCHEDULER,
  schedulerFlags = [],
  destinations = [],
}: TableEntry): Generator<Finding> {
  const weights = destinations.map(({ weight = DEFAULT_WEIGHT }) => weight);
  const used = weights.filter(weight => weight > 0);
  if (weights.length > 0 && used.length === 0) {
    yield [
      'all-weights-zero',
      'destinations',
      'every destination has weight 0: the service takes no connection',
    ];
    return;
  }
  if (equalSchedulers.has(scheduler) && new Set(used).size > 1) {
    yield [
      'ignored-weight',
      'scheduler',
      `scheduler '${scheduler}' does not look at weights: each destination gets as much as any other`,
    ];
  }
  if (scheduler === 'sh') {
    // A destination of weight 0 has a bucket too (ip_vs_sh_reassign).
    const wanted = weights.reduce((sum, weight) => sum + Math.max(weight, 1), 0);
    if (wanted > SH_BUCKETS) {
      yield [
        'unreachable-weight',
        'destinations',
        `'sh' has ${SH_BUCKETS} buckets and the weights add up to ${wanted}: some destinations get less, or nothing`,
      ];
    }
  }
  const zero = weights.length - used.length;
  if (zero > 0 && hashingSchedulers.has(scheduler) && !schedulerFlags.includes(`${scheduler}-fallback`)) {
    const remedy = scheduler === 'dh' ? '' : `; '${scheduler}-fallback' gives them another`;
    yield [
      'hashed-weight-zero',
      'destinations',
      `clients that '${scheduler}' has hashed to a destination of weight 0 are refused${remedy}`,
    ];
  }
}

function* lintDestination(service: TableEntry, destination: DestinationSpec): Generator<Finding> {
  const { forwarding = DEFAULT_FORWARDING, address } = destination;
  if (forwarding === 'bypass') {
    yield [
      'bypass-forwarding',
      'forwarding',
      "'bypass' sends packets to the service's own address; the kernel means it for itself (cache_bypass)",
    ];
  } else if (forwarding !== 'masquerade' && forwarding !== 'tunnel' && !rewritesNoPort.has(forwarding)) {
    yield ['unknown-forwarding', 'forwarding', `the kernel forwards nothing by method ${forwarding}`];
  }
  if (forwarding !== 'tunnel' && address.includes(':') !== isIpv6Service(service)) {
    yield [
      'other-family',
      'address',
      `${address} is not of the service's address family: only a tunnel crosses families`,
    ];
  }
  yield* lintPort(service, destination, forwarding);
  yield* lintTunnel(destination, forwarding);
  yield* lintWeight(service, destination);
  yield* lintThresholds(destination);
}

function* lintPort(service: TableEntry, { port }: DestinationSpec, forwarding: string): Generator<Finding> {
  if (port === 0) return; // the port that the client connected to
  const isMark = service.fwmark !== undefined;
  // Source: ip_vs_sched_persist(): the destination's port counts only where the client's is the service's.
  if (
    (isMark || service.port === 0) &&
    (service.persistence !== undefined || rewritesNoPort.has(forwarding))
  ) {
    yield [
      'ignored-port',
      'port',
      `packets keep the port that the client connected to: port ${port} of the destination is not looked at`,
    ];
  } else if (!isMark && service.port !== 0 && port !== service.port && rewritesNoPort.has(forwarding)) {
    yield [
      'other-port',
      'port',
      `forwarding '${forwarding}' rewrites no port: packets come to port ${service.port}, not to ${port}`,
    ];
  }
}

function* lintTunnel({ tunnel }: DestinationSpec, forwarding: string): Generator<Finding> {
  if (tunnel === undefined) return;
  const { type, port = 0, checksum = 'none' } = tunnel;
  if (forwarding !== 'tunnel') {
    yield ['ignored-tunnel', 'tunnel', `forwarding '${forwarding}' has no use for the fields of a tunnel`];
    return;
  }
  if (type !== 'ipip' && type !== 'gue' && type !== 'gre') {
    yield ['unknown-tunnel', 'tunnel.type', `the kernel sends nothing through a tunnel of type ${type}`];
    return;
  }
  if (port !== 0 && type !== 'gue') {
    yield ['ignored-tunnel', 'tunnel.port', `a tunnel of type '${type}' has no use for a port`];
  }
  const takes = { ipip: ['none'], gue: ['none', 'csum', 'remcsum'], gre: ['none', 'csum'] }[type];
  if (!takes.includes(checksum)) {
    yield ['ignored-tunnel', 'tunnel.checksum', `a tunnel of type '${type}' has no checksum ${checksum}`];
  }
}

function* lintWeight(service: TableEntry, { weight = DEFAULT_WEIGHT }: DestinationSpec): Generator<Finding> {
  if (weight > LARGE_WEIGHT) {
    yield [
      'large-weight',
      'weight',
      `ipvsadm means weights up to ${LARGE_WEIGHT}: above, 'twos' overflows and 'wrr' counts down for long`,
    ];
  }
  if (service.scheduler !== 'mh' || weight === 0) return;
  const counted = mhTurns(service.destinations, weight);
  if (counted === undefined) return;
  yield [
    'rounded-weight',
    'weight',
    `'mh' keeps ${MH_BITS} bits of a weight: beside the largest, ${weight} counts as ${counted}`,
  ];
}

/**
 * What `mh` makes of a weight beside those of the other destinations, in the same unit; undefined when it is
 * near enough. Source: ip_vs_mh_shift_weight() and ip_vs_mh_permutate().
 */
function mhTurns(destinations: readonly DestinationSpec[], weight: number): number | undefined {
  const weights = destinations.map(({ weight = DEFAULT_WEIGHT }) => weight).filter(other => other > 0);
  const unit = weights.reduce(greatestCommonDivisor, 0);
  const largest = Math.max(...weights) / unit;
  const shift = Math.max(0, 32 - Math.clz32(largest) - MH_BITS);
  const counted = Math.max(1, (weight / unit) >>> shift) * unit * 2 ** shift;
  return Math.abs(counted - weight) > weight / 4 ? counted : undefined;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function* lintThresholds({ upperThreshold = 0, lowerThreshold = 0 }: DestinationSpec): Generator<Finding> {
  if (lowerThreshold > upperThreshold) {
    yield [
      'thresholds',
      'lowerThreshold',
      `the lower threshold, ${lowerThreshold}, is above the upper one, ${upperThreshold}: the kernel refuses it`,
    ];
  }
  if (upperThreshold > INT_MAX) {
    yield ['large-threshold', 'upperThreshold', `kernels from 6.1 on refuse thresholds above ${INT_MAX}`];
  }
}
