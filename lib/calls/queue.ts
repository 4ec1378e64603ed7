import { type Operation, Status } from '../addon/layout.ts';
import type { Deliver, NativeClient, Payload } from '../addon/native.ts';
import { createBatch, type Place, type Slot } from '../addon/record.ts';
import type { IpvsError } from '../model/errors.ts';
import { aborted, timedOut } from './abandoned.ts';
import type { Activity } from './activity.ts';
import type { CallSpec } from './call.ts';
import { createDeadlines, type Timed } from './deadlines.ts';
import type { ErrorContext } from './error-context.ts';
import type { CallOptions } from './options.ts';
import { contextOf, type Outcomes } from './outcomes.ts';
import { createSignals } from './signals.ts';

/**
 * The batch is sent early once it has this many records: the thread then works while JavaScript still
 * encodes.
 */
const FLUSH_AT = 128;

/**
 * After this many batches one is sent in the event loop's next turn. Node.js calls back for up to a thousand answers
 * in one turn (kMaxIterationCount in its node_api.cc), so that a loop of awaited calls, each answered before the
 * callback ends, would leave timers and sockets none.
 */
const RUN = 100;

/**
 * A resolved promise: `.then(f)` queues a microtask without the AsyncResource that queueMicrotask()
 * allocates.
 */
const microtask = Promise.resolve();

/** A client's calls on their way: queued, sent together, answered in order. */
export interface Queue {
  /** The addon's client, made at its first use. */
  client(): NativeClient;
  /** Whether no call is queued or waits for its answer. */
  isIdle(): boolean;
  /** A zeroed record, which goes back by `append` or `dropSlot`. */
  openSlot(operation: Operation): Slot;
  /** Ends the use of a record that is not queued. */
  dropSlot(slot: Slot): void;
  /** Queues the call whose record the slot holds. */
  append<T>(slot: Slot, spec: CallSpec<T>, options: CallOptions | undefined): Promise<T>;
  /**
   * Makes a call that is not one of a batch, behind those that are queued. `submit` hands it to the thread
   * and returns 0, or the status of a failure. With `statuses` the call is many writes at once, each of which
   * puts its status there.
   */
  submitDirect<T>(
    spec: CallSpec<T>,
    options: CallOptions | undefined,
    submit: () => number,
    statuses?: Int32Array,
  ): Promise<T>;
  /** Sends what is queued, waits until every call has its outcome, and ends the thread. */
  close(): Promise<void>;
}

interface QueueOptions {
  readonly makeClient: (deliver: Deliver) => NativeClient;
  readonly outcomes: Outcomes;
  readonly activity: Activity;
  /** Milliseconds, for calls without a timeout of their own. */
  readonly timeout: number;
}

interface Pending extends Timed, Place {
  /** The number of its next reply. The thread answers calls in their order, and numbers them from 0. */
  number: number;
  signal: AbortSignal | undefined;
  /** Of many writes at once: the statuses, as they come. */
  readonly statuses: Int32Array | undefined;
  words: Uint32Array;
  readonly at: number;
  /** How many replies the call still waits for. */
  left: number;
  settled: boolean;
  // No longer there once the call is settled: what was read must not live until the deadline.
  resolve: (value: unknown) => void;
  reject: (reason: unknown) => void;
  spec: CallSpec<unknown>;
}

function nothing(): void {}

/** What settles the promise that was made last. */
const settlers: Pick<Pending, 'resolve' | 'reject'> = { resolve: nothing, reject: nothing };

/**
 * The executor of all promises: one of each promise's own would be as much garbage as everything else that a
 * call leaves.
 */
function takeSettlers(resolve: (value: never) => void, reject: (reason: unknown) => void): void {
  settlers.resolve = resolve as (value: unknown) => void;
  settlers.reject = reject;
}

/** The time in whole milliseconds: a fraction would be an object of its own in every call. */
function now(): number {
  return Math.ceil(performance.now());
}

/** In place of the record of calls that have none. */
const noRecord: Place = { words: new Uint32Array(), at: 0 };

/**
 * Collects what is called in one tick and hands it to the native thread together; a plain loop of un-awaited
 * calls so runs at the speed of batches. Replies come in the order of the calls, so a queue is all that is
 * needed to match them.
 */
