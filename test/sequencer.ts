import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Test files that take long, the longest first: begun last, they would run on while nothing else is left. */
const long = [
  'lab/labs',
  'kernel/cli',
  'kernel/sampler',
  'kernel/docs',
  'kernel/director-traffic',
  'kernel/lifecycle',
  'kernel/dial',
  'kernel/drain',
  'lab/nat/nat',
  'lab/director/director',
  'kernel/cli-quick',
  'kernel/cli-rest',
  'kernel/cli-services',
  'kernel/boot',
  'kernel/examples',
  'kernel/desired-state',
  'lab/docs',
  'kernel/differential',
  'kernel/cli-desired',
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
