import { setImmediate as nextTurn } from 'node:timers/promises';
import { Layout, Operation, Status } from '../addon/layout.ts';
import type { Native, NativeClient, Payload } from '../addon/native.ts';
import { createBatch, type Slot } from '../addon/record.ts';
import { IpvsError } from '../model/errors.ts';
import { aborted, timedOut } from './abandoned.ts';
import { createAlarm } from './deadlines.ts';
import type { About } from './kernel-error.ts';
import { failure } from './kernel-error.ts';
import { type CallOptions, validateOptions } from './options.ts';
import { createAborts } from './signals.ts';

/** How a call is written, read and told of. */
export interface CallSpec<T> {
  readonly operation: Operation;
  readonly about: About;
  /** The options it takes, where those are not CallOptions alone. */
  readonly optionKeys?: ReadonlySet<string> | undefined;
  /** Writes the record; throws at misuse, and nothing is sent. May name another operation. */
  readonly encode?: (slot: Slot) => undefined | Operation;
  /** Reads what came. A large list is read in several turns of the event loop. */
  readonly decode: (payload: Payload) => T | Promise<T>;
  /** Takes a part of what is read, ahead of `decode`, which gets the last. */
  readonly part?: ((payload: Payload) => void) | undefined;
  /** Reads a status that would otherwise be an error: an absent object on reading is none. undefined: it is one. */
  readonly accept?: ((status: number) => { readonly value: T } | undefined) | undefined;
  /** Finds out more about a failure, before its error is made. */
  readonly investigate?:
    | ((about: About, status: number, payload: Payload, run: Run) => About | Promise<About>)
    | undefined;
}

/** Makes a call that is one record. Never throws: misuse rejects. */
export type Run = <T>(spec: CallSpec<T>, options?: CallOptions) => Promise<T>;

/** What a client's calls are made with. */
export interface CallsOptions {
  readonly namespace: string | number | undefined;
  /** Milliseconds. */
  readonly timeout: number;
  /** Whether a small write may be executed on the JavaScript thread when the client is idle. */
  readonly inline: boolean;
}

/** So many writes in a row may be inline before one is answered in the event loop's next turn. */
const INLINE_RUN = 100;

/** What to do in the next microtask hangs on it. Node's queueMicrotask() makes an AsyncResource each time. */
const soon = Promise.resolve();

/** So many records of one tick go to the thread at once, which works on them while this thread writes the next. */
const FLUSH_AT = 128;

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
  readonly spec: CallSpec<unknown>;
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
  /** Of many writes at once: the statuses, as they come. */
  readonly statuses: Int32Array | undefined;
  /** How many replies it still waits for. */
  left: number;
  settled: boolean;
}

/** A client's calls on their way: queued, sent together, answered in order. */
export interface Calls {
  readonly run: Run;
  /** Does work of several calls, one after another, as if it were one call: closing the client waits for all of it. */
  whole<T>(about: About, work: (run: Run) => Promise<T>): Promise<T>;
  /** Makes a sampler's call, which may write over the buffers of an earlier sample. */
  sample<T>(
    spec: CallSpec<T>,
    services: ArrayBuffer | undefined,
    destinations: ArrayBuffer | undefined,
    options?: CallOptions,
  ): Promise<T>;
  /**
   * Makes many writes whose records are written already, behind what was called before: the status of each. Rejects when they are not all answered
   * in time, as what `about` says.
   */
  writeAll(about: About, records: Uint8Array, count: number): Promise<Int32Array>;
  /** The error for a write that ended with this status. */
  explain(spec: CallSpec<unknown>, status: number): Promise<Error>;
  /** Makes a call on a file of the client's network namespace. */
  file<T>(spec: CallSpec<T>, path: string, content: string, options?: CallOptions): Promise<T>;
  /** Takes no more calls, waits for those on their way, and ends the thread. Idempotent. */
  close(): Promise<void>;
}

