import { existsSync } from 'node:fs';
import type { FurtherCalls } from '../calls/call.ts';
import type { CallOptions } from '../calls/options.ts';
import { serviceKey } from '../model/identity.ts';
import { RECORDS_DIRECTORY, recordsDirectory } from '../records/directory.ts';
import { type DrainKeys, drainKey, removeDrains } from '../records/drains.ts';
import { isRemoval } from './removals.ts';
import type { AppliedStep, Step } from './types.ts';

/**
 * Forgets drains that began before an apply did (`begun`, as `sinceBoot()` counts), of what that has removed or given
 * a weight: whoever drains it again would go on with a clock that has run since then.
 */
export async function forgetDrains(
  calls: FurtherCalls,
  results: readonly AppliedStep[],
  begun: number,
  options: CallOptions,
): Promise<void> {
  if (!existsSync(RECORDS_DIRECTORY)) return;
  await removeDrains(await recordsDirectory(calls, options), () => keysOf(results), begun);
}

function keysOf(results: readonly AppliedStep[]): DrainKeys {
  const drains = new Set<string>();
  const services = new Set<string>();
  for (const { step, outcome } of results) {
    if (outcome !== 'done') continue;
    if (step.kind === 'remove-service') services.add(serviceKey(step.service));
    else if ('destination' in step && endsDrain(step)) drains.add(drainKey(step.service, step.destination));
  }
  return { drains, services };
}

/** Whether no drain of a destination goes on after a step: it is gone, or was given a weight. */
function endsDrain(step: Step): boolean {
  if (step.kind === 'change-destination') return (step.changes.weight?.to ?? 0) > 0;
  return isRemoval(step) || (step.kind === 'add-destination' && step.spec.weight !== 0);
}
