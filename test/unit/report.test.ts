import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { countsOf, crash, describeCounts, sum } from '../report.ts';

describe('counting the tests of a run', () => {
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

  test('over all files', () => {
    const files = [
      ['passed', 'passed', 'skipped', 'todo', 'pending'],
      ['failed', 'failed', 'passed'],
    ] as const;
    expect(counts(1, ...files)).toBe('2 passed, 1 failed, 3 skipped');
  });

  test('a file that cannot be loaded is a failure', () => {
    expect(counts(1, ['failed'], ['passed', 'passed'])).toBe('1 passed, 1 failed, 0 skipped');
  });

  test('so is a hook that fails after the tests', () => {
    expect(counts(1, ['failed', 'passed'])).toBe('1 passed, 1 failed, 0 skipped');
  });

  test('so is a bad exit status that no test explains', () => {
    expect(counts(1, ['passed', 'passed'])).toBe('1 passed, 1 failed, 0 skipped');
  });

  test('so is a run that left no report, or half of one', () => {
    expect(countsOf(join(directory, 'none.json'), 0)).toEqual(crash);
    writeFileSync(join(directory, 'half.json'), '{"testResults": [');
    expect(countsOf(join(directory, 'half.json'), 0)).toEqual(crash);
  });

  test('parts add up', () => {
    expect(sum([{ passed: 1, failed: 2, skipped: 3 }, crash])).toEqual({ passed: 1, failed: 3, skipped: 3 });
  });
});
