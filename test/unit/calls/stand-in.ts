import { Status } from '../../../lib/addon/layout.ts';
import type { Deliver, Native, NativeClient, Payload } from '../../../lib/addon/native.ts';
import { type Calls, type CallsOptions, createCalls } from '../../../lib/calls/calls.ts';

/** A reply, by default that of a write that went well. */
export interface Answer {
  readonly status?: number;
  readonly payload?: Payload;
}

/**
 * A client whose thread and kernel are the test: nothing is begun or answered until the test says so. A
 * cancelled call is answered in its turn with Status.cancelled, as native/calls/worker.cc does.
 */
export interface StandIn {
  readonly calls: Calls;
  /** The records, or files, that were handed over, in their order. */
  readonly submitted: readonly (Uint8Array | string)[];
  /** The numbers of the calls that were cancelled. */
  readonly cancelled: readonly number[];
  /** Takes calls up to this number (exclusive) as begun. */
  begin(number: number): void;
  /** Answers the next calls, one after the other. */
  answer(...answers: readonly Answer[]): void;
  /** Answers all calls that were handed over and are not answered yet, as writes that went well. */
  answerAll(): void;
}

export interface StandInOptions extends Partial<CallsOptions> {
  /** Executes a record on the JavaScript thread and returns its status; undefined has it queued. */
  readonly execute?: (record: Uint8Array) => number | undefined;
  /** The status of starting the thread: Status.ok, or Status.localFailure minus an errno. */
  readonly refusal?: () => number;
}

const RECORD_LENGTH = 144;

export function createStandIn({ execute, refusal, ...options }: StandInOptions = {}): StandIn {
  let deliver: Deliver | undefined;
  let stopped = false;
  let begun = 0;
  let answered = 0;
  const submitted: (Uint8Array | string)[] = [];
  const cancelled: number[] = [];
  const isCancelled = new Set<number>();

  function add(...calls: (Uint8Array | string)[]): number {
    if (stopped) throw new TypeError('the client is stopped');
    const status = refusal?.() ?? Status.ok;
    if (status === Status.ok) submitted.push(...calls);
    return status;
  }

  function client(_namespace: unknown, given: Deliver): NativeClient {
    deliver = given;
    return {
      submit: (records, count) =>
        add(
          ...Array.from({ length: count }, (_, i) =>
            records.slice(i * RECORD_LENGTH, (i + 1) * RECORD_LENGTH),
          ),
        ),
      inline: record => execute?.(new Uint8Array(record.slice(0))),
      sample: record => add(record.slice()),
      file: (_operation, path) => add(path),
      cancel(number) {
        cancelled.push(number);
        if (number < begun) return false;
        isCancelled.add(number);
        return true;
      },
      stop() {
        stopped = true;
        deliver = undefined;
      },
    };
  }

  const native = { Client: client as unknown as Native['Client'] } as Native;
  const calls = createCalls(() => native, { namespace: undefined, timeout: 5000, inline: false, ...options });

  const standIn: StandIn = {
    calls,
    submitted,
    cancelled,
    begin(number) {
      begun = Math.max(begun, number);
    },
    answer(...answers) {
      const statuses = answers.map(({ status = Status.ok }) => {
        if (status === Status.part) return status;
        const number = answered++;
        begun = Math.max(begun, answered);
        return isCancelled.has(number) ? Status.cancelled : status;
      });
      deliver?.(
        Int32Array.from(statuses),
        answers.map(({ payload }) => payload),
      );
    },
    answerAll() {
      standIn.answer(...submitted.slice(answered).map(() => ({})));
    },
  };
  return standIn;
}

/** A turn of the event loop, in which queued calls are handed over. */
export function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}

/** An addon whose threads are stuck in the kernel: calls are begun, and never answered. */
export function stuckAddon(): Native {
  class Client implements NativeClient {
    submit = () => 0;
    inline = () => undefined;
    sample = () => 0;
    file = () => 0;
    cancel = () => false;
    stop = () => undefined;
  }
  return { Client } as Partial<Native> as Native;
}
