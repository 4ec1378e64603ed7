import { natSteps, runNat } from './nat.ts';
import type { Report } from './report.ts';

/** What every lab takes from the command line. */
export interface LabOptions {
  readonly report: Report;
  readonly signal: AbortSignal;
  /** Steps to be left out; those that are not the lab's own do not concern it. */
  readonly leaveOut: readonly string[];
}

/** A lab that can be run by name. */
export interface Lab {
  readonly about: string;
  /** The steps that can be left out. */
  readonly steps: readonly string[];
  /** Resolves with whether it passed. */
  run(options: LabOptions): Promise<boolean>;
}

/** All labs, in the order they run in. */
export const labs: ReadonlyMap<string, Lab> = new Map([
  [
    'nat',
    {
      about: 'VS/NAT: two real servers behind a director that rewrites addresses both ways',
      steps: natSteps,
      async run({ report, signal, leaveOut }) {
        const result = await runNat({
          report,
          signal,
          leaveOut: natSteps.filter(step => leaveOut.includes(step)),
        });
        return result.passed;
      },
    },
  ],
]);
