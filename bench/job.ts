import type { Library } from './guest/library.ts';
import type { Programs } from './guest/programs.ts';
import type { Plan } from './plan.ts';

/** The job of guest/main.ts. */
export interface Job {
  readonly plan: Plan;
  readonly programs: Programs;
  /** This library first, then other builds of it. */
  readonly libraries: readonly Library[];
}
