import { MAX_DELAY } from './options.ts';

/**
 * One timer for the earliest of many deadlines. It is unreferenced and holds its owner weakly: neither the process nor a
 * collected client stays alive for it.
 */
export interface Deadlines {
  /** Sees to it that `due` is called when this time, by `performance.now()`, has come. It may be called earlier too. */
  set(deadline: number): void;
  clear(): void;
}

/** `due` gets the time, and sets the deadlines that are not due yet again. */
export function createDeadlines(due: (now: number) => void): Deadlines {
  let timer: NodeJS.Timeout | undefined;
  let earliest = Number.POSITIVE_INFINITY;

  function ring(): void {
    timer = undefined;
    earliest = Number.POSITIVE_INFINITY;
    // After a long block of this thread the answers may be there, behind the timers: let them come first.
    setImmediate(() => due(performance.now()));
  }

  return {
    set(deadline) {
      if (deadline >= earliest) return;
      clearTimeout(timer);
      earliest = deadline;
      // Unreferenced: while calls are pending the native side keeps the event loop alive.
      // Weak: it outlives the calls it was set for, and must not keep a client that was forgotten.
      const delay = Math.min(Math.max(1, deadline - performance.now()), MAX_DELAY);
      timer = setTimeout(fire, delay, new WeakRef(ring)).unref();
    },
    clear() {
      clearTimeout(timer);
      earliest = Number.POSITIVE_INFINITY;
    },
  };
}

function fire(ring: WeakRef<() => void>): void {
  ring.deref()?.();
}
