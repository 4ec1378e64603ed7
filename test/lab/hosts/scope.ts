import { setMaxListeners } from 'node:events';

/** What a lab lives in: everything it makes is undone when it ends, however it ends. */
export interface Scope {
  /**
   * Aborted at the deadline, at Ctrl-C, and never by the lab's own end. Whatever waits in a lab waits on this
   * too.
   */
  readonly signal: AbortSignal;
  /**
   * Registers what undoes a step. Call it before the step, so that one that fails half-way is undone as well.
   */
  defer(undo: () => Promise<void> | void): void;
}

/** How long a lab may take, and who else may end it. */
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
  // Whatever waits listens: a lab may do many things at once.
  setMaxListeners(0, scope.signal);
  const failures: unknown[] = [];
  let value: T | undefined;
  try {
    scope.signal.throwIfAborted();
    value = await lab(scope);
  } catch (error) {
    // A wait that was cut short may fail in its own words; what ended the lab is what to tell.
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

/** What an error says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
