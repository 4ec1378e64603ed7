import type { Plan, PlanOptions, TableEntry } from '../../../lib/index.ts';
import { copyServiceId } from '../../../lib/model/identity.ts';
import { readDesired } from '../../../lib/reconcile/desired.ts';
import { planOf } from '../../../lib/reconcile/plan.ts';
import { planTable } from '../../../lib/reconcile/planner.ts';
import { scopeOf } from '../../../lib/reconcile/scope.ts';

/** The plan from one table to another, without a kernel. `claimed` are the services in the owner's record. */
export async function planFor(
  actual: readonly TableEntry[],
  desired: readonly TableEntry[],
  options: PlanOptions = {},
  claimed: readonly string[] = [],
): Promise<Plan> {
  const scope = scopeOf(options.owns);
  const ownership = { scope, claimed: new Set(claimed) };
  const planned = await planTable(actual, await readDesired(desired, scope), ownership, options);
  return planOf(planned, options, () => desired.map(copyServiceId));
}
