import { setTimeout as sleep } from 'node:timers/promises';
import type { Report } from '../report/report.ts';
import type { Scope } from './scope.ts';

/**
 * The kernel refreshes its counters every 2 seconds; a new destination may wait for its first turn up to 2
 * more.
 */
const LEAST = 4000;
/** What an emulated machine may need beyond that. */
const MOST = 12_000;
const STEP = 500;

/**
 * Waits until the kernel's counters show the traffic that has been: never less than its estimator needs,
 * since a count that is still to grow may happen to be the expected one, and longer, up to 12 s, while they
 * do not.
 */
export async function waitForCounters(
  scope: Scope,
  report: Report,
  settled: () => Promise<boolean>,
): Promise<void> {
  const start = performance.now();
  const progress = report.progress("waiting for the kernel's estimator, which counts every 2 s");
  for (;;) {
    await sleep(STEP, undefined, { signal: scope.signal });
    progress.tick();
    const waited = performance.now() - start;
    if (waited >= MOST || (waited >= LEAST && (await settled()))) {
      progress.done(`${(waited / 1000).toFixed(1)} s`);
      return;
    }
  }
}
