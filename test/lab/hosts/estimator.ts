import { setTimeout as sleep } from 'node:timers/promises';
import type { Report } from '../report/report.ts';
import type { Scope } from './scope.ts';

/**
 * Milliseconds until counters are refreshed: every 2 seconds, and for a new destination up to 2 seconds
 * later.
 */
const LEAST = 4000;
/** Milliseconds that an emulated machine may need at most. */
const MOST = 12_000;
const STEP = 500;

/**
 * Waits until the kernel's counters show the traffic so far: at least as long as its estimator needs, since a
 * count that is still to grow may happen to be the expected one, and up to 12 s.
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
