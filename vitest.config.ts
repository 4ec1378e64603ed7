import { defineConfig } from 'vitest/config';

/**
 * How long one test or hook may take. A limit is there for what hangs: a busy machine must not turn a test
 * red.
 */
const within = (seconds: number) => ({ testTimeout: seconds * 1000, hookTimeout: seconds * 1000 });

const forLabs = { fileParallelism: false, ...within(300) };

/**
 * `unit` runs anywhere; `kernel`, `lab` and `proof` run on a booted IPVS kernel (test/bed) and fail where
 * there is none. Forks, not threads: each file gets a process, and with it a network namespace, of its own.
 */
export default defineConfig({
  test: {
    pool: 'forks',
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
        test: {
          name: 'kernel',
          include: ['test/kernel/**/*.test.ts'],
          fileParallelism: false,
          ...within(120),
        },
      },
      {
        extends: true,
        test: {
          name: 'lab',
          include: ['test/lab/**/*.test.ts'],
          exclude: ['test/lab/proofs.test.ts'],
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
      { extends: true, test: { name: 'proof', include: ['test/lab/proofs.test.ts'], ...forLabs } },
    ],
  },
});
