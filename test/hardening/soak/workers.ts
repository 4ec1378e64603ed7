import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { type Actor, below, chance, type Stage } from './stage.ts';

/** Workers that use the library: terminated amid calls, or amid their beginning, or at their own end. */
export function workers(stage: Stage): Actor {
  return {
    name: 'workers',
    async step() {
      const ends = chance(0.4);
      const calls = ends ? below(5) : Number.MAX_SAFE_INTEGER;
      const worker = new Worker(new URL('worker.mjs', import.meta.url), {
        // Not what this process has: the worker needs no compiler.
        execArgv: [],
        workerData: { netns: stage.netns, calls, close: chance(0.5) },
      });
      worker.on('error', error => stage.defects.push(`a worker: ${error.stack}`));
      const exited = once(worker, 'exit');
      if (!ends) {
        if (chance(0.8)) await once(worker, 'message');
        await sleep(below(100));
        await worker.terminate();
      }
      await exited;
      stage.operations++;
    },
  };
}