/**
 * Collects what is called in one tick and hands it to the native thread together; a plain loop of un-awaited calls so runs at the
 * speed of batches. Replies come in the order of the calls, so a queue is all that is needed to match them.
 */
export function createCalls(native: () => Native, { namespace, timeout, inline }: CallsOptions): Calls {
  const batch = createBatch();
  const pending: Pending[] = []; // pending[head] waits for the next reply
  let head = 0;
  let answered = 0; // the number of the call at pending[head]
  let flushQueued = false;
  let tickTime = 0; // when the first call of this batch was made: reading the clock for each would cost more than sending it
  let client: NativeClient | undefined;
  let closed: Promise<void> | undefined;
  let unsettled = 0;
  let inlineTick = false; // an inline write was made in this tick
  let inlineRun = 0; // how many since the event loop had a turn
  let drained: (() => void) | undefined;

  function open(): NativeClient {
    client ??= new (native().Client)(namespace, deliver);
    return client;
  }

  // The descriptor is the caller's: the client takes a copy while it is sure to be open.
  if (typeof namespace === 'number') open();

  /** What a call was about, and where. */
  const at = (about: About): About => ({ ...about, namespace });

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
      if (!settle(call)) continue;
      call.reject(failure(at(call.spec.about), error));
    }
  }

  /**
   * Makes a lone write without the hop to the thread, as libuv writes sockets: its status, or undefined when it has to be queued. Whatever
   * else is called in the same tick is queued, so that a loop of un-awaited calls becomes a batch.
   */
  function tryInline(slot: Slot): number | undefined {
    if (!inline || inlineTick || pending.length > head || batch.count > 0) return undefined;
    const status = client?.inline(slot.bytes, slot.start);
    if (status !== undefined) {
      inlineTick = true;
      soon.then(endInlineTick); // runs before whoever awaits this call goes on
    }
    return status;
  }

  function endInlineTick(): void {
    inlineTick = false;
  }

  function answerInline<T>(value: T | Promise<T>): Promise<T> {
    const answer = Promise.resolve(value);
    if (++inlineRun < INLINE_RUN) return answer;
    inlineRun = 0;
    answer.catch(() => {}); // whoever made the call hears of it in the next turn, and Node would end the process before that
    return nextTurn().then(() => answer);
  }

  /** What a call comes to, by its status. */
  function conclude<T>(spec: CallSpec<T>, status: number, payload: Payload): T | Promise<T> {
    if (status === Status.ok) return spec.decode(payload);
    const accepted = spec.accept?.(status);
    return accepted === undefined ? fail(spec, status, payload) : accepted.value;
  }

  function settle(call: Pending): boolean {
    if (call.settled) return false;
    call.settled = true;
    if (call.signal !== undefined) aborts.remove(call.signal, call);
    release();
    return true;
  }

  function release(): void {
    if (--unsettled === 0) drained?.();
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
      call.resolve(conclude(call.spec, status, payload));
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

  const alarm = createAlarm(now =>
    visitUnsettled((call, number) => {
      if (call.deadline <= now) giveUp(call, number, sent => timedOut(call.spec.about, sent));
      else alarm.set(call.deadline);
    }),
  );

  const aborts = createAborts<Pending>((calls, reason) =>
    visitUnsettled((call, number) => {
      if (calls.has(call)) giveUp(call, number, sent => aborted(call.spec.about, reason, sent));
    }),
  );

  /** Registers a call that is about to be queued; the executor of its promise. */
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
        spec: spec as CallSpec<unknown>,
        deadline,
        signal,
        statuses,
        left: statuses?.length ?? 1,
        settled: false,
      };
      if (signal !== undefined) aborts.add(signal, call);
      pending.push(call);
      unsettled++;
      alarm.set(deadline);
    });
  }

  /** Makes a call that is not one of a batch, behind those that are; `submit` gives back 0 or an errno. */
  function direct<T>(
    spec: CallSpec<T>,
    options: CallOptions | undefined,
    submit: () => number,
    statuses?: Int32Array,
  ): Promise<T> {
    try {
      checkOpen(spec.about);
      check(spec, options);
      flush();
      const error = submit();
      if (error !== 0) throw failure(at(spec.about), error);
    } catch (error) {
      return Promise.reject(error);
    }
    return enqueue(spec, options, performance.now(), statuses);
  }

  /**
   * Async, although nothing may be awaited: V8 then follows the promises to whoever awaits the call, and the error's stack shows them,
   * at no cost to calls that succeed. The first await lets the call's promise be tied to this one before the error is made.
   */
  async function fail(spec: CallSpec<unknown>, status: number, payload: Payload): Promise<never> {
    unsettled++;
    try {
      await undefined;
      const about = at(spec.about);
      throw failure((await spec.investigate?.(about, status, payload, runWithin)) ?? about, status);
    } finally {
      release();
    }
  }

  /** Throws what keeps a call from being made at all. */
  function check(
    { about, optionKeys }: Pick<CallSpec<unknown>, 'about' | 'optionKeys'>,
    options: CallOptions | undefined,
  ): void {
    if (options !== undefined) validateOptions(options, optionKeys);
    if (options?.signal?.aborted) throw aborted(about, options.signal.reason, false);
    open();
  }

  function checkOpen({ command }: About): void {
    if (closed === undefined) return;
    throw new IpvsError('ERR_IPVS_CLOSED', `${command}: this client is closed; make a new one`);
  }

  /** `run` for what a call that was made before the client was closed still has to ask. */
  function runWithin<T>(spec: CallSpec<T>, options?: CallOptions): Promise<T> {
    try {
      check(spec, options);
      const slot = batch.open(spec.operation);
      const other = spec.encode?.(slot);
      if (other !== undefined) slot.words[slot.start >> 2] = other;
      const status = tryInline(slot);
      if (status !== undefined) return answerInline(conclude(spec, status, undefined));
      batch.commit();
    } catch (error) {
      return Promise.reject(error);
    }
    if (!flushQueued) {
      flushQueued = true;
      tickTime = performance.now();
      soon.then(flush);
    }
    const promise = enqueue(spec, options, tickTime);
    if (batch.count >= FLUSH_AT) flush();
    return promise;
  }

  const calls: Calls = {
    run(spec, options) {
      try {
        checkOpen(spec.about);
      } catch (error) {
        return Promise.reject(error);
      }
      return runWithin(spec, options);
    },
    async whole(about, work) {
      checkOpen(about);
      unsettled++;
      try {
        return await work(runWithin);
      } finally {
        release();
      }
    },
    sample(spec, services, destinations, options) {
      return direct(spec, options, () => {
        const slot = batch.open(spec.operation);
        spec.encode?.(slot);
        const record = slot.bytes.subarray(slot.start, slot.start + Layout.bytes);
        return open().sample(record, services, destinations);
      });
    },
    writeAll(about, records, count) {
      const statuses = new Int32Array(count);
      if (count === 0) return Promise.resolve(statuses);
      const spec = {
        operation: Operation.newService, // each record names its own
        about,
        decode: () => statuses,
        accept: () => ({ value: statuses }),
      };
      return direct(spec, undefined, () => open().submit(records, count), statuses);
    },
    explain(spec, status) {
      return fail(spec, status, undefined).catch((error: Error) => error);
    },
    file(spec, path, content, options) {
      return direct(spec, options, () => open().file(spec.operation, path, content));
    },
    close() {
      closed ??= (async () => {
        flush();
        // Not for their replies: a call that passed its deadline may be stuck in the kernel.
        while (unsettled > 0) {
          await new Promise<void>(resolve => {
            drained = resolve;
          });
        }
        alarm.clear();
        client?.stop();
      })();
      return closed;
    },
  };
  return calls;
}
