import { inspect } from 'node:util';
import type { Calls, CallsWithin, WriteAll } from '../calls/calls.ts';
import type { CallOptions } from '../calls/options.ts';
import { giveBack } from '../drain/running.ts';
import { IpvsError } from '../model/errors.ts';
import { copyServiceId, serviceKey } from '../model/identity.ts';
import type { TableEntry } from '../model/table.ts';
import { sinceBoot } from '../records/clock.ts';
import { drainKey } from '../records/drains.ts';
import { createAdditionReader } from './additions.ts';
import { forgetDrains } from './forget.ts';
import { readPlanOptions } from './options.ts';
import { allSteps, planOf } from './plan.ts';
import { beginReading, type Planning, planNow } from './planning.ts';
import { createDrainer } from './removals.ts';
import { isConflict, type Kernel, type Outcome, runSteps } from './run.ts';
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
    Array.from(entries.values(), ({ service }) => copyServiceId(service)),
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
    const begun = sinceBoot();
    const reading = beginReading(desired, settings.scope);
    const replan = () => planNow(within, reading, settings, false);
    const first = await replan();
    refuse(first);
    const kernel = kernelOf(calls, within.writeAll, drain, { signal, timeout });
    await kernel.drainer?.survey(first.steps);
    const table = await reading.table;
    const wanted = new Set(table.entries.keys());
    await first.claims.claim(wanted);
    const rounds = await runRounds(kernel, first, replan, { signal, timeout: timeout ?? calls.timeout });
    for (const { results } of rounds) await forgetDrains(within, results, begun, { signal, timeout });
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

interface Round extends Outcome {
  readonly warnings: readonly PlanWarning[];
  /** As `Planned` has them. */
  readonly records: Uint32Array;
}

/** Carries out a plan, and plans again where another program wrote meanwhile. */
async function runRounds(
  kernel: Kernel,
  first: Planning,
  replan: () => Promise<Planning>,
  options: CallOptions,
): Promise<readonly Round[]> {
  const rounds: Round[] = [];
  for (let planning = first; ; planning = await replan()) {
    const { warnings, refusals, records } = planning;
    const round = rounds.length + 1;
    if (rounds.length > 0 && refusals.length > 0) {
      // Too late to refuse the whole: what other programs did since asks for more than was allowed.
      const reason = refusals.map(({ message }) => message).join('; ');
      const steps = await allSteps(planning);
      const results = steps.map((step): AppliedStep => ({ step, outcome: 'left-out', round, reason }));
      rounds.push({ warnings, records, added: [], results });
      return rounds;
    }
    const outcome = await runSteps({ ...kernel, round }, planning, options);
    rounds.push({ warnings, records, ...outcome });
    if (rounds.length === ROUNDS || !outcome.results.some(isConflict)) return rounds;
  }
}

/** The services whose removal did not succeed: they stay the owner's. */
function servicesLeft(rounds: readonly Round[]): readonly string[] {
  return rounds
    .at(-1)!
    .results.filter(({ step, outcome }) => step.kind === 'remove-service' && outcome !== 'done')
    .map(({ step }) => serviceKey(step.service));
}

/** What an apply has done. Its steps are made when somebody looks at them: there may be 100,000. */
function appliedOf(rounds: readonly Round[]): Applied {
  const converged = rounds.at(-1)!.results.every(({ outcome }) => outcome === 'done');
  const keyOf = ({ service, message }: PlanWarning) => `${serviceKey(service)} ${message}`;
  const warnings = new Map(rounds.flatMap(({ warnings }) => warnings.map(told => [keyOf(told), told])));
  let untold = rounds;
  let steps: readonly AppliedStep[] = [];
  const applied: Applied = {
    converged,
    rounds: rounds.length,
    get steps() {
      if (untold.length > 0) steps = stepsOfRounds(untold);
      untold = []; // the records are no longer needed
      return steps;
    },
    warnings: [...warnings.values()],
  };
  // As Node.js shows any other object, to the depth that is left where this stands within one.
  return Object.defineProperty(applied, inspect.custom, { value: () => ({ ...applied }) });
}

/** Every step of every round. */
function stepsOfRounds(rounds: readonly Round[]): readonly AppliedStep[] {
  const told: AppliedStep[] = [];
  for (const [i, { added, records, results }] of rounds.entries()) {
    const stepsOf = createAdditionReader(records);
    for (const entry of added) {
      for (const step of stepsOf(entry)) told.push({ step, outcome: 'done', round: i + 1 });
    }
    for (const result of results) told.push(i + 1 < rounds.length ? superseded(result) : result);
  }
  return told;
}

/** A result as it is told where there was another round: what that planned for again is no failure. */
function superseded(result: AppliedStep): AppliedStep {
  const { step, error, round } = result;
  if (!isConflict(result)) return result;
  const reason = 'another program had written meanwhile, and a later round took its place';
  return { step, outcome: 'left-out', round, reason, ...(error !== undefined && { error }) };
}
