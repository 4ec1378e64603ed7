/** How much of a client's work is still without an outcome: what closing the client waits for. */
export interface Activity {
  begin(): void;
  end(): void;
  /** Resolves when everything that was begun has ended. */
  ended(): Promise<void>;
}

export function createActivity(): Activity {
  let count = 0;
  let resolveEnded: (() => void) | undefined;
  return {
    begin() {
      count++;
    },
    end() {
      if (--count === 0) resolveEnded?.();
    },
    async ended() {
      while (count > 0) {
        await new Promise<void>(resolve => {
          resolveEnded = resolve;
        });
      }
    },
  };
}
