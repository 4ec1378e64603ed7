import type { Calls } from '../calls/calls.ts';
import type { CallOptions } from '../calls/options.ts';
import {
  type Begun,
  beginDrains,
  refuseDrains,
  refusedDrain,
  type Survey,
  surveyDrains,
} from '../drain/begin.ts';
import { type DrainSettings, readDrainOptions } from '../drain/options.ts';
import { removeDrained } from '../drain/remove.ts';
import { type DrainTarget, readNow } from '../drain/sites.ts';
import type { Drained } from '../drain/types.ts';
import { awaitDrains, type FinishDrain } from '../drain/wait.ts';
import { contradiction } from '../model/arguments.ts';
import type { Destination } from '../model/destination.ts';
import { fallbackFlag, refusesClients } from '../model/hashing.ts';
import { copyDestinationId, destinationKey, serviceKey } from '../model/identity.ts';
import type { ServiceSpec } from '../model/service.ts';
import { drainKey, removeDrain } from '../records/drains.ts';
import type {
  AppliedStep,
  ApplyDrainOptions,
  RemoveDestinationStep,
  RemoveServiceStep,
  Step,
} from './types.ts';

/** A step that takes away a destination for good, or a service with all it has. */
export type Removal = RemoveDestinationStep | RemoveServiceStep;

const notInApply = ['signal', 'timeout', 'then'] as const;

/** Throws at drain options that are wrong, or that are the apply's own. */
export function validateDrain(drain: ApplyDrainOptions): void {
  for (const key of notInApply) {
    if (key in drain) throw contradiction(`options.drain has no option '${key}': an apply has its own`);
  }
  readDrainOptions(drain);
}

export function isRemoval(step: Step): step is Removal {
  return step.kind === 'remove-service' || (step.kind === 'remove-destination' && step.reason !== 'order');
}

/** What came of a removal: its outcome, or that nothing is in its way any more. */
export type Removed = Omit<AppliedStep, 'round'> | { readonly step: Removal; readonly ready: true };

/** Removes by draining first. */
export interface Drainer {
  /** Rejects where a drain could last for ever, before anything is done. */
  survey(steps: readonly Step[]): Promise<void>;
  /** Drains what steps remove. What was a destination is gone then; services are left for whoever calls. */
  drain(steps: readonly Removal[]): Promise<readonly Removed[]>;
}

export function createDrainer(calls: Calls, given: ApplyDrainOptions, call: CallOptions): Drainer {
  const options = readDrainOptions({ ...given, ...call });
  const surveyOf = (steps: readonly Removal[], changed?: ReadonlyMap<string, ServiceSpec>) =>
    surveyDrains(calls, steps.flatMap(targetsOf), options, 'those-there', changed);

  return {
    async survey(steps) {
      const changes = steps.filter(step => step.kind === 'change-service');
      const changed = new Map(changes.map(({ service, spec }) => [serviceKey(service), spec]));
      refuseDrains(await surveyOf(steps.filter(isRemoval), changed));
    },
    async drain(steps) {
      const survey = await surveyOf(steps);
      const refused = refusedSteps(steps, survey);
      const going = steps.filter(step => !refused.has(step));
      const begun = await beginDrains(calls, drainable(survey, going, options), options);
      const drained = await awaitDrains(calls, begun, options, finisher(calls, options, call));
      const results = new Map(drained.map(result => [keyOf(result), result]));
      const settled = await Promise.all(going.map(step => settle(begun, conclude(step, results))));
      return [...refused.values(), ...settled];
    },
  };

  /** Has a service stay that takes connections again; of one that goes, nothing stays recorded. */
  async function settle(begun: Begun, removed: Removed): Promise<Removed> {
    const { step } = removed;
    if (!('ready' in removed) || step.kind !== 'remove-service') return removed;
    const reason = whatStands(step, await readNow(calls.run, step.service, call));
    if (reason !== undefined) return { step, outcome: 'left-out', reason };
    const key = serviceKey(step.service);
    const ended = begun.drains
      .map(({ target }) => target)
      .filter(({ service }) => serviceKey(service) === key);
    await Promise.all(
      ended.map(({ service, destination }) => removeDrain(begun.directory, service, destination)),
    );
    return removed;
  }
}

