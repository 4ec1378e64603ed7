import { type Operation, Status } from '../addon/layout.ts';
import type { Deliver, NativeClient, Payload } from '../addon/native.ts';
import { createBatch, type Slot } from '../addon/record.ts';
import type { IpvsError } from '../model/errors.ts';
import { aborted, timedOut } from './abandoned.ts';
import type { Activity } from './activity.ts';

import type { CallSpec } from './call.ts';
import { createDeadlines } from './deadlines.ts';
import type { CallOptions } from './options.ts';
import type { Outcomes } from './outcomes.ts';
import { createSignals } from './signals.ts';

/** The batch is sent early once it has this many records: the thread then works while JavaScript still encodes. */
const FLUSH_AT = 128;

/** A resolved promise: `.then(f)` queues a microtask without the AsyncResource that queueMicrotask() allocates. */
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
   * Makes a call that is not one of a batch, behind those that are queued. `submit` hands it to the thread and returns
   * 0 or an errno. With `statuses` the call is many writes at once, each of which puts its status there.
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

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
  readonly spec: CallSpec<unknown>;
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
  /** Of many writes at once: the statuses, as they come. */
  readonly statuses: Int32Array | undefined;
  /** How many replies the call still waits for. */
  left: number;
  settled: boolean;
}

/**
 * Collects what is called in one tick and hands it to the native thread together; a plain loop of un-awaited calls so runs at the
 * speed of batches. Replies come in the order of the calls, so a queue is all that is needed to match them.
 */
export function createQueue({ makeClient, outcomes, activity, timeout }: QueueOptions): Queue {
  const batch = createBatch();
  const pending: Pending[] = []; // pending[head] waits for the next reply
  let head = 0;
  let answered = 0; // the number of the call at pending[head]
  let flushQueued = false;
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
    const error = open().submit(records, count);
    if (error !== 0) refuse(count, error);
  }

  /** The last `count` calls never reached the thread. */
  function refuse(count: number, error: number): void {
    for (const call of pending.splice(pending.length - count)) {
      if (settle(call)) call.reject(outcomes.refusal(call.spec, error));
    }
  }

  function settle(call: Pending): boolean {
    if (call.settled) return false;
    call.settled = true;
    if (call.signal !== undefined) signals.remove(call.signal, call);
    activity.end();
    return true;
  }

  function deliver(statuses: Int32Array, payloads: readonly Payload[] | undefined): void {
    for (let i = 0; i < statuses.length; i++) {
      const call = pending[head]!;
      if (statuses[i] === Status.part) {
        if (!call.settled) call.spec.part?.(payloads?.[i]);
        continue;
      }
      answered++;
      if (call.statuses !== undefined) call.statuses[call.statuses.length - call.left] = statuses[i]!;
      if (--call.left > 0) continue;
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
    if (!settle(call)) return;
    try {
      call.resolve(outcomes.conclude(call.spec, status, payload));
    } catch (error) {
      call.reject(error);
    }
  }

  /** Gives up a call, whose next reply is that to call `number`. */
  function giveUp(call: Pending, number: number, toError: (sent: boolean) => IpvsError): void {
    if (call.settled) return;
    flush(); // it may not have left this tick yet
    const sent = !open().cancel(number);
    for (let more = 1; more < call.left; more++) open().cancel(number + more);
    if (settle(call)) call.reject(toError(sent));
  }

  /** Visits the calls that wait for an answer, with the number of the next reply to each. */
  function visitUnsettled(visit: (call: Pending, number: number) => void): void {
    let number = answered;
    for (let i = head; i < pending.length; i++) {
      const call = pending[i]!;
      if (!call.settled) visit(call, number);
      number += call.left;
    }
  }

  const deadlines = createDeadlines(now =>
    visitUnsettled((call, number) => {
      if (call.deadline <= now) giveUp(call, number, sent => timedOut(call.spec.context, sent));
      else deadlines.set(call.deadline);
    }),
  );

  const signals = createSignals<Pending>((calls, reason) =>
    visitUnsettled((call, number) => {
      if (calls.has(call)) giveUp(call, number, sent => aborted(call.spec.context, reason, sent));
    }),
  );

  /** Registers a call that is about to be sent. */
  function enqueue<T>(
    spec: CallSpec<T>,
    options: CallOptions | undefined,
    now: number,
    statuses?: Int32Array,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const deadline = now + (options?.timeout ?? timeout);
      const signal = options?.signal;
      const call: Pending = {
        resolve: resolve as (value: unknown) => void,
        reject,
        spec,
        deadline,
        signal,
        statuses,
        left: statuses?.length ?? 1,
        settled: false,
      };
      if (signal !== undefined) signals.add(signal, call);
      pending.push(call);
      activity.begin();
      deadlines.set(deadline);
    });
  }

  return {
    client: open,
    isIdle: () => pending.length === head && batch.count === 0,
    openSlot: batch.open,
    dropSlot: batch.drop,
    append(slot, spec, options) {
      batch.commit(slot);
      if (!flushQueued) {
        flushQueued = true;
        tickTime = performance.now();
        microtask.then(flush);
      }
      const promise = enqueue(spec, options, tickTime);
      if (batch.count >= FLUSH_AT) flush();
      return promise;
    },
    submitDirect(spec, options, submit, statuses) {
      flush();
      const error = submit();
      if (error !== 0) throw outcomes.refusal(spec, error);
      return enqueue(spec, options, performance.now(), statuses);
    },
    async close() {
      flush();
      // Not until every reply is there: a call that passed its deadline may be stuck in the kernel.
      await activity.ended();
      deadlines.clear();
      client?.stop();
    },
  };
}
