import type { Measurement, Task } from '../records.ts';

/** A program or a call that does a task and is measured. Lives for one size. */
export interface Contestant {
  readonly name: string;
  readonly task: Task;
  /** Whether it is JavaScript: faster as it runs on, and with an event loop, which extra runs watch. */
  readonly javaScript: boolean;
  /** Whether it takes many times as long as the others. */
  readonly slow: boolean;
  /** Does the task once in a namespace, which is empty for contestants that add and else has the table. */
  run(netns: string, watched: boolean): Promise<readonly Measurement[]>;
  /** Ends the contestant and returns its memory over all runs, in KiB: at its start, and at most. */
  end(): Promise<{ readonly start: number; readonly peak: number }>;
}
