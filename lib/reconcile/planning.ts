import { existsSync } from 'node:fs';
import type { FurtherCalls } from '../calls/call.ts';
import type { CallOptions } from '../calls/options.ts';
import type { TableEntry } from '../model/table.ts';
import { RECORDS_DIRECTORY, recordsDirectory } from '../records/directory.ts';
import { type DesiredTable, readDesired } from './desired.ts';
import type { PlanSettings } from './options.ts';
import { type Claims, readClaims } from './ownership.ts';
import { createPlanner, type Planned } from './planner.ts';
import { type Comparison, planCall, planServices } from './read.ts';
import type { Scope } from './scope.ts';

/** A plan for the table as it was read just now, and who owns what of it. */
export interface Planning extends Planned {
  readonly claims: Claims;
}

/** A desired state that is being validated. */
export interface DesiredReading {
  readonly table: Promise<DesiredTable>;
  /** How many services it names. */
  readonly services: number;
}

/** Begins to validate a desired state. */
export function beginReading(desired: readonly TableEntry[], scope: Scope | undefined): DesiredReading {
  const table = readDesired(desired, scope);
  table.catch(() => {}); // whoever awaits the plan hears of it
  return { table, services: Array.isArray(desired) ? desired.length : 0 };
}

/**
 * The most services that are read one by one. That takes two questions each, where the whole table takes one and
 * one more for each service, so that it loses a little where there are no others, and much is won where there are
 * many. Of `partial` it is known that there are.
 */
export const FEW = { whole: 64, partial: 1000 } as const;

/**
 * Reads what of the table is the caller's, and draws up a plan. The whole table while `desired` is still being
 * read too, unless that is known to name all there is to look at, and few.
 */
export async function planNow(
  calls: FurtherCalls,
  { table: desired, services }: DesiredReading,
  { options, scope }: PlanSettings,
  toShow: boolean,
): Promise<Planning> {
  const { owner, partial = false, signal, timeout } = options;
  const reading = claimsOf(calls, owner, options);
  reading.catch(() => {}); // where the table can't be read either, that is told
  // A part is compared whoever owns what, and need not wait for that.
  const claimed = partial ? none : reading.then(({ own }) => own);
  const comparison = Promise.all([desired, claimed]).then(
    ([table, claimed]): Comparison => ({
      desired: table,
      planner: createPlanner(table, { scope, claimed }, options, toShow),
    }),
  );
  comparison.catch(() => {});
  const most = partial ? FEW.partial : FEW.whole;
  const isFew = scope === undefined && services > 0 && services <= most && (await namesAll());
  const planned = await (isFew
    ? planServices(calls, await comparison, { signal, timeout })
    : calls.run(planCall(comparison), { signal, timeout }));
  const claims = await reading;
  claims.validate((await desired).entries.keys(), planned.steps);
  return { ...planned, claims };

  /** Whether what the owner has applied before is desired too. */
  async function namesAll(): Promise<boolean> {
    if (partial) return true;
    const [{ entries }, { own }] = await Promise.all([desired, reading]);
    return [...own].every(key => entries.has(key));
  }
}

const none: ReadonlySet<string> = new Set();

/** Who owns what in the client's network namespace. */
export async function claimsOf(
  calls: FurtherCalls,
  owner: string | undefined,
  options: CallOptions,
): Promise<Claims> {
  if (owner === undefined && !existsSync(RECORDS_DIRECTORY)) return readClaims(RECORDS_DIRECTORY, undefined);
  return readClaims(await recordsDirectory(calls, options), owner);
}
