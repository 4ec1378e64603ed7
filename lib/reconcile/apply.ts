import type { Calls, CallsWithin, WriteAll } from '../calls/calls.ts';
import type { CallOptions } from '../calls/options.ts';
import { giveBack } from '../drain/running.ts';
import { IpvsError } from '../model/errors.ts';
import { copyServiceId, serviceKey } from '../model/identity.ts';
import type { TableEntry } from '../model/table.ts';
import { drainKey } from '../records/drains.ts';
import { type PlanSettings, readPlanOptions } from './options.ts';
import { allSteps, planOf } from './plan.ts';
import { beginReading, type Planning, planNow } from './planning.ts';
import { createDrainer } from './removals.ts';
import { isConflict, type Kernel, runSteps, type StepResult } from './run.ts';
import type {
  Applied,
  AppliedStep,
  ApplyDrainOptions,
  ApplyOptions,
  Plan,
  PlanData,
  PlanWarning,
} from './types.ts';

/** How often the table is read and planned for where other programs write meanwhile. */
const ROUNDS = 3;

/** Draws up a plan, and changes nothing. */
export async function plan(
  calls: Calls,
  desired: readonly TableEntry[],
  given?: ApplyOptions,
): Promise<Plan> {
  const settings = readPlanOptions(given);
  const reading = beginReading(desired, settings.scope);
  const planned = await planNow(calls, reading, settings, true);
  const { entries } = await reading.table;
  return planOf(planned, settings.options, () =>
    Array.from(entries.values(), ({ spec }) => copyServiceId(spec)),
  );
}

/** Makes the table what is desired. */
export async function applyDesired(
  calls: Calls,
  desired: readonly TableEntry[],
  given?: ApplyOptions,
): Promise<Applied> {
  const settings = readPlanOptions(given);
  const { signal, timeout, drain } = settings.options;
  return together(calls, drain !== undefined, async within => {
    const reading = beginReading(desired, settings.scope);
    const replan = () => planNow(within, reading, settings, false);
    const first = await replan();
    refuse(first);
    const kernel = kernelOf(calls, within.writeAll, drain, { signal, timeout });
    await kernel.drainer?.survey(first.steps);
    const table = await reading.table;
    const wanted = new Set(table.entries.keys());
    await first.claims.claim(wanted);
    const rounds = await runRounds(kernel, first, replan, settings);
    await first.claims.settle(wanted, servicesLeft(rounds), settings.options.partial);
    return appliedOf(rounds);
  });
}

/**
 * Does an apply's work. Closing the client waits for all of it, unless that could take as long as a drain:
 * then what comes after the closing rejects.
 */
export function together<T>(
  calls: Calls,
  drains: boolean,
  work: (within: CallsWithin) => Promise<T>,
): Promise<T> {
  return drains ? work(calls) : calls.together({ command: 'APPLY' }, work);
}

/** The kernel as steps are sent to it. */
export function kernelOf(
  calls: Calls,
  writeAll: WriteAll,
  drain: ApplyDrainOptions | undefined,
  options: CallOptions,
): Kernel {
  return {
    writeAll,
    errorOf: calls.errorOf,
    drainer: drain && createDrainer(calls, drain, options),
    giveBack(step) {
      if (step.kind !== 'change-destination') return;
      // A change that leaves weight 0, of a threshold say, is none of a drain's business.
      const { service, destination, changes } = step;
      if ((changes.weight?.to ?? 0) > 0) giveBack(calls, drainKey(service, destination));
    },
  };
}

/** Throws where a plan exceeds a limit. */
export function refuse({ refusals }: Pick<PlanData, 'refusals'>, force = false): void {
  const standing = refusals.filter(({ limit }) => !(force && limit === 'maxRemovals'));
  if (standing.length === 0) return;
  const message = standing.map(refusal => refusal.message).join('; ');
  throw new IpvsError('ERR_IPVS_LIMIT', `${message}: nothing was done`, { command: 'APPLY' });
}

interface Round {
  readonly warnings: readonly PlanWarning[];
  readonly results: readonly StepResult[];
}

/** Carries out a plan, and plans again where another program wrote meanwhile. */
async function runRounds(
  kernel: Kernel,
  first: Planning,
  replan: () => Promise<Planning>,
  { options: { signal, timeout } }: PlanSettings,
): Promise<readonly Round[]> {
  const rounds: Round[] = [];
  for (let planning = first; ; planning = await replan()) {
    const { warnings, refusals } = planning;
    if (rounds.length > 0 && refusals.length > 0) {
      // Too late to refuse the whole: what other programs did since asks for more than was allowed.
      const reason = refusals.map(({ message }) => message).join('; ');
      const steps = await allSteps(planning);
      rounds.push({ warnings, results: steps.map(step => ({ step, outcome: 'left-out', reason })) });
      return rounds;
    }
    const results = await runSteps(kernel, planning, { signal, timeout });
    rounds.push({ warnings, results });
    if (rounds.length === ROUNDS || !results.some(isConflict)) return rounds;
  }
}

/** The services whose removal did not succeed: they stay the owner's. */
function servicesLeft(rounds: readonly Round[]): readonly string[] {
  return rounds
    .at(-1)!
    .results.filter(({ step, outcome }) => step.kind === 'remove-service' && outcome !== 'done')
    .map(({ step }) => serviceKey(step.service));
}

function appliedOf(rounds: readonly Round[]): Applied {
  const steps = rounds.flatMap(({ results }, i) =>
    results.map(result => told(result, i + 1, i + 1 < rounds.length)),
  );
  const converged = rounds.at(-1)!.results.every(({ outcome }) => outcome === 'done');
  const keyOf = ({ service, message }: PlanWarning) => `${serviceKey(service)} ${message}`;
  const warnings = new Map(rounds.flatMap(({ warnings }) => warnings.map(told => [keyOf(told), told])));
  return { converged, rounds: rounds.length, steps, warnings: [...warnings.values()] };
}

/** A result as it is told: what did not fit, and was planned for again, is no failure. */
function told(result: StepResult, round: number, again: boolean): AppliedStep {
  const { step, outcome, error } = result;
  // A literal: there may be 100,000 steps, and nearly all of them are done.
  if (outcome === 'done') return { step, outcome, round };
  if (!again || !isConflict(result)) return { ...result, round };
  const reason = 'another program had written meanwhile, and a later round took its place';
  return { step, outcome: 'left-out', round, reason, ...(error !== undefined && { error }) };
}
