import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Ipvs } from '../../lib/index.ts';
import type { Size } from '../plan.ts';
import type { Blocks } from '../records.ts';
import { tableOf } from './table.ts';

/**
 * Changes one destination's weight again and again, naming every field so that nothing has to be read before.
 * A write's block lasts from the call to the event loop's next turn, so that it has all that runs on this
 * thread, at once or in a microtask. The time of a turn without a write is measured in the pauses and
 * subtracted from the writes' share.
 */
export async function writeAlways(ipvs: Ipvs, size: Size, duration: number, pause: number): Promise<Blocks> {
  const { services, destinations } = tableOf(size);
  const service = services[0]!;
  const { address, port } = destinations[0]!;
  let [writes, longest, blocked, idle, slowest] = [0, 0, 0, 0, 0];
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
    if (pause === 0) continue;
    await sleep(pause / 2);
    const idleStart = performance.now();
    await nextTurn();
    idle += performance.now() - idleStart;
    await sleep(pause / 2);
  }
  return { writes, longest, share: (blocked - idle) / (performance.now() - begin), slowest };
}
