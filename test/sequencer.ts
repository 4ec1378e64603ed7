import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Test files that take long, the longest first: begun last, they would run on while nothing else is left. */
const long = [
  'lab/labs',
  'kernel/cli',
  'kernel/cli-rest',
  'kernel/cli-services',
  'kernel/cli-quick',
  'kernel/lifecycle',
  'kernel/sampler',
  'kernel/desired-state',
  'kernel/lists',
].map(name => `/test/${name}.test.ts`);

/** Runs the test files that take long before the others of their group. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const place = long.findIndex(name => moduleId.endsWith(name));
      return place < 0 ? long.length : place;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}
