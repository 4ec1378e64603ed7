import { join } from 'node:path';
import type { File, Suite, Test } from '@vitest/runner';
import { describe, expect, test } from 'vitest';
import { choose, idOf, outcomesOf } from '../../hardening/mutants/stryker/outcomes.ts';

// Files of tests as vitest's runner leaves them: what did not run has no result.

const passed = { state: 'pass', duration: 3 };
const failed = { state: 'fail', duration: 4, errors: [{ message: 'expected 1 to be 2' }] };

type Task = Test | Suite;

function aTest(name: string, result?: object): Test {
  return { type: 'test', name, mode: 'run', result } as unknown as Test;
}

function aSuite(name: string, tasks: readonly Task[], result?: object): Suite {
  const suite = { type: 'suite', name, tasks, mode: 'run', result } as unknown as Suite;
  for (const task of tasks) task.suite = suite;
  return suite;
}

function aFile(tasks: readonly Task[], result?: object): File {
  const filepath = join(process.cwd(), 'test/one.test.ts');
  const file = Object.assign(aSuite('one.test.ts', tasks, result), { filepath }) as File;
  const settle = (task: Task): void => {
    task.file = file;
    if (task.type === 'suite') for (const one of task.tasks) settle(one as Task);
  };
  settle(file);
  return file;
}

/** The outcomes of a file, each by its name: its error, or its duration where it has none. */
function outcomes(file: File, chosen?: ReadonlySet<string>, stray?: string) {
  return outcomesOf(file, chosen, stray).map(({ name, error, milliseconds }) => [
    name,
    error ?? milliseconds,
  ]);
}

describe('outcomes of tests that judge a mutant', () => {
  test('an outcome has the test’s file, its id with the names of suites, and its duration', () => {
    const file = aFile([aSuite('a suite', [aSuite('in a suite', [aTest('a test', passed)])])]);
    const id = 'test/one.test.ts#a suite in a suite a test';
    expect(outcomesOf(file, undefined, undefined)).toStrictEqual([
      { id, name: 'a test', file: file.filepath, milliseconds: 3 },
    ]);
  });

  test('a test that failed has its error, and one behind it that did not run no outcome', () => {
    const file = aFile([aTest('one', passed), aTest('two', failed), aTest('three')]);
    expect(outcomes(file)).toEqual([
      ['one', 3],
      ['two', 'expected 1 to be 2'],
    ]);
    const [without] = outcomesOf(aFile([aTest('one', { state: 'fail' })]), undefined, undefined);
    expect(without).toMatchObject({ error: 'failed without an error', milliseconds: 0 });
  });

  test('only chosen tests have outcomes', () => {
    const file = aFile([aTest('one', passed), aTest('two', passed)]);
    expect(outcomes(file, new Set(['test/one.test.ts#two']))).toEqual([['two', 3]]);
    expect(outcomes(file, new Set())).toEqual([]);
  });

  test('a suite’s hook that fails counts against the first test, though that never ran', () => {
    const broken = { state: 'fail', errors: [{ message: 'no socket' }] };
    const inner = aFile([aTest('one', passed), aSuite('a suite', [aTest('two')], broken)]);
    expect(outcomes(inner)).toEqual([['one', 'no socket']]);
    expect(outcomes(aFile([aTest('one'), aTest('two')], broken))).toEqual([['one', 'no socket']]);
    expect(outcomes(inner, new Set(['test/one.test.ts#a suite two']))).toEqual([['two', 'no socket']]);
  });

  test('an error that no test waited for counts against the first one, and its own before that', () => {
    expect(outcomes(aFile([aTest('one', passed), aTest('two', passed)]), undefined, 'unhandled')).toEqual([
      ['one', 'unhandled'],
      ['two', 3],
    ]);
    expect(outcomes(aFile([aTest('one', failed)]), undefined, 'unhandled')).toEqual([
      ['one', 'expected 1 to be 2'],
    ]);
  });
});

describe('the choice of tests that reach a mutant', () => {
  test('all but the chosen tests are skipped, and suites without any', () => {
    const [one, two, three] = [aTest('one'), aTest('two'), aTest('three')];
    const [first, second] = [aSuite('first', [one]), aSuite('second', [two, three])];
    const file = aFile([first, second]);
    expect(choose(file, new Set([idOf(three)]))).toBe(true);
    const modes = [file, first, one, second, two, three].map(({ mode }) => mode);
    expect(modes).toEqual(['run', 'skip', 'skip', 'run', 'skip', 'run']);
  });

  test('a file without a chosen test is skipped whole', () => {
    const file = aFile([aTest('one')]);
    expect(choose(file, new Set(['test/other.test.ts#one']))).toBe(false);
    expect(file.mode).toBe('skip');
  });
});
