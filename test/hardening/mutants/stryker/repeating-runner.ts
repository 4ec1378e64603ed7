import { BroadcastChannel } from 'node:worker_threads';
import { type File, startTests, type Test, type VitestRunner } from '@vitest/runner';
import { TestRunner } from 'vitest';
import { choose, idOf, type Outcome, outcomesOf } from './outcomes.ts';

/** What the plugin asks for: tests by their ids, or all of some files, with one mutant active or none. */
export interface Request {
  readonly files: readonly string[];
  readonly tests?: readonly string[];
  readonly mutant?: string;
  /** How often a mutant's place may be reached: a loop that a mutant makes endless is broken off by its own code. */
  readonly hitLimit?: number;
}

export interface Answer {
  readonly outcomes: readonly Outcome[];
  readonly hits: number;
  /** Which mutants' places each test reached. */
  readonly coverage?: unknown;
}

/** What instrumented code reads and writes (Stryker's instrumenter). */
interface Instruments {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  hitCount?: number | undefined;
  hitLimit?: number | undefined;
  mutantCoverage?: unknown;
}

const scope = globalThis as { __stryker__?: Instruments };
scope.__stryker__ ??= {};
const instruments = scope.__stryker__;

/**
 * Runs tests for one mutant after the other in one process, which loads the modules of lib/ once: to load them again
 * took ten times as long as most tests. vitest starts it for a file, and goes on to that when the plugin is done.
 */
class RepeatingRunner extends TestRunner {
  async onBeforeCollect(): Promise<void> {
    const stray: string[] = [];
    const note = (error: unknown) => void stray.push(String(error));
    process.on('unhandledRejection', note).on('uncaughtException', note);
    const channel = new BroadcastChannel('mutants');
    await new Promise<void>(resolve => {
      channel.onmessage = async event => {
        const request = (event as { data: Request | 'end' }).data;
        if (request === 'end') return resolve();
        stray.length = 0;
        channel.postMessage(await this.answer(request, stray));
      };
      channel.postMessage('ready');
    });
    channel.close();
    this.cancel('keyboard-input');
  }

  async answer({ files, tests, mutant, hitLimit }: Request, stray: readonly string[]): Promise<Answer> {
    const chosen = tests && new Set(tests);
    const outcomes: Outcome[] = [];
    Object.assign(instruments, { hitCount: 0, hitLimit });
    for (const file of files) {
      const [ran] = await startTests([file], this.forOneRun(chosen, mutant));
      // What a test left behind unobserved comes to light in a later turn.
      await new Promise(resolve => setTimeout(resolve));
      instruments.activeMutant = undefined;
      outcomes.push(...outcomesOf(ran!, chosen, stray[0]));
      if (mutant !== undefined && outcomes.some(({ error }) => error !== undefined)) break;
    }
    const coverage = mutant === undefined ? instruments.mutantCoverage : undefined;
    return { outcomes, hits: instruments.hitCount ?? 0, coverage };
  }

  /** This runner as one run needs it: it reports nothing to vitest, and ends with the first test that fails. */
  forOneRun(chosen: ReadonlySet<string> | undefined, mutant: string | undefined): VitestRunner {
    const runner: VitestRunner = Object.create(this);
    const prototype = TestRunner.prototype;
    return Object.assign(runner, {
      onBeforeCollect: undefined,
      onTaskUpdate: undefined,
      onCleanupWorkerContext: undefined,
      onCollectStart: prototype.onCollectStart,
      onAfterRunFiles: prototype.onAfterRunFiles,
      cancel: prototype.cancel,
      // As a set-up file is: anew each time.
      importFile: (path: string) => this.importFile(path, 'setup'),
      onCollected([file]: File[]) {
        if (chosen !== undefined) choose(file!, chosen);
      },
      // After the tests are collected: what modules make once is no part of a mutant.
      onBeforeRunFiles() {
        instruments.activeMutant = mutant;
      },
      async onBeforeRunTask(test: Test) {
        await prototype.onBeforeRunTask.call(runner, test);
        instruments.currentTestId = idOf(test);
      },
      onAfterRunTask(test: Test) {
        prototype.onAfterRunTask.call(runner, test);
        instruments.currentTestId = undefined;
        if (mutant !== undefined && test.result?.state === 'fail') runner.cancel?.('test-failure');
      },
    });
  }
}

// biome-ignore lint/style/noDefaultExport: vitest takes a runner that is a module's default.
export default RepeatingRunner;
