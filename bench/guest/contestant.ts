import type { Measurement, Task } from '../records.ts';

/** Somebody who does a task, measured beside the others. Lives for one size. */
export interface Contestant {
  readonly name: string;
  readonly task: Task;
  /**
   * It is JavaScript: it gets faster as it runs, and has an event loop that can be watched, in runs of their
   * own.
   */
  readonly javaScript: boolean;
  /** It takes many times as long as the others. */
  readonly slow: boolean;
  /** Does the task once in a namespace: one that is empty, for those that add, or that has the table. */
  run(netns: string, watched: boolean): Promise<readonly Measurement[]>;
  /** Ends it, and tells what it took of memory in all its runs, in KiB: at its start, and at most. */
  end(): Promise<{ readonly start: number; readonly peak: number }>;
}
