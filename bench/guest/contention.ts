import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Ipvs } from '../../lib/index.ts';
import type { Size } from '../plan.ts';
import { tableOf } from './table.ts';

/** What came of single writes beside another program; times in milliseconds. */
export interface Blocks {
  readonly writes: number;
  readonly longest: number;
  readonly share: number;
  readonly slowest: number;
}

/** Between two writes, in milliseconds: often enough for a program that follows its servers' health. */
const PAUSE = 10;

/**
 * Changes one destination's weight again and again, naming all there is so that nothing has to be read before. A write's block lasts from
 * the call to the event loop's next turn: whatever of it runs on this thread, at once or in a microtask, lies between.
 */
export async function writeBeside(ipvs: Ipvs, size: Size, duration: number): Promise<Blocks> {
  const { services, destinations } = tableOf(size);
  const service = services[0]!;
  const { address, port } = destinations[0]!;
  let [writes, longest, blocked, slowest] = [0, 0, 0, 0];
  const begin = performance.now();
  while (performance.now() - begin < duration) {
    const start = performance.now();
    const written = ipvs.updateDestination(
      service,
      { address, port },
      { forwarding: 'masquerade', weight: 1 + (writes % 9), upperThreshold: 0, lowerThreshold: 0 },
    );
    await nextTurn();
    const block = performance.now() - start;
    await written;
    slowest = Math.max(slowest, performance.now() - start);
    longest = Math.max(longest, block);
    blocked += block;
    writes++;
    await sleep(PAUSE);
  }
  return { writes, longest, share: blocked / (performance.now() - begin), slowest };
}
