/** What restoring an order takes. */
export interface Sequence {
  /**
   * How many of the desired keys, from the first on, can stay where they are: all of them are there and in
   * order. Those behind them that are there must be removed and added again, one after another.
   */
  readonly keep: number;
  /**
   * Whether removing what is not desired and adding what is missing leaves another order than the desired
   * one.
   */
  readonly differs: boolean;
}

/**
 * Compares orders. A destination that is added goes behind all others (the kernel puts it at the head of its
 * list and lists it first; this library turns lists round), so that an order can only be restored from its
 * beginning on.
 */
export function compareSequence(actual: readonly string[], desired: readonly string[]): Sequence {
  const place = new Map(actual.map((key, i) => [key, i]));
  let keep = 0;
  for (let last = -1; keep < desired.length; keep++) {
    const at = place.get(desired[keep]!);
    if (at === undefined || at < last) break;
    last = at;
  }
  // Behind the first that is missing or too early, none may be there: it would have to come after one that is
  // added.
  const differs = desired.slice(keep).some(key => place.has(key));
  return { keep, differs };
}
