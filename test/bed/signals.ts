/** The signals that a person or a supervisor ends a program by. */
const numbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** The end of this program as requested by a signal. */
export interface Stop {
  /** Aborted at the request. */
  readonly signal: AbortSignal;
  /** The exit status that reports the signal; undefined before one came. */
  exitStatus(): number | undefined;
}

/**
 * Has signals that would end this program abort an AbortSignal instead, so that its children can be ended
 * first.
 */
export function catchSignals(): Stop {
  const controller = new AbortController();
  let exitStatus: number | undefined;
  for (const [name, number] of Object.entries(numbers)) {
    process.on(name, () => {
      exitStatus ??= 128 + number;
      controller.abort(new Error(`stopped by ${name}`));
    });
  }
  return { signal: controller.signal, exitStatus: () => exitStatus };
}
