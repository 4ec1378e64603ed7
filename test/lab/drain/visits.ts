import { setTimeout as sleep } from 'node:timers/promises';
import type { Peer } from '../hosts/peer.ts';

/** A connection on which a client asks twice, with a pause between. */
export interface Visit {
  /** When it began, as performance.now() counts. */
  readonly start: number;
  /** Who answered first; undefined: nobody. */
  readonly server: string | undefined;
  /** Why it had no answer, or no second one from the same server. */
  readonly failure: string | undefined;
}

/** Visits without an end. */
export interface Traffic {
  /** Those that have ended. */
  readonly visits: readonly Visit[];
  /** Resolves when a server has just had its first question of a visit. */
  amid(server: string): Promise<void>;
  /** Begins no more visits, and resolves when all have ended. */
  stop(): Promise<readonly Visit[]>;
}

/** How visits are made. */
export interface TrafficOptions {
  readonly url: string;
  /** How many are under way at once. */
  readonly lanes: number;
  /** Milliseconds between a visit's two questions. */
  readonly pause: number;
  /** Milliseconds that an answer may take. */
  readonly timeout: number;
}

/** Starts visits, a new one as soon as one has ended. */
export function startTraffic(client: Peer, { url, lanes, pause, timeout }: TrafficOptions): Traffic {
  const visits: Visit[] = [];
  const waiting = new Set<{ readonly server: string; readonly resolve: () => void }>();
  let stopped = false;

  async function visit(): Promise<Visit> {
    const start = performance.now();
    const held = await client.hold(url, { timeout });
    const { server, failure } = held;
    if (failure !== undefined) return { start, server, failure };
    for (const one of waiting) if (one.server === server) one.resolve();
    await sleep(pause);
    const second = await client.askAgain(held, timeout);
    await client.release([held]);
    const other = second.server === server ? undefined : `${second.server} answered for ${server}`;
    return { start, server, failure: second.failure ?? other };
  }

  async function lane(): Promise<void> {
    while (!stopped) visits.push(await visit());
  }

  const running = Promise.all(Array.from({ length: lanes }, lane));
  running.catch(() => {}); // stop() tells
  return {
    visits,
    async amid(server) {
      await new Promise<void>(resolve => waiting.add({ server, resolve }));
    },
    async stop() {
      stopped = true;
      await running;
      return visits;
    },
  };
}
