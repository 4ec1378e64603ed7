import { DEFAULT_WEIGHT, type DestinationSpec } from '../destination.ts';
import { fallbackFlag, refusesClients } from '../hashing.ts';
import { DEFAULT_SCHEDULER } from '../service.ts';
import type { TableEntry } from '../table.ts';
import type { Finding } from './warning.ts';

/** ipvsadm's largest weight. */
const LARGE_WEIGHT = 65_535;
/** IP_VS_SH_TAB_SIZE. */
const SH_BUCKETS = 256;
/** IP_VS_MH_TAB_BITS where CONFIG_IP_VS_MH_TAB_INDEX is 12, its default. */
const MH_BITS = 6;

/** The schedulers that look at a weight only to see whether it is 0. */
const equalSchedulers: ReadonlySet<string> = new Set(['rr', 'lc', 'dh']);

/** What the weights of a service's destinations come to together. */
export function* lintWeights({
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
  if (zero > 0 && refusesClients(scheduler, schedulerFlags)) {
    const fallback = fallbackFlag(scheduler);
    const remedy = fallback === undefined ? '' : `; '${fallback}' gives them another`;
    yield [
      'hashed-weight-zero',
      'destinations',
      `clients that '${scheduler}' has hashed to a destination of weight 0 are refused${remedy}`,
    ];
  }
}

/** What a destination's weight comes to beside the others. */
export function* lintWeight(
  service: TableEntry,
  { weight = DEFAULT_WEIGHT }: DestinationSpec,
): Generator<Finding> {
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
