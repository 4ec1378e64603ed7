import { readFileSync } from 'node:fs';

/** How many tests ended how. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The part of vitest's JSON report that is read here. */
interface Report {
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/** No test at all. */
const none: Counts = { passed: 0, failed: 0, skipped: 0 };

/** One failure that no test accounts for: a run that crashed, or ended before it gave a report. */
export const crash: Counts = { passed: 0, failed: 1, skipped: 0 };

/** Adds up. */
export function sum(all: readonly Counts[]): Counts {
  return all.reduce(
    (total, one) => ({
      passed: total.passed + one.passed,
      failed: total.failed + one.failed,
      skipped: total.skipped + one.skipped,
    }),
    none,
  );
}

/** How many tests there were. */
export function total(counts: Counts): number {
  return counts.passed + counts.failed + counts.skipped;
}

/** The counts of a run that left its report in a file and ended with a status. */
export function countsOf(reportFile: string, exitStatus: number): Counts {
  let counts: Counts;
  try {
    counts = count(JSON.parse(readFileSync(reportFile, 'utf8')) as Report);
  } catch {
    return crash;
  }
  // Such as an error that no test awaited.
  return exitStatus !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

function count(report: Report): Counts {
  return sum(
    report.testResults.map(file => {
      const statuses = file.assertionResults.map(({ status }) => status);
      const passed = statuses.filter(status => status === 'passed').length;
      const failed = statuses.filter(status => status === 'failed').length;
      const skipped = statuses.length - passed - failed;
      // A file that cannot be loaded, or whose hook fails, has failed though none of its tests has.
      return { passed, failed: file.status === 'failed' ? Math.max(failed, 1) : failed, skipped };
    }),
  );
}

/** The counts as the last line of a run says them. */
export function describeCounts(counts: Counts): string {
  return `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
}
