import { defineConfig } from 'vitest/config';

const forLabs = { fileParallelism: false, testTimeout: 300_000, hookTimeout: 300_000 };

/**
 * `unit` runs anywhere; `kernel`, `lab` and `proof` run on a booted IPVS kernel (test/bed) and fail where there is none. Forks, not
 * threads: each file gets a process, and with it a network namespace, of its own.
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
          testTimeout: 120_000,
          hookTimeout: 120_000,
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
      { extends: true, test: { name: 'proof', include: ['test/lab/proofs.test.ts'], ...forLabs } },
    ],
  },
});
