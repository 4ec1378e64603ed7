import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Runs the files first that took the least time before: most mutants fail a short test, which ends their run. */
class ShortestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toReversed();
  }
}

/** The tests that judge mutants of lib/: those of its rooms and of what uses them, which start no program. */
export default defineConfig({
  test: {
    include: [
      'test/unit/{model,rules,reconcile}/**/*.test.ts',
      'test/unit/cli/{cli,desired,usual}.test.ts',
      'test/unit/calls/{arguments,kernel-error}.test.ts',
    ],
    setupFiles: ['test/hardening/mutants/stryker/same-inputs.ts'],
    sequence: { sequencer: ShortestFirst },
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
