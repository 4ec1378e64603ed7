import type { Clock } from '../health/clock.ts';
import type { Lateness } from './policy/lateness.ts';

/** Milliseconds from one beat to the next. */
const BEAT = 250;

/** A beat that is late by less than this is no news. */
const LEAST = 20;

/** For how long it is remembered how late the event loop was. */
const MEMORY = 60_000;

/** Notices how late the event loop is, by a timer. */
export interface Heart {
  /** Begins to beat. */
  start(): void;
  /** When it was late of late. */
  readonly lates: () => readonly Lateness[];
  stop(): void;
}

export function createHeart(clock: Clock): Heart {
  let lates: Lateness[] = [];
  /** When the next beat is due. */
  let due = Number.POSITIVE_INFINITY;
  let timer: unknown;

  function schedule(time: number): void {
    due = time + BEAT;
    timer = clock.setTimeout(beat, BEAT);
  }

  function beat(): void {
    const time = clock.now();
    const by = time - due;
    if (lates.length > 0) lates = lates.filter(late => time - late.time < MEMORY);
    if (by >= LEAST) lates.push({ time, by });
    schedule(time);
  }

  return {
    start: () => schedule(clock.now()),
    lates() {
      // A beat that is overdue: what asks ran before it in the same turn.
      const by = clock.now() - due;
      return by < LEAST ? lates : [...lates, { time: due + by, by }];
    },
    stop() {
      clock.clearTimeout(timer);
      due = Number.POSITIVE_INFINITY;
    },
  };
}