function targetsOf(step: Removal): readonly DrainTarget[] {
  const { service } = step;
  if (step.kind === 'remove-destination') {
    return [{ service, destination: step.destination, leaves: 'destination' }];
  }
  return step.destinations.map(spec => ({
    service,
    destination: copyDestinationId(spec),
    leaves: 'service',
  }));
}

function keyOf({ service, destination }: Pick<DrainTarget, 'service' | 'destination'>): string {
  return drainKey(service, destination);
}

/** Steps whose drains could last for ever since another program wrote: nothing else is kept back for them. */
function refusedSteps(steps: readonly Removal[], { targets, traps }: Survey): ReadonlyMap<Removal, Removed> {
  const refusals = new Map(targets.map((target, i) => [keyOf(target), traps[i]!.refusals]));
  return new Map(
    steps.flatMap(step => {
      const found = targetsOf(step).flatMap(target => refusals.get(keyOf(target)) ?? []);
      if (found.length === 0) return [];
      return [[step, { step, outcome: 'failed', error: refusedDrain(found, 'it was not drained') }]];
    }),
  );
}

/** The destinations of steps whose weight 0 no client suffers from. */
function drainable(
  { targets, sites, traps }: Survey,
  steps: readonly Removal[],
  { setFallback }: DrainSettings,
): Survey {
  const going = new Set(steps.flatMap(targetsOf).map(keyOf));
  const kept = sites.map(({ service: { scheduler, schedulerFlags } }, i) => {
    if (!going.has(keyOf(targets[i]!))) return false;
    const refuses = targets[i]!.leaves === 'destination' && refusesClients(scheduler, schedulerFlags);
    return !refuses || (setFallback === true && fallbackFlag(scheduler) !== undefined);
  });
  return {
    targets: targets.filter((_, i) => kept[i]),
    sites: sites.filter((_, i) => kept[i]),
    traps: traps.filter((_, i) => kept[i]),
  };
}

/** Removes a destination when its drain ends; one of a service that goes is removed with that. */
function finisher(
  calls: Calls,
  { atDeadline }: DrainSettings,
  { signal, timeout }: CallOptions,
): FinishDrain {
  return async ({ target }, end) => {
    if (end === 'deadline' && atDeadline === 'give-up') return 'gave-up';
    // Should another of the service's give up, the service stays, and this one can be brought back.
    return target.leaves === 'service' ? 'kept' : removeDrained(calls, target, { signal, timeout });
  };
}

/** What a step came to by the drains of all it removes. */
function conclude(step: Removal, results: ReadonlyMap<string, Drained>): Removed {
  const drained = targetsOf(step).flatMap(target => results.get(keyOf(target)) ?? []);
  const standing = drained.find(({ outcome }) => outcome === 'returned' || outcome === 'gave-up');
  if (standing !== undefined) return { step, outcome: 'left-out', reason: reasonOf(standing) };
  // What was not drained is removed at once: it is gone already, or its weight 0 would refuse clients.
  if (step.kind === 'remove-service' || drained.length === 0) return { step, ready: true };
  return { step, outcome: 'done' };
}

/**
 * Why a service must not go, by its destinations as they are now: while some of it was drained, which may take
 * hours, others may have been added, or brought back.
 */
function whatStands({ destinations }: RemoveServiceStep, rows: readonly Destination[]): string | undefined {
  const known = new Set(destinations.map(destinationKey));
  for (const row of rows) {
    const key = destinationKey(row);
    if (!known.has(key)) return `it has got destination ${key} since`;
    if (row.weight > 0) return `destination ${key} takes connections again`;
  }
  return undefined;
}

function reasonOf(drained: Drained): string {
  const { outcome, activeConnections, inactiveConnections, persistentConnections } = drained;
  if (outcome === 'returned') return 'its drain was dropped: it was given a weight again';
  const counts = `${activeConnections} active, ${inactiveConnections} inactive and ${persistentConnections} persistent connections`;
  return `not idle at the deadline: ${counts} are left`;
}
