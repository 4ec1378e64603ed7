import type { DestinationSpec } from '../model/destination.ts';
import { copyServiceId, serviceKey } from '../model/identity.ts';
import type { ServiceSpec } from '../model/service.ts';
import { type DesiredEntry, type DesiredTable, rowOf } from './desired.ts';
import { draftService, newDraft } from './draft.ts';
import { planOf } from './plan.ts';
import { serviceRow } from './rows.ts';
import type { Scope } from './scope.ts';
import type { Plan, PlanOptions } from './types.ts';

/** Draws up a plan, as the services of a table come in, in any order. */
export interface Planner {
  /** The desired state of a service of the table, which is then taken for found. undefined: none is desired. */
  take(key: string): DesiredEntry | undefined;
  /** A service that `take` found and that is known to be as desired, with this many destinations. */
  same(destinations: number): void;
  /** A service of the table, with what `take` found for it. One that is not the caller's is left alone. */
  compare(
    actual: ServiceSpec,
    destinations: readonly DestinationSpec[],
    desired: DesiredEntry | undefined,
  ): void;
  /** Adds what was not found. */
  finish(): Plan;
}

/** Whose a service is that the desired state does not name. */
export interface Ownership {
  /** By `owns`. */
  readonly scope: Scope | undefined;
  /** By the record of what this owner applied before. */
  readonly claimed: ReadonlySet<string>;
}

export function createPlanner(desired: DesiredTable, ownership: Ownership, options: PlanOptions): Planner {
  const { scope, claimed } = ownership;
  const draft = newDraft();
  const missing = new Map(desired.entries);
  return {
    take(key) {
      const entry = missing.get(key);
      missing.delete(key);
      return entry;
    },
    same(destinations) {
      draft.services++;
      draft.destinations += destinations;
    },
    compare(actual, destinations, entry) {
      const owned = entry !== undefined || claimed.has(serviceKey(actual)) || scope?.(copyServiceId(actual));
      if (!owned) return;
      draftService(draft, serviceRow(actual, destinations), entry && rowOf(entry), options);
    },
    finish() {
      for (const entry of missing.values()) draftService(draft, undefined, rowOf(entry), options);
      return planOf(draft, options);
    },
  };
}

/** The plan from one table to another. */
export function planTable(
  actual: readonly (ServiceSpec & { readonly destinations: readonly DestinationSpec[] })[],
  desired: DesiredTable,
  ownership: Ownership,
  options: PlanOptions,
): Plan {
  const planner = createPlanner(desired, ownership, options);
  for (const service of actual) {
    planner.compare(service, service.destinations, planner.take(serviceKey(service)));
  }
  return planner.finish();
}
