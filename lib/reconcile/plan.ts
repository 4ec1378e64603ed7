import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ServiceId } from '../model/identity.ts';
import { createAdditionReader } from './additions.ts';
import { planCommands } from './commands.ts';
import { formatPlan } from './format.ts';
import type { Planned } from './planner.ts';
import { PLAN_FORMAT, type Plan, type PlanData, type PlanOptions, type Step } from './types.ts';

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

/** Rows whose steps are made before the event loop has a turn. */
const SLICE = 500;

/** All that there is to do, in the order in which it is done. */
export async function allSteps({ additions, records, steps }: Planned): Promise<readonly Step[]> {
  const all: Step[] = [];
  const stepsOf = createAdditionReader(records);
  let turn = SLICE;
  for (const entry of additions) {
    all.push(...stepsOf(entry));
    if (all.length < turn) continue;
    turn = all.length + SLICE;
    await nextTurn();
  }
  return all.concat(steps);
}

/** The plan as it is shown. `desired`: the services that are desired, for an owner to claim. */
export async function planOf(
  planned: Planned,
  { owner }: PlanOptions,
  desired: () => readonly ServiceId[],
): Promise<Plan> {
  const { warnings, scope, refusals } = planned;
  return withWriters({
    formatVersion: PLAN_FORMAT,
    ...(owner !== undefined && { owner, services: desired() }),
    steps: await allSteps(planned),
    warnings,
    scope,
    refusals,
  });
}

/** A plan from its data, as it comes back from JSON. */
export function withWriters(data: PlanData): Plan {
  return Object.defineProperties({ ...data }, writers) as Plan;
}
