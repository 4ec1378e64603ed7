import type { Clock } from './clock.ts';

/** A call that is due at a time. */
export interface Alarm {
  readonly at: number;
  /** Which of them was set first: of those at one time that one comes first. */
  readonly order: number;
  /** `late` is how many milliseconds after its time this is called. */
  readonly run: (late: number) => void;
  /** Where it stands in the heap; -1 once it is not in there any more. */
  place: number;
}

/** Calls that are due at many times, on one timer of the clock: tens of thousands of timers would cost more. */
export interface Alarms {
  /** How many are set. */
  readonly size: number;
  /** Sets one. */
  set(at: number, run: (late: number) => void): Alarm;
  /** Takes one back; one that was called already is none. */
  cancel(alarm: Alarm): void;
}

function isBefore(a: Alarm, b: Alarm): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** A heap: the parent of i is (i - 1) / 2, and no alarm is due before its parent. */
export function createAlarms(clock: Clock): Alarms {
  const heap: Alarm[] = [];
  let count = 0;
  let timer: unknown;
  /** When the timer is due; Infinity while there is none. */
  let armed = Number.POSITIVE_INFINITY;

  function put(alarm: Alarm, place: number): void {
    heap[place] = alarm;
    alarm.place = place;
  }

  function rise(alarm: Alarm, from: number): void {
    let place = from;
    while (place > 0) {
      const above = heap[(place - 1) >> 1]!;
      if (isBefore(above, alarm)) break;
      put(above, place);
      place = (place - 1) >> 1;
    }
    put(alarm, place);
  }

  function sink(alarm: Alarm, from: number): void {
    let place = from;
    while (true) {
      let below = 2 * place + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++;
      if (isBefore(alarm, heap[below]!)) break;
      put(heap[below]!, place);
      place = below;
    }
    put(alarm, place);
  }

  function remove(alarm: Alarm): void {
    const { place } = alarm;
    if (place === -1) return;
    alarm.place = -1;
    const last = heap.pop()!;
    if (last === alarm) return;
    if (place > 0 && isBefore(last, heap[(place - 1) >> 1]!)) rise(last, place);
    else sink(last, place);
  }

  function arm(): void {
    const next = heap[0]?.at ?? Number.POSITIVE_INFINITY;
    // One that is due too early finds nothing to do and sets itself anew: cheaper than to move it each time.
    if (next >= armed && next !== Number.POSITIVE_INFINITY) return;
    if (timer !== undefined) clock.clearTimeout(timer);
    armed = next;
    timer =
      next === Number.POSITIVE_INFINITY
        ? undefined
        : clock.setTimeout(ring, Math.max(0, Math.ceil(next - clock.now())));
  }

  function ring(): void {
    timer = undefined;
    armed = Number.POSITIVE_INFINITY;
    const now = clock.now();
    try {
      for (let first = heap[0]; first !== undefined && first.at <= now; first = heap[0]) {
        remove(first);
        first.run(now - first.at);
      }
    } finally {
      arm();
    }
  }

  return {
    get size() {
      return heap.length;
    },
    set(at, run) {
      const alarm: Alarm = { at, order: count++, run, place: -1 };
      heap.push(alarm);
      rise(alarm, heap.length - 1);
      arm();
      return alarm;
    },
    cancel(alarm) {
      remove(alarm);
      if (heap.length === 0) arm();
    },
  };
}
