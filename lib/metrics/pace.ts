import { setImmediate } from 'node:timers/promises';

/** The longest that the JavaScript thread works in one piece, in milliseconds. */
const SLICE = 4;

/** Long work in slices, between which the event loop turns. */
export interface Pace {
  /** Whether it is time to rest. */
  isDue(): boolean;
  /** Lets the event loop turn. */
  rest(): Promise<void>;
}

/** Begins a slice. */
export function createPace(now: () => number = () => performance.now()): Pace {
  let start = now();
  return {
    isDue: () => now() - start >= SLICE,
    async rest() {
      await setImmediate();
      start = now();
    },
  };
}
