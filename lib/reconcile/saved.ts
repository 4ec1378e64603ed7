import type { Calls } from '../calls/calls.ts';
import { type OptionSet, validateOptions } from '../calls/options.ts';
import * as reads from '../calls/reads.ts';
import { validateObject, wrongType, wrongValue } from '../model/arguments.ts';
import { serviceKey } from '../model/identity.ts';
import { kernelOf, refuse, together } from './apply.ts';
import { ALREADY, fitSteps } from './fit.ts';
import { mistakeOf } from './parts.ts';
import { withWriters } from './plan.ts';
import { claimsOf } from './planning.ts';
import { desiredError, problemAt } from './problems.ts';
import { validateDrain } from './removals.ts';
import { runSteps } from './run.ts';
import {
  type Applied,
  type ApplyPlanOptions,
  PLAN_FORMAT,
  type Plan,
  type PlanData,
  type Step,
} from './types.ts';
import { writeOf } from './write.ts';

const optionSet: OptionSet = { keys: new Set(['signal', 'timeout', 'force', 'drain']), flags: ['force'] };

const planKeys = new Set(['formatVersion', 'owner', 'steps', 'warnings', 'scope', 'refusals']);

/**
 * A plan from its data, as `plan()` made it or JSON brought it back. Throws at what is no plan, or one of
 * another format; a step that says something wrong is told with its place.
 */
function readPlan(data: unknown): Plan {
  validateObject('plan', data, planKeys);
  const { formatVersion, steps } = data as Partial<PlanData>;
  if (formatVersion !== PLAN_FORMAT) {
    throw wrongValue('plan.formatVersion', `be ${PLAN_FORMAT}`, formatVersion);
  }
  if (!Array.isArray(steps)) throw wrongType('plan.steps', 'an array of steps', steps);
  const problems = (steps as readonly Step[]).flatMap((step, i) => {
    const error = errorOfStep(step);
    return error === undefined ? [] : [problemAt(`plan.steps[${i}]`, error)];
  });
  if (problems.length > 0) throw desiredError(problems);
  return withWriters(data as PlanData);
}

const kinds: Readonly<Record<Step['kind'], true>> = {
  'add-service': true,
  'change-service': true,
  'remove-service': true,
  'add-destination': true,
  'change-destination': true,
  'remove-destination': true,
};

/** What is wrong with a step; undefined where it can be carried out. */
function errorOfStep(step: Step): Error | undefined {
  if (typeof step !== 'object' || step === null) return wrongType('step', 'an object', step);
  if (!Object.hasOwn(kinds, step.kind)) {
    return wrongValue('step.kind', `be one of ${Object.keys(kinds).join(', ')}`, step.kind);
  }
  return mistakeOf(slot => writeOf(step).encode?.(slot));
}

/** Carries out a plan as far as it still fits the table. */
export async function applyPlan(calls: Calls, data: unknown, given: ApplyPlanOptions = {}): Promise<Applied> {
  const { signal, timeout } = validateOptions(given, optionSet);
  const { drain } = given;
  if (drain !== undefined) validateDrain(drain);
  const plan = readPlan(data);
  refuse(plan, given.force);
  const options = { signal, timeout };
  return together(calls, drain !== undefined, async within => {
    const claims = await claimsOf(within, plan.owner, options);
    claims.validate([], plan);
    const { steps, results, reliant } = fitSteps(
      plan.steps,
      await within.run(reads.snapshot(undefined), options),
    );
    const touched = plan.steps.map(({ service }) => serviceKey(service));
    await claims.claim(new Set([...claims.own, ...touched]));
    const kernel = kernelOf(calls, within.writeAll, drain, options);
    await kernel.drainer?.survey(steps);
    const all = [...results, ...(await runSteps(kernel, { steps, reliant }, options))];
    const resultOf = new Map(all.map(result => [result.step, result]));
    const gone = all.filter(({ step, outcome }) => step.kind === 'remove-service' && outcome !== 'failed');
    const removed = new Set(gone.map(({ step }) => serviceKey(step.service)));
    await claims.settle(new Set([...claims.own, ...touched].filter(key => !removed.has(key))), []);
    return {
      converged: all.every(({ outcome, reason }) => outcome === 'done' || reason === ALREADY),
      rounds: 1,
      steps: plan.steps.map(step => ({ ...resultOf.get(step)!, round: 1 })),
      warnings: plan.warnings,
    };
  });
}
