import type { DesiredService, Plan, PlanOptions } from '../../../lib/index.ts';
import { readDesired } from '../../../lib/reconcile/desired.ts';
import { planTable } from '../../../lib/reconcile/planner.ts';
import { scopeOf } from '../../../lib/reconcile/scope.ts';

/** The plan from one table to another, without a kernel. `claimed`: the services that the owner's record has. */
export async function planFor(
  actual: readonly DesiredService[],
  desired: readonly DesiredService[],
  options: PlanOptions = {},
  claimed: readonly string[] = [],
): Promise<Plan> {
  const scope = scopeOf(options.owns);
  return planTable(actual, await readDesired(desired, scope), { scope, claimed: new Set(claimed) }, options);
}
