import type { Check, Report } from './report/report.ts';

/** How to run a lab. */
export interface LabOptions {
  readonly report: Report;
  readonly signal?: AbortSignal | undefined;
  /** Steps to be left out, to see what they are for. Names of other labs' steps are ignored. */
  readonly leaveOut?: readonly string[];
  /** Milliseconds that a request may take; default 5000. */
  readonly requestTimeout?: number;
  /**
   * Whether to send just enough traffic to prove the point, for tests, and not enough to be worth looking at.
   */
  readonly brief?: boolean;
}

/** Hosts, traffic between them, and a verdict. */
export interface Lab {
  readonly title: string;
  readonly about: string;
  /**
   * Each step that can be left out, with the checks that must fail then, and no others: what the step is for.
   */
  readonly proofs: Readonly<Record<string, readonly string[]>>;
  /** Resolves with the checks. Rejects when the lab could not be run. */
  run(options: LabOptions): Promise<readonly Check[]>;
}
