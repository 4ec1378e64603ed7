import { relative } from 'node:path';
import type { File, Suite, Test } from '@vitest/runner';
import { getNames, getTests } from '@vitest/runner/utils';

/** What became of a test. */
export interface Outcome {
  readonly id: string;
  readonly name: string;
  readonly file: string;
  readonly milliseconds: number;
  /** A test that did not run, for another failed before it, has no outcome. */
  readonly error?: string;
}

/** Leaves the chosen tests to be run. Returns whether there is one. */
export function choose(suite: Suite, chosen: ReadonlySet<string>): boolean {
  let some = false;
  for (const task of suite.tasks) {
    const here = task.type === 'suite' ? choose(task, chosen) : chosen.has(idOf(task));
    if (!here) task.mode = 'skip';
    some ||= here;
  }
  if (!some) suite.mode = 'skip';
  return some;
}

/** Names a test in all runs: its file, and its name with those of its suites. */
export function idOf(test: Test): string {
  return `${relative(process.cwd(), test.file.filepath)}#${getNames(test).slice(1).join(' ')}`;
}

/**
 * What became of a file's tests, those that did not run left out. `stray` is an error that none of them waited for.
 */
export function outcomesOf(
  file: File,
  chosen: ReadonlySet<string> | undefined,
  stray: string | undefined,
): Outcome[] {
  const tests = getTests(file).filter(test => chosen === undefined || chosen.has(idOf(test)));
  // A hook that fails, or what no test waited for, counts against the first test.
  const outside = stray ?? failureOfSuite(file);
  return tests.flatMap((test, index) => {
    const error = test.result?.state === 'fail' ? messageOf(test) : index === 0 ? outside : undefined;
    if (error === undefined && test.result?.state !== 'pass') return [];
    const { name, file } = test;
    const milliseconds = test.result?.duration ?? 0;
    return [
      { id: idOf(test), name, file: file.filepath, milliseconds, ...(error !== undefined && { error }) },
    ];
  });
}

function failureOfSuite(suite: Suite): string | undefined {
  if (suite.result?.errors?.[0] !== undefined) return suite.result.errors[0].message;
  for (const task of suite.tasks) {
    const failure = task.type === 'suite' ? failureOfSuite(task) : undefined;
    if (failure !== undefined) return failure;
  }
  return undefined;
}

function messageOf(test: Test): string {
  return test.result?.errors?.[0]?.message ?? 'failed without an error';
}
