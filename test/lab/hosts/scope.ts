import { setMaxListeners } from 'node:events';

/** The lifetime of a lab: everything it makes is undone when it ends, however it ends. */
export interface Scope {
  /**
   * Aborted at the deadline and at Ctrl-C, and never by the lab's own end. Every wait in a lab must end with
   * it.
   */
  readonly signal: AbortSignal;
  /**
   * Registers the undoing of a step. Call it before the step, so that one that fails half-way is undone as
   * well.
   */
  defer(undo: () => Promise<void> | void): void;
}

/** The deadline of a lab, and a signal that ends it. */
export interface ScopeOptions {
  /** Milliseconds until the signal is aborted. */
  readonly deadline: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a lab and undoes what it made, the last first. There is no race against the deadline: the lab's own
 * waits reject, so that it has ended, and makes nothing more, when the undoing starts.
 */
export async function withScope<T>(options: ScopeOptions, lab: (scope: Scope) => Promise<T>): Promise<T> {
  const late = new AbortController();
  const seconds = options.deadline / 1000;
  const expire = () => late.abort(new Error(`stopped at the deadline of ${seconds} s`));
  const timer = setTimeout(expire, options.deadline);
  const undos: (() => Promise<void> | void)[] = [];
  const scope: Scope = {
    signal: AbortSignal.any(options.signal === undefined ? [late.signal] : [late.signal, options.signal]),
    defer: undo => void undos.push(undo),
  };
  // Every wait listens, and a lab may have many at once.
  setMaxListeners(0, scope.signal);
  const failures: unknown[] = [];
  let value: T | undefined;
  try {
    scope.signal.throwIfAborted();
    value = await lab(scope);
  } catch (error) {
    // A wait that was cut short may fail with an error of its own. The reason of the lab's end is reported.
    failures.push(scope.signal.aborted ? scope.signal.reason : error);
  }
  clearTimeout(timer);
  for (const undo of undos.reverse()) {
    try {
      await undo();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures, failures.map(messageOf).join('\n'));
  return value as T;
}

/** The message of an error, or the text of another thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
