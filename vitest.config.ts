import { defineConfig } from 'vitest/config';
import { built } from './test/built.ts';
import { LongestFirst } from './test/sequencer.ts';

/**
 * How long one test or hook may take. A limit is there for what hangs: a busy machine must not turn a test
 * red.
 */
const within = (seconds: number) => ({ testTimeout: seconds * 1000, hookTimeout: seconds * 1000 });

/**
 * Emulated kernels have two processors, and the tests wait for much that takes none: three files at once are done
 * soonest, two are steadiest, which counts most where a failure costs most. A process that is done with one file goes
 * on with the next: vitest takes an emulated processor two seconds to load.
 */
const atOnce = { maxWorkers: process.env['CI'] ? 2 : 3, isolate: false, sequence: { groupOrder: 2 } };

/** What compares or times: these run by themselves. */
const alone = ['test/kernel/director-keepalived.test.ts'];

/** Labs, too: networks of their own, and long times of waiting. */
const forLabs = within(300);

/**
 * `unit` runs anywhere; `kernel`, `alone`, `lab` and `proof` run on a booted IPVS kernel (test/bed) and fail where
 * there is none. Each file makes a network namespace of its own. Several files of `kernel` and `lab` run at once; those of
 * `alone` change what namespaces share, and run before the others: modules, and, before 7.x, the table that each
 * namespace's dumps walk and count the rows of. A socket that a lab's lost host leaves behind keeps its namespace, and
 * ip_vs in use, for minutes.
 */
export default defineConfig({
  test: {
    pool: 'forks',
    sequence: { sequencer: LongestFirst },
    // Modules as transformed stay on disk: test/run.ts has them made before an emulated processor would have to. By
    // architecture, since another one has other packages, for which vitest would clear the cache.
    experimental: { fsModuleCache: true, fsModuleCachePath: `.cache/vitest/${process.arch}` },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          ...within(60),
          // What must not compile: @ts-expect-error lines, judged by the compiler.
          typecheck: { enabled: true, include: ['test/types/**/*.test-d.ts'] },
        },
      },
      {
        extends: true,
        plugins: [built(import.meta.dirname)],
        test: {
          name: 'kernel',
          include: ['test/kernel/**/*.test.ts'],
          exclude: ['test/kernel/alone/**', ...alone],
          ...atOnce,
          ...within(300),
        },
      },
      {
        extends: true,
        plugins: [built(import.meta.dirname)],
        test: {
          name: 'alone',
          include: ['test/kernel/alone/**/*.test.ts', ...alone],
          fileParallelism: false,
          // Not 0, the default: files without parallelism would then run last.
          sequence: { groupOrder: 1 },
          ...within(300),
        },
      },
      {
        extends: true,
        plugins: [built(import.meta.dirname)],
        test: {
          name: 'lab',
          include: ['test/lab/**/*.test.ts'],
          exclude: ['test/lab/proofs.test.ts'],
          ...atOnce,
          ...forLabs,
        },
      },
      {
        extends: true,
        test: {
          name: 'package',
          include: ['test/package/*.test.ts'],
          globalSetup: 'test/package/setup.ts',
          fileParallelism: false,
          ...within(600),
        },
      },
      {
        extends: true,
        test: {
          name: 'package-kernel',
          include: ['test/package/kernel/*.test.ts'],
          fileParallelism: false,
          ...within(300),
        },
      },
      {
        extends: true,
        plugins: [built(import.meta.dirname)],
        test: {
          name: 'proof',
          include: ['test/lab/proofs.test.ts'],
          fileParallelism: false,
          sequence: { groupOrder: 3 },
          ...forLabs,
        },
      },
    ],
  },
});