export function createQueue({ makeClient, outcomes, activity, timeout }: QueueOptions): Queue {
  const batch = createBatch();
  const pending: Pending[] = []; // pending[head] waits for the next reply
  let head = 0;
  let submitted = 0; // the number of the next call's first reply
  let flushQueued = false;
  let run = 0; // batches since one waited for a turn
  let tickTime = 0; // when the first call of this batch was made: reading the clock for each would cost more than sending it
  let client: NativeClient | undefined;

  function open(): NativeClient {
    client ??= makeClient(deliver);
    return client;
  }

  function flush(): void {
    flushQueued = false;
    const { count } = batch;
    if (count === 0) return;
    const records = batch.take();
    const status = open().submit(records, count);
    if (status !== Status.ok) refuse(count, status);
  }

  /** The last `count` calls never reached the thread. */
  function refuse(count: number, status: number): void {
    submitted -= count;
    for (const call of pending.splice(pending.length - count)) {
      if (call.settled) continue;
      call.reject(outcomes.refusal(call.spec, status, call));
      settle(call);
    }
  }

  /** Lets go of a call whose promise is settled. */
  function settle(call: Pending): void {
    call.settled = true;
    call.resolve = call.reject = nothing;
    call.spec = undefined as never;
    call.words = noRecord.words;
    if (call.signal !== undefined) signals.remove(call.signal, call);
    call.signal = undefined;
    deadlines.noteSettled();
    activity.end();
  }

  function deliver(statuses: Int32Array, payloads: readonly Payload[] | undefined): void {
    for (let i = 0; i < statuses.length; i++) {
      const call = pending[head]!;
      if (statuses[i] === Status.part) {
        if (!call.settled) call.spec.part?.(payloads?.[i]);
        continue;
      }
      if (call.statuses !== undefined) {
        const count = Math.min(call.left, statuses.length - i);
        call.statuses.set(statuses.subarray(i, i + count), call.statuses.length - call.left);
        call.number += count;
        call.left -= count;
        i += count - 1;
      } else {
        call.number++;
        call.left--;
      }
      if (call.left > 0) continue;
      pending[head++] = undefined as never; // let go of it now; the array is cut below
      finish(call, statuses[i]!, payloads?.[i]);
    }
    if (head === pending.length) {
      pending.length = 0;
      head = 0;
    } else if (head > 1024 && head * 2 > pending.length) {
      pending.splice(0, head);
      head = 0;
    }
  }

  function finish(call: Pending, status: number, payload: Payload): void {
    if (call.settled) return;
    try {
      call.resolve(outcomes.conclude(call.spec, status, payload, call));
    } catch (error) {
      call.reject(error);
    }
    settle(call);
  }

  /** Settles a call before its answer, and takes back what of it the thread has not begun. */
  function giveUp(call: Pending, toError: (context: ErrorContext, sent: boolean) => IpvsError): void {
    if (call.settled) return;
    flush(); // it may not have left this tick yet
    let sent = call.statuses !== undefined && call.left < call.statuses.length;
    for (let i = 0; i < call.left; i++) {
      if (!open().cancel(call.number + i)) sent = true;
    }
    if (call.settled) return; // its flush failed
    call.reject(toError(contextOf(call.spec, call), sent));
    settle(call);
  }

  const deadlines = createDeadlines<Pending>(call => giveUp(call, timedOut));

  const signals = createSignals<Pending>((call, reason) =>
    giveUp(call, (context, sent) => aborted(context, reason, sent)),
  );

  /** Registers a call that is about to be sent. */
  function enqueue<T>(
    spec: CallSpec<T>,
    options: CallOptions | undefined,
    time: number,
    words: Uint32Array,
    at: number,
    statuses?: Int32Array,
  ): Promise<T> {
    const promise = new Promise<T>(takeSettlers);
    const signal = options?.signal;
    const call: Pending = {
      deadline: time + (options?.timeout ?? timeout),
      number: submitted,
      signal,
      statuses,
      words,
      at,
      left: statuses?.length ?? 1,
      settled: false,
      resolve: settlers.resolve,
      reject: settlers.reject,
      spec,
    };
    settlers.resolve = settlers.reject = nothing; // they hold what the promise resolves with
    submitted += call.left;
    if (signal !== undefined) signals.add(signal, call);
    pending.push(call);
    activity.begin();
    deadlines.add(call);
    return promise;
  }

  return {
    client: open,
    isIdle: () => pending.length === head && batch.count === 0,
    openSlot: batch.open,
    dropSlot: batch.drop,
    append(slot, spec, options) {
      const at = batch.commit(slot);
      if (!flushQueued) {
        flushQueued = true;
        tickTime = now();
        run = (run + 1) % RUN;
        if (run === 0) setImmediate(flush);
        else microtask.then(flush);
      }
      const promise = enqueue(spec, options, tickTime, batch.words, at);
      if (batch.count >= FLUSH_AT) flush();
      return promise;
    },
    submitDirect(spec, options, submit, statuses) {
      flush();
      const status = submit();
      if (status !== Status.ok) throw outcomes.refusal(spec, status, noRecord);
      return enqueue(spec, options, now(), noRecord.words, noRecord.at, statuses);
    },
    async close() {
      flush();
      // A getter of a call's arguments may close the client: the call is queued after that, in the same tick.
      await microtask;
      // Not until every reply is there: a call that passed its deadline may be stuck in the kernel.
      await activity.ended();
      deadlines.clear();
      client?.stop();
    },
  };
}
