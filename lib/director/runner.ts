/** Work that is done again and again, never twice at once. */
export interface Runner {
  /** Has it done once more from its beginning, as soon as it is not running. */
  request(): void;
  /** Ends: what runs is finished, and nothing is begun any more. */
  stop(): Promise<void>;
}

/** `work` must not reject. */
export function createRunner(work: () => Promise<void>): Runner {
  let isWanted = false;
  let hasStopped = false;
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    while (isWanted && !hasStopped) {
      isWanted = false;
      await work();
    }
    running = undefined;
  }

  return {
    request() {
      isWanted = true;
      // In the next microtask: what changes in one go is seen by one run.
      running ??= Promise.resolve().then(run);
    },
    async stop() {
      hasStopped = true;
      await running;
    },
  };
}
