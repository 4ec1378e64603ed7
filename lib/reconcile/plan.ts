import type { ServiceId } from '../model/identity.ts';
import { planCommands } from './commands.ts';
import type { Draft } from './draft.ts';
import { formatPlan } from './format.ts';
import { refusalsOf } from './limits.ts';
import { PLAN_FORMAT, type Plan, type PlanData, type PlanOptions } from './types.ts';

/** The two ways to write a plan. Not enumerable: JSON and structuredClone() have the data alone. */
const writers: PropertyDescriptorMap & ThisType<Plan> = {
  toString: {
    value() {
      return formatPlan(this);
    },
  },
  commands: {
    value() {
      return planCommands(this);
    },
  },
};

/** The plan that a finished draft is. `desired`: the services that are desired, for an owner to claim. */
export function planOf(draft: Draft, options: PlanOptions, desired: readonly ServiceId[] = []): Plan {
  const { phases, warnings, services, destinations, removals } = draft;
  return withWriters({
    formatVersion: PLAN_FORMAT,
    ...(options.owner !== undefined && { owner: options.owner, services: desired }),
    steps: phases[0]!.concat(...phases.slice(1)), // several times as quick as flat()
    warnings,
    scope: { services, destinations, removals },
    refusals: refusalsOf(draft, options),
  });
}

/** A plan from its data, as it comes back from JSON. */
export function withWriters(data: PlanData): Plan {
  return Object.defineProperties({ ...data }, writers) as Plan;
}
