import { Status } from '../addon/layout.ts';
import type { Payload } from '../addon/native.ts';
import { copyRecord, createSlot, type Place } from '../addon/record.ts';
import type { IpvsError } from '../model/errors.ts';
import type { Activity } from './activity.ts';
import type { CallSpec, FurtherCalls } from './call.ts';
import type { ErrorContext } from './error-context.ts';
import { kernelError } from './kernel-error.ts';

/** What calls come to by the statuses they end with. */
export interface Outcomes {
  /** The call's value, or a rejection. Throws what decoding throws. The record is only looked at now. */
  conclude<T>(spec: CallSpec<T>, status: number, payload: Payload, record: Place): T | Promise<T>;
  /** The error of a call that ended with this status. */
  errorOf(spec: CallSpec<unknown>, status: number): Promise<Error>;
  /** The error of a call that never reached the client's thread. */
  refusal(spec: CallSpec<unknown>, status: number, record: Place): IpvsError;
}

interface OutcomesOptions {
  /** The client's network namespace, which errors name. */
  readonly namespace: string | number | undefined;
  readonly activity: Activity;
  /** Makes further calls about one that failed. */
  readonly further: FurtherCalls;
}

/** What a call is about, whose record stands there. */
export function contextOf(spec: CallSpec<unknown>, record: Place): ErrorContext {
  return spec.about === undefined ? spec.context : { ...spec.context, ...spec.about(copyRecord(record)) };
}

/** The same of a call that has no record yet. Throws at an invalid argument. */
export function contextOfUnsent(spec: CallSpec<unknown>): ErrorContext {
  const slot = createSlot();
  spec.encode?.(slot);
  return contextOf(spec, slot);
}

export function createOutcomes({ namespace, activity, further }: OutcomesOptions): Outcomes {
  function conclude<T>(spec: CallSpec<T>, status: number, payload: Payload, record: Place): T | Promise<T> {
    if (status === Status.ok) return spec.decode(payload);
    const accepted = spec.accept?.(status);
    return accepted === undefined ? fail(spec, status, payload, record) : accepted.value;
  }

  /**
   * Async, although nothing may be awaited: V8 then follows the promises to whoever awaits the call, and the
   * error's stack shows them, at no cost to calls that succeed. The first await lets the call's promise be
   * tied to this one before the error is made.
   */
  async function fail(
    spec: CallSpec<unknown>,
    status: number,
    payload: Payload,
    record: Place,
  ): Promise<never> {
    activity.begin();
    try {
      const context = { ...contextOf(spec, record), namespace };
      await undefined;
      throw kernelError((await spec.investigate?.(context, status, payload, further)) ?? context, status);
    } finally {
      activity.end();
    }
  }

  return {
    conclude,
    errorOf(spec, status) {
      const slot = createSlot();
      spec.encode?.(slot);
      return fail(spec, status, undefined, slot).catch((error: Error) => error);
    },
    refusal: (spec, status, record) => kernelError({ ...contextOf(spec, record), namespace }, status),
  };
}
