import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Measurement } from '../records.ts';

const NANOSECONDS = 1e6; // in a millisecond

/** The processor times of this process and of this thread, in milliseconds. */
function processorTimes(): { cpu: number; thread: number } {
  // This call comes first: the kernel brings the running thread's account up to date for it, not for the
  // file.
  const { user, system } = process.cpuUsage();
  const [thread] = readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ');
  return { cpu: (user + system) / 1000, thread: Number(thread) / NANOSECONDS };
}

/** This thread's processor time, in milliseconds. */
export function threadTime(): number {
  return processorTimes().thread;
}

/** The time of this thread that asking for the times takes, which is not the library's. */
let cost: number | undefined;

function costOfAsking(): number {
  if (cost === undefined) {
    const costs = Array.from({ length: 9 }, () => {
      const before = processorTimes();
      return processorTimes().thread - before.thread;
    });
    cost = costs.sort((a, b) => a - b)[costs.length >> 1]!;
  }
  return cost;
}

/** Runs `work` once and measures it. */
export async function measure(work: () => Promise<unknown>): Promise<Measurement> {
  const asking = costOfAsking();
  const before = processorTimes();
  const start = performance.now();
  await work();
  const wall = performance.now() - start;
  const after = processorTimes();
  return {
    wall,
    cpu: Math.max(0, after.cpu - before.cpu - asking),
    thread: Math.max(0, after.thread - before.thread - asking),
  };
}

/** Runs `work` once and watches the event loop meanwhile. */
export async function watch(work: () => Promise<unknown>): Promise<Measurement> {
  const RESOLUTION = 1; // milliseconds
  const monitor = monitorEventLoopDelay({ resolution: RESOLUTION });
  monitor.enable();
  await sleep(10 * RESOLUTION);
  monitor.reset();
  await sleep(10 * RESOLUTION); // the monitor's next tick only starts its clock
  const start = performance.now();
  await work();
  const wall = performance.now() - start;
  await sleep(2 * RESOLUTION); // a block at the very end shows only after it
  monitor.disable();
  return { wall, cpu: 0, delay: Math.max(0, monitor.max / NANOSECONDS - RESOLUTION) };
}
