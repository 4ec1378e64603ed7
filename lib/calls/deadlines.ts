import { MAX_DELAY } from './options.ts';

/** What has a deadline, by `performance.now()`. */
export interface Timed {
  readonly deadline: number;
  /** Whether the deadline does not matter any more. */
  readonly settled: boolean;
}

/**
 * The deadlines of pending calls, with one timer for the earliest. The timer is unreferenced and holds its
 * owner weakly: neither the process nor a collected client stays alive for it.
 */
export interface Deadlines<Call extends Timed> {
  add(call: Call): void;
  /** Takes note that one of the calls is settled now. */
  noteSettled(): void;
  clear(): void;
}

/** Settled calls that are kept before it is worthwhile to sort them out. */
const MAX_SETTLED = 32;

/**
 * `overdue` gets each call whose deadline passed, and settles it. A call costs a few comparisons where
 * deadlines rise, as they do among calls of one timeout, and the logarithm of their number at worst: a heap,
 * from which settled calls are sorted out when they are more than half.
 */
export function createDeadlines<Call extends Timed>(overdue: (call: Call) => void): Deadlines<Call> {
  const heap: Call[] = []; // heap[i] is due no later than heap[2 * i + 1] and heap[2 * i + 2]
  let latest = Number.NEGATIVE_INFINITY; // no deadline in the heap is later
  let settled = 0;
  let timer: NodeJS.Timeout | undefined;
  let armedFor = Number.POSITIVE_INFINITY;

  function arm(): void {
    const first = heap[0];
    if (first === undefined || first.deadline >= armedFor) return;
    clearTimeout(timer);
    armedFor = first.deadline;
    const delay = Math.min(Math.max(1, armedFor - performance.now()), MAX_DELAY);
    // Unreferenced: while calls are pending the native side keeps the event loop alive.
    timer = setTimeout(fire, delay, new WeakRef(ring)).unref();
  }

  function ring(): void {
    timer = undefined;
    armedFor = Number.POSITIVE_INFINITY;
    // After a long block of this thread the answers may be there, behind the timers: let them come first.
    setImmediate(settleOverdue);
  }

  function settleOverdue(): void {
    const now = performance.now();
    for (
      let first = heap[0];
      first !== undefined && (first.settled || first.deadline <= now);
      first = heap[0]
    ) {
      if (!first.settled) overdue(first);
      if (heap[0] !== first) continue; // sorted out meanwhile
      settled--;
      removeFirst(heap);
    }
    arm();
  }

  return {
    add(call) {
      heap.push(call);
      if (call.deadline >= latest) latest = call.deadline;
      else siftUp(heap, heap.length - 1);
      arm();
    },
    noteSettled() {
      settled++;
      if (settled <= MAX_SETTLED || settled * 2 <= heap.length) return;
      settled = 0;
      retainUnsettled(heap);
      if (heap.length === 0) latest = Number.NEGATIVE_INFINITY;
    },
    clear() {
      clearTimeout(timer);
      armedFor = Number.POSITIVE_INFINITY;
    },
  };
}

function fire(ring: WeakRef<() => void>): void {
  ring.deref()?.();
}

function siftUp<Call extends Timed>(heap: Call[], from: number): void {
  const call = heap[from]!;
  let at = from;
  while (at > 0) {
    const above = (at - 1) >> 1;
    if (heap[above]!.deadline <= call.deadline) break;
    heap[at] = heap[above]!;
    at = above;
  }
  heap[at] = call;
}

function siftDown<Call extends Timed>(heap: Call[], from: number): void {
  const call = heap[from]!;
  let at = from;
  for (let below = 2 * at + 1; below < heap.length; below = 2 * at + 1) {
    if (below + 1 < heap.length && heap[below + 1]!.deadline < heap[below]!.deadline) below++;
    if (call.deadline <= heap[below]!.deadline) break;
    heap[at] = heap[below]!;
    at = below;
  }
  heap[at] = call;
}

function removeFirst<Call extends Timed>(heap: Call[]): void {
  const last = heap.pop()!;
  if (heap.length === 0) return;
  heap[0] = last;
  siftDown(heap, 0);
}

function retainUnsettled<Call extends Timed>(heap: Call[]): void {
  let count = 0;
  for (const call of heap) {
    if (!call.settled) heap[count++] = call;
  }
  heap.length = count;
  for (let at = (count >> 1) - 1; at >= 0; at--) siftDown(heap, at);
}
