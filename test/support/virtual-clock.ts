import type { Clock } from '../../lib/health/clock.ts';

/** A clock that stands until it is moved. */
export interface VirtualClock extends Clock {
  /** Timers that are set. */
  readonly pending: number;
  /**
   * Moves on by `ms` milliseconds, and calls what comes due in its order, each at its own time. What
   * promises do then is done before the time goes on.
   */
  advance(ms: number): Promise<void>;
}

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/** A clock at `start`, in milliseconds since the epoch. */
export function createVirtualClock(start = 0): VirtualClock {
  let now = start;
  const timers = new Set<Timer>();
  /** The first of the earliest. */
  const next = () => {
    let first: Timer | undefined;
    for (const timer of timers) if (first === undefined || timer.at < first.at) first = timer;
    return first;
  };
  return {
    now: () => now,
    setTimeout(run, ms) {
      const timer = { at: now + Math.max(0, ms), run };
      timers.add(timer);
      return timer;
    },
    clearTimeout(timer) {
      timers.delete(timer as Timer);
    },
    get pending() {
      return timers.size;
    },
    async advance(ms) {
      const end = now + ms;
      await settle();
      for (let timer = next(); timer !== undefined && timer.at <= end; timer = next()) {
        timers.delete(timer);
        now = timer.at;
        timer.run();
        await settle();
      }
      now = end;
      await settle();
    },
  };
}

/** Returns when all that promises have to do is done, but for what waits for input or output. */
function settle(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}
