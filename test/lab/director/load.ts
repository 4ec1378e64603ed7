import type { Peer } from '../hosts/peer.ts';

/** A request that has ended. */
export interface Asked {
  /** When it began, as performance.now() counts. */
  readonly start: number;
  /** Who answered; undefined: nobody. */
  readonly server: string | undefined;
  readonly failure: string | undefined;
}

/** Requests without an end. */
export interface Load {
  /** Those that have ended. */
  readonly asked: readonly Asked[];
  /** Begins no more, and resolves when all have ended. */
  stop(): Promise<readonly Asked[]>;
}

/** Begins a request each `pause` milliseconds, whatever has become of those before. */
export function startLoad(
  client: Peer,
  { url, pause, timeout }: { readonly url: string; readonly pause: number; readonly timeout: number },
): Load {
  const asked: Asked[] = [];
  const running = new Set<Promise<void>>();
  let error: unknown;

  async function ask(): Promise<void> {
    const start = performance.now();
    const { server, failure } = await client.get(url, { timeout });
    asked.push({ start, server, failure });
  }

  const timer = setInterval(() => {
    const one = ask()
      .catch((reason: unknown) => {
        error ??= reason;
      })
      .finally(() => running.delete(one));
    running.add(one);
  }, pause);
  return {
    asked,
    async stop() {
      clearInterval(timer);
      await Promise.all(running);
      if (error !== undefined) throw error;
      return asked;
    },
  };
}
