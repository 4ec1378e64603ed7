import { DEFAULT_SCHEDULER } from '../../model/service.ts';

/** The part of its weight that a server begins its slow start with. */
const FIRST = 0.1;

/** Milliseconds between two steps of a slow start: each is a write, and mostly nothing to notice. */
export const RAMP_STEP = 1000;

/**
 * The schedulers whose weights are shares. Others look only whether a weight is 0 (rr, lc, dh), take it for a
 * rank (fo, ovf), or build a table from it, which sends clients elsewhere at each step (sh, mh).
 */
const proportional: ReadonlySet<string> = new Set(['wrr', 'wlc', 'sed', 'nq', 'lblc', 'lblcr']);

/** Whether a slow start has an effect under a scheduler. */
export function heedsWeights(scheduler: string = DEFAULT_SCHEDULER): boolean {
  return proportional.has(scheduler);
}

/** The part of its weight that a server has a time after its recovery: it rises evenly, in steps. */
export function rampOf(elapsed: number, duration: number): number {
  if (elapsed >= duration) return 1;
  const stepped = Math.floor(Math.max(0, elapsed) / RAMP_STEP) * RAMP_STEP;
  return Math.min(1, Math.max(FIRST, stepped / duration));
}
