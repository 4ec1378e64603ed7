/** What a person or a supervisor uses to end a program. */
const numbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** The end of this program as asked for from outside. */
export interface Stop {
  /** Aborted when asked. */
  readonly signal: AbortSignal;
  /** The exit status that tells of it, undefined while nobody asked. */
  exitStatus(): number | undefined;
}

/**
 * From now on signals that would end this program abort a signal instead, so that what it started can be
 * ended first.
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
