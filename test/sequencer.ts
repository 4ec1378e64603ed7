import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Test files that take long, the longest first: begun last, they would run on while nothing else is left. */
const long = [
  'lab/labs',
  'kernel/cli',
  'kernel/sampler',
  'kernel/docs',
  'kernel/lifecycle',
  'lab/nat/nat',
  'kernel/cli-quick',
  'kernel/cli-rest',
  'kernel/cli-services',
  'kernel/drain',
  'kernel/cli-desired',
  'lab/docs',
  'kernel/dial',
  'kernel/desired-state',
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
