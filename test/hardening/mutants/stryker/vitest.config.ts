import { join } from 'node:path';
import { defineConfig, type Plugin } from 'vitest/config';

const fewInputs = join(import.meta.dirname, 'few-inputs.ts');

/** Has tests get fast-check with few inputs. */
const withFewInputs: Plugin = {
  name: 'few inputs',
  enforce: 'pre',
  resolveId: (source, importer) =>
    source === 'fast-check' && importer !== fewInputs ? fewInputs : undefined,
};

/** The tests that judge mutants of lib/: those of its rooms and of what uses them, which start no program. */
export default defineConfig({
  plugins: [withFewInputs],
  test: {
    include: [
      'test/unit/{model,rules,reconcile}/**/*.test.ts',
      'test/unit/cli/{cli,desired,usual}.test.ts',
      'test/unit/calls/{arguments,kernel-error}.test.ts',
    ],
    // Those of much work take seconds, and notice what shorter ones do.
    testNamePattern: /^(?!.*100,000)/,
    isolate: false,
    testTimeout: 5000,
    hookTimeout: 5000,
  },
});
