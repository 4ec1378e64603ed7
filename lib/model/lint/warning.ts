import type { DestinationId, ServiceId } from '../identity.ts';

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
  /** What it is about, for programs. */
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
export type Finding = readonly [code: LintCode, field: string, message: string];
