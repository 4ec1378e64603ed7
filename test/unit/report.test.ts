import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { countsOf, crash, describeCounts, difference, failedFilesOf, faultOfRunner, sum } from '../report.ts';

describe('the counts of a test run', () => {
  let directory = '';
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'ipvs-report-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const counts = (
    exitStatus: number,
    ...files: readonly (readonly [status: string, ...tests: string[]])[]
  ) => {
    const path = join(directory, 'report.json');
    const testResults = files.map(([status, ...tests]) => ({
      status,
      assertionResults: tests.map(test => ({ status: test })),
    }));
    writeFileSync(path, JSON.stringify({ testResults }));
    return describeCounts(countsOf(path, exitStatus));
  };

  test('the counts of a run are summed over all its files', () => {
    const files = [
      ['passed', 'passed', 'skipped', 'todo', 'pending'],
      ['failed', 'failed', 'passed'],
    ] as const;
    expect(counts(1, ...files)).toBe('2 passed, 1 failed, 3 skipped');
  });

  test('a test file that cannot be loaded counts as a failure', () => {
    expect(counts(1, ['failed'], ['passed', 'passed'])).toBe('1 passed, 1 failed, 0 skipped');
  });

  test('a hook that fails after the tests of its file counts as a failure', () => {
    expect(counts(1, ['failed', 'passed'])).toBe('1 passed, 1 failed, 0 skipped');
  });

  test('an exit status that no failed test explains counts as a failure', () => {
    expect(counts(1, ['passed', 'passed'])).toBe('1 passed, 1 failed, 0 skipped');
  });

  test('a run that left no report, or half of one, counts as a crash', () => {
    expect(countsOf(join(directory, 'none.json'), 0)).toEqual(crash);
    writeFileSync(join(directory, 'half.json'), '{"testResults": [');
    expect(countsOf(join(directory, 'half.json'), 0)).toEqual(crash);
  });

  test('files with a failure are told with their tests, also those that could not be loaded', () => {
    const path = join(directory, 'report.json');
    const outcome = (status: string, fullName: string) => ({ status, fullName });
    const file = (name: string, status: string, ...tests: readonly object[]) => {
      return { name: `/checkout/test/${name}`, status, assertionResults: tests };
    };
    const testResults = [
      file('one.test.ts', 'passed', outcome('passed', 'one')),
      file('two.test.ts', 'failed', outcome('failed', 'two fails'), outcome('passed', 'two passes')),
      file('three.test.ts', 'failed'),
    ];
    writeFileSync(path, JSON.stringify({ testResults }));
    expect(failedFilesOf(path, '/checkout')).toEqual([
      { path: 'test/two.test.ts', counts: { passed: 1, failed: 1, skipped: 0 }, tests: ['two fails'] },
      { path: 'test/three.test.ts', counts: { passed: 0, failed: 1, skipped: 0 }, tests: [] },
    ]);
    expect(failedFilesOf(join(directory, 'none.json'), '/checkout')).toEqual([]);
  });

  test('the counts of several runs add up', () => {
    expect(sum([{ passed: 1, failed: 2, skipped: 3 }, crash])).toEqual({ passed: 1, failed: 3, skipped: 3 });
    expect(difference({ passed: 1, failed: 3, skipped: 3 }, crash)).toEqual({
      passed: 1,
      failed: 2,
      skipped: 3,
    });
  });
});

test('a run may be repeated only where a fault of the processor killed the runner itself', () => {
  expect([139, 135, 132, 133].map(faultOfRunner)).toEqual(['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGTRAP']);
  // An ordinary end, a failure, an abort of Node.js itself, a kill for want of memory, a deadline.
  for (const status of [0, 1, 134, 137, 124]) expect(faultOfRunner(status)).toBeUndefined();
});
