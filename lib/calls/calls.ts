import { type Operation, Status } from '../addon/layout.ts';
import type { Deliver, Native, NativeClient } from '../addon/native.ts';
import { IpvsError } from '../model/errors.ts';
import { aborted } from './abandoned.ts';
import { createActivity } from './activity.ts';
import { writeAll } from './bulk.ts';
import type { CallSpec, FileCallSpec, FurtherCalls, Run } from './call.ts';
import type { ErrorContext } from './error-context.ts';
import { createInlineWriter } from './inline.ts';
import { kernelError } from './kernel-error.ts';
import { type CallOptions, validateOptions } from './options.ts';
import { contextOfUnsent, createOutcomes } from './outcomes.ts';
import { createQueue } from './queue.ts';

/** What a client's calls are made with. */
export interface CallsOptions {
  readonly namespace: string | number | undefined;
  /** Milliseconds. */
  readonly timeout: number;
  /** Whether a small write may be executed on the JavaScript thread when the client is idle. */
  readonly inline: boolean;
}

/** Makes many writes at once (calls/bulk.ts). */
export type WriteAll = (
  context: ErrorContext,
  records: Uint8Array,
  count: number,
  options?: CallOptions,
) => Promise<Int32Array>;

/** Calls that are part of one: they are made even while the client is being closed. */
export interface CallsWithin extends FurtherCalls {
  readonly writeAll: WriteAll;
}

/** A client's calls. */
export interface Calls {
  readonly run: Run;
  /** Milliseconds, for calls without a timeout of their own. */
  readonly timeout: number;
  /**
   * Does work of several calls, one after another, as if it were one call: closing the client waits for all
   * of it.
   */
  together<T>(context: ErrorContext, work: (within: CallsWithin) => Promise<T>): Promise<T>;
  /** Makes a sampler's call, which may write over the buffers of an earlier sample. */
  sample<T>(
    spec: CallSpec<T, typeof Operation.sample>,
    services: ArrayBuffer | undefined,
    destinations: ArrayBuffer | undefined,
    options?: CallOptions,
  ): Promise<T>;
  /** Makes many writes at once (calls/bulk.ts). */
  readonly writeAll: WriteAll;
  /** The error of a write that ended with this status. */
  errorOf(spec: CallSpec<unknown>, status: number): Promise<Error>;
  /** Makes a call on a file of the client's network namespace. */
  file<T>(spec: FileCallSpec<T>, options?: CallOptions): Promise<T>;
  /** Takes no more calls, waits for those on their way, and ends the thread. Idempotent. */
  close(): Promise<void>;
}

export function createCalls(native: () => Native, { namespace, timeout, inline }: CallsOptions): Calls {
  const activity = createActivity();
  const within: CallsWithin = { run: runWithin, file: fileWithin, writeAll: writeAllWithin };
  const outcomes = createOutcomes({ namespace, activity, further: within });
  const queue = createQueue({
    makeClient,
    outcomes,
    activity,
    timeout,
  });
  const writer = inline ? createInlineWriter(queue) : undefined;
  let closed: Promise<void> | undefined;

  function makeClient(deliver: Deliver): NativeClient {
    const { Client } = native();
    try {
      return new Client(namespace, deliver);
    } catch (error) {
      const { errno } = error as NodeJS.ErrnoException;
      if (errno === undefined) throw error;
      throw kernelError({ command: 'NEW_CLIENT', namespace }, Status.localFailure + errno);
    }
  }

  // The descriptor is the caller's: the client takes a copy while it is sure to be open.
  if (typeof namespace === 'number') queue.client();

  function checkOpen({ command }: ErrorContext): void {
    if (closed === undefined) return;
    throw new IpvsError('ERR_IPVS_CLOSED', `${command}: this client is closed; make a new one`);
  }

  /** Makes a call unless the client is closed. */
  function ifOpen<T>(context: ErrorContext, make: () => Promise<T>): Promise<T> {
    try {
      checkOpen(context);
    } catch (error) {
      return Promise.reject(error);
    }
    return make();
  }

  /** Reads a call's options. Throws what keeps the call from being made at all. */
  function prepare(spec: CallSpec<unknown>, options: CallOptions | undefined): CallOptions | undefined {
    const checked = options === undefined ? undefined : validateOptions(options, spec.options);
    if (checked?.signal?.aborted) throw aborted(contextOfUnsent(spec), checked.signal.reason, false);
    queue.client();
    return checked;
  }

  /** `run` for what a call that was made before the client was closed still has to ask. */
  function runWithin<T>(spec: CallSpec<T>, options?: CallOptions): Promise<T> {
    try {
      const checked = prepare(spec, options);
      const slot = queue.openSlot(spec.operation);
      spec.encode?.(slot);
      const status = writer?.tryWrite(slot);
      if (status === undefined) return queue.append(slot, spec, checked);
      const outcome = outcomes.conclude(spec, status, undefined, slot);
      queue.dropSlot(slot);
      return writer!.answer(outcome);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  function writeAllWithin(...[context, records, count, options]: Parameters<WriteAll>): Promise<Int32Array> {
    return writeAll(queue, context, records, count, options);
  }

  function fileWithin<T>(spec: FileCallSpec<T>, options?: CallOptions): Promise<T> {
    return runDirect(spec, options, () => queue.client().file(spec.operation, spec.path, spec.content ?? ''));
  }

  /** Makes a call that is not one of a batch. */
  function runDirect<T>(
    spec: CallSpec<T>,
    options: CallOptions | undefined,
    submit: () => number,
  ): Promise<T> {
    try {
      return queue.submitDirect(spec, prepare(spec, options), submit);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  return {
    timeout,
    run(spec, options) {
      try {
        checkOpen(spec.context);
      } catch (error) {
        return Promise.reject(error);
      }
      return runWithin(spec, options);
    },
    async together(context, work) {
      checkOpen(context);
      activity.begin();
      try {
        return await work(within);
      } finally {
        activity.end();
      }
    },
    sample(spec, services, destinations, options) {
      const submit = () => {
        const slot = queue.openSlot(spec.operation);
        spec.encode?.(slot);
        queue.dropSlot(slot); // the addon copies it
        return queue.client().sample(slot.bytes, services, destinations);
      };
      return ifOpen(spec.context, () => runDirect(spec, options, submit));
    },
    async writeAll(context, records, count, options) {
      checkOpen(context);
      return writeAllWithin(context, records, count, options);
    },
    errorOf: outcomes.errorOf,
    file(spec, options) {
      return ifOpen(spec.context, () => fileWithin(spec, options));
    },
    close() {
      closed ??= queue.close();
      return closed;
    },
  };
}
