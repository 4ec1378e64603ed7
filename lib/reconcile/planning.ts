import { existsSync } from 'node:fs';
import type { FurtherCalls } from '../calls/call.ts';
import type { CallOptions } from '../calls/options.ts';
import { RECORDS_DIRECTORY, recordsDirectory } from '../records/directory.ts';
import type { DesiredTable } from './desired.ts';
import type { PlanSettings } from './options.ts';
import { type Claims, readClaims } from './ownership.ts';
import { createPlanner, type Planned } from './planner.ts';
import { planCall } from './read.ts';

/** A plan for the table as it was read just now, and who owns what of it. */
export interface Planning extends Planned {
  readonly claims: Claims;
}

/** Reads the table, and while the kernel is at it, who owns what; `desired` may still be being read too. */
export async function planNow(
  calls: FurtherCalls,
  desired: Promise<DesiredTable>,
  { options, scope }: PlanSettings,
  toShow: boolean,
): Promise<Planning> {
  const claims = claimsOf(calls, options.owner, options);
  const comparison = Promise.all([desired, claims]).then(([table, { own }]) => ({
    desired: table,
    planner: createPlanner(table, { scope, claimed: own }, options, toShow),
  }));
  const { signal, timeout } = options;
  const planned = await calls.run(planCall(comparison), { signal, timeout });
  (await claims).validate((await desired).entries.keys(), planned.steps);
  return { ...planned, claims: await claims };
}

/** Who owns what in the client's network namespace. */
export async function claimsOf(
  calls: FurtherCalls,
  owner: string | undefined,
  options: CallOptions,
): Promise<Claims> {
  if (owner === undefined && !existsSync(RECORDS_DIRECTORY)) return readClaims(RECORDS_DIRECTORY, undefined);
  return readClaims(await recordsDirectory(calls, options), owner);
}
