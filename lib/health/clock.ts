/**
 * Time as health checks, and what is built on them, know it. A test gives one that it moves by hand, so that
 * hours of policy take no time.
 *
 * @example
 * ```ts
 * import type { Clock } from 'ipvs/health';
 *
 * let time = 0;
 * const stopped: Clock = { now: () => time, setTimeout: () => undefined, clearTimeout: () => {} };
 * ```
 */
export interface Clock {
  /** Milliseconds since the epoch. It never goes back, as Date.now() may. */
  now(): number;
  /** Calls `run` once, `ms` milliseconds from now or later. Returns what `clearTimeout` takes. */
  setTimeout(run: () => void, ms: number): unknown;
  /** Takes back a call that was not made yet. */
  clearTimeout(timer: unknown): void;
}

/** The computer's time. It is set when the process starts: somebody who sets the computer's clock doesn't move it. */
export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: timer => clearTimeout(timer as NodeJS.Timeout),
};
