import type { Library } from './guest/library.ts';
import type { Programs } from './guest/programs.ts';
import type { Plan } from './plan.ts';

/** What guest/main.ts gets to do. */
export interface Job {
  readonly plan: Plan;
  readonly programs: Programs;
  /** This library, and other builds of it. */
  readonly libraries: readonly Library[];
}
