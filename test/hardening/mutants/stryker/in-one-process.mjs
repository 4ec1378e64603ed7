// Runs the tests of one mutant after the other in one thread of vitest (repeating-runner.ts), quick ones first.
// @stryker-mutator/vitest-runner starts vitest anew for each mutant, which takes longer than nearly all of the tests.

// @ts-check

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { BroadcastChannel } from 'node:worker_threads';
import { createVitest } from 'vitest/node';

/** @typedef {import('./repeating-runner.ts').Request} Request */
/** @typedef {import('./repeating-runner.ts').Answer} Answer */
/** @typedef {import('./outcomes.ts').Outcome} Outcome */
/** @typedef {{ testFilter?: string[], hitLimit?: number, activeMutant: { id: string } }} MutantRun */

/** How long each test takes, from the first run: in the sandbox, which further processes have for their directory. */
const timesFile = 'times-of-tests.json';

/** A test that takes longer, in milliseconds, runs only where no quick one failed. */
const QUICK = 50;

export const strykerPlugins = [{ kind: 'TestRunner', name: 'in one process', factory: createRunner }];

function createRunner() {
  /** @type {import('vitest/node').Vitest} */
  let vitest;
  /** @type {string[]} */
  let files;
  /** @type {Promise<never>} */
  let ended;
  const channel = new BroadcastChannel('mutants');

  /** @returns {Promise<unknown>} */
  const heard = () => {
    const answer = new Promise(resolve => {
      channel.onmessage = event => resolve(/** @type {{ data: unknown }} */ (event).data);
    });
    return Promise.race([answer, ended]);
  };

  /** @param {Omit<Request, 'files'>} request */
  const ask = async request => {
    const chosen = request.tests && new Set(request.tests.map(fileOf));
    const own = chosen ? files.filter(file => chosen.has(file)) : files;
    const answer = heard();
    channel.postMessage({ ...request, files: own.map(file => `${process.cwd()}/${file}`) });
    return /** @type {Answer} */ (await answer);
  };

  return {
    // Each process loads the modules once.
    capabilities: () => ({ reloadEnvironment: false }),

    async init() {
      Object.assign(process.env, { NODE_ENV: 'test', VITEST: '1' });
      vitest = await createVitest('test', {
        config: 'test/hardening/mutants/stryker/vitest.config.ts',
        runner: 'test/hardening/mutants/stryker/repeating-runner.ts',
        pool: 'threads',
        maxWorkers: 1,
        watch: false,
        // A mutant must not write what it is then compared with.
        update: false,
        onConsoleLog: () => false,
        reporters: [{}],
      });
      const specifications = await vitest.globTestSpecifications();
      files = specifications.map(({ moduleId }) => moduleId.slice(process.cwd().length + 1));
      ended = vitest.runTestSpecifications(specifications.slice(0, 1)).then(({ unhandledErrors }) => {
        throw new Error(`vitest ended: ${unhandledErrors.map(String).join(', ')}`);
      });
      ended.catch(() => {});
      await heard();
    },

    async dryRun() {
      const { outcomes, coverage } = await ask({});
      const times = Object.fromEntries(outcomes.map(({ id, milliseconds }) => [id, milliseconds]));
      writeFileSync(timesFile, JSON.stringify(times));
      return { status: 'complete', tests: outcomes.map(toResult), mutantCoverage: coverage };
    },

    /** @param {MutantRun} run */
    async mutantRun({ testFilter, hitLimit = Number.POSITIVE_INFINITY, activeMutant }) {
      let [hits, ran] = [0, 0];
      for (const tests of inTurn(testFilter ?? [])) {
        const answer = await ask({ mutant: activeMutant.id, hitLimit, tests });
        if (answer.outcomes.length === 0) throw new Error('no test ran');
        hits += answer.hits;
        ran += answer.outcomes.length;
        if (answer.hits > hitLimit) return { status: 'timeout', reason: `reached ${hits} times` };
        const failed = answer.outcomes.find(({ error }) => error !== undefined);
        if (failed === undefined) continue;
        // What a mutant left behind in this process must not count against the next one: Stryker tries again in a
        // new process where this throws.
        const without = await ask({ tests: [failed.id] });
        if (without.outcomes.some(({ error }) => error !== undefined)) {
          throw new Error(`${failed.id} fails without a mutant too`);
        }
        return { status: 'killed', killedBy: [failed.id], failureMessage: failed.error, nrOfTests: ran };
      }
      return { status: 'survived', nrOfTests: ran };
    },

    async dispose() {
      channel.postMessage('end');
      await vitest.close();
      channel.close();
    },
  };
}

/**
 * Tests in the order in which they are tried: all quick ones at once, then each slow one by itself.
 *
 * @param {readonly string[]} tests
 */
function inTurn(tests) {
  /** @type {Record<string, number>} */
  const times = existsSync(timesFile) ? JSON.parse(readFileSync(timesFile, 'utf8')) : {};
  /** @param {string} test */
  const timeOf = test => times[test] ?? 0;
  const quick = tests.filter(test => timeOf(test) < QUICK);
  const slow = tests.filter(test => timeOf(test) >= QUICK).sort((a, b) => timeOf(a) - timeOf(b));
  return [...(quick.length > 0 ? [quick] : []), ...slow.map(test => [test])];
}

/** @param {string} id */
function fileOf(id) {
  return id.slice(0, id.indexOf('#'));
}

/** @param {Outcome} outcome */
function toResult({ id, name, file, milliseconds, error }) {
  const result = { id, name, fileName: file, timeSpentMs: milliseconds };
  // Stryker's TestStatus: 0 is success, 1 failure.
  return error === undefined ? { ...result, status: 0 } : { ...result, status: 1, failureMessage: error };
}
