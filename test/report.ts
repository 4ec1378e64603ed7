import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { relative } from 'node:path';

/** The numbers of tests by outcome. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The fields of vitest's JSON report that are read. */
interface Report {
  readonly testResults: readonly FileReport[];
}

interface FileReport {
  /** The file's absolute path, where it ran. */
  readonly name: string;
  readonly status: string;
  readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
}

/** A test file with a failure. */
export interface FailedFile {
  /** The path within the checkout. */
  readonly path: string;
  readonly counts: Counts;
  /** The failed tests' full names. Empty: the file could not be loaded, or a hook of it failed. */
  readonly tests: readonly string[];
}

/** The counts of no test. */
const none: Counts = { passed: 0, failed: 0, skipped: 0 };

/** The counts of a run that crashed or ended before its report: one failure. */
export const crash: Counts = { passed: 0, failed: 1, skipped: 0 };

/** The sum of counts. */
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

/** The number of tests in counts. */
export function total(counts: Counts): number {
  return counts.passed + counts.failed + counts.skipped;
}

/** Counts less others. */
export function difference(from: Counts, less: Counts): Counts {
  return {
    passed: from.passed - less.passed,
    failed: from.failed - less.failed,
    skipped: from.skipped - less.skipped,
  };
}

/** The counts of a run, by its report's file and its exit status. */
export function countsOf(reportFile: string, exitStatus: number): Counts {
  const report = read(reportFile);
  if (report === undefined) return crash;
  const counts = sum(report.testResults.map(count));
  // A bad status that no failed test explains, such as by an error that no test awaited, is one failure.
  return exitStatus !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

/** The files with a failure in the report of a run that took place in a checkout. */
export function failedFilesOf(reportFile: string, checkout: string): readonly FailedFile[] {
  const files = read(reportFile)?.testResults ?? [];
  return files
    .map(file => ({
      path: relative(checkout, file.name),
      counts: count(file),
      tests: file.assertionResults.filter(test => test.status === 'failed').map(test => test.fullName),
    }))
    .filter(({ counts }) => counts.failed > 0);
}

function read(reportFile: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(reportFile, 'utf8')) as Report;
  } catch {
    return undefined;
  }
}

function count(file: FileReport): Counts {
  const statuses = file.assertionResults.map(({ status }) => status);
  const passed = statuses.filter(status => status === 'passed').length;
  const failed = statuses.filter(status => status === 'failed').length;
  const skipped = statuses.length - passed - failed;
  // A file that cannot be loaded, or whose hook fails, has failed though none of its tests has.
  return { passed, failed: file.status === 'failed' ? Math.max(failed, 1) : failed, skipped };
}

/** Faults of a processor: what an emulated one can get wrong. */
const faults = ['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGTRAP'] as const;

/**
 * The processor's fault that killed the test runner itself, by its exit status; undefined for any other end. The
 * runner loads no addon: test files run in processes of their own, whose faults are failures that it reports.
 */
export function faultOfRunner(exitStatus: number): string | undefined {
  return faults.find(name => exitStatus === 128 + constants.signals[name]);
}

/** The counts in words, for the last line of a run. */
export function describeCounts(counts: Counts): string {
  return `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
}
