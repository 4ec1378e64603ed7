import type { Operation } from '../addon/layout.ts';
import type { Payloads } from '../addon/native.ts';
import type { Slot } from '../addon/record.ts';
import type { ErrorContext, Subject } from './error-context.ts';
import type { CallOptions, OptionSet } from './options.ts';

/**
 * Describes one call: how its record is encoded, its reply decoded and its errors worded. What takes the
 * payload is a method, so that the spec of any operation is a `CallSpec<T>` too.
 */
export interface CallSpec<T, O extends Operation = Operation> {
  readonly operation: O;
  readonly context: ErrorContext;
  /**
   * Reads from its record what the call is about besides: of a write, nothing else is kept until it is
   * answered.
   */
  about?(record: Slot): Subject;
  /** The options it takes, where those are not CallOptions alone. */
  readonly options?: OptionSet | undefined;
  /** Writes the record's arguments; throws at an invalid one, and nothing is sent. */
  encode?(slot: Slot): void;
  /** Reads what came. A large list is read in several turns of the event loop. */
  decode(payload: Payloads[O]): T | Promise<T>;
  /** Takes a part of what is read, ahead of `decode`, which gets the last. */
  part?(payload: Payloads[O]): void;
  /**
   * The value of a status that is no error here: an absent object is none on reading. undefined: it is an
   * error.
   */
  accept?(status: number): { readonly value: T } | undefined;
  /** Finds out more about a failure, before its error is made. */
  investigate?(
    context: ErrorContext,
    status: number,
    payload: Payloads[O] | undefined,
    further: FurtherCalls,
  ): ErrorContext | Promise<ErrorContext>;
}

/** Describes a call on a file or a directory under /proc. */
export interface FileCallSpec<T, O extends Operation = Operation> extends CallSpec<T, O> {
  readonly path: string;
  /** `name NUL content NUL` of each file to be written. */
  readonly content?: string;
}

/** Makes a call that is one record. Never throws: an invalid argument rejects. */
export type Run = <T>(spec: CallSpec<T>, options?: CallOptions) => Promise<T>;

/** Calls that belong to one that was made before: they may be made even while the client is being closed. */
export interface FurtherCalls {
  readonly run: Run;
  file<T>(spec: FileCallSpec<T>, options?: CallOptions): Promise<T>;
}
