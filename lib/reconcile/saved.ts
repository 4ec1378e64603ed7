import { putDestinationId, putServiceId } from '../addon/identity.ts';
import type { Calls } from '../calls/calls.ts';
import { type OptionSet, validateOptions } from '../calls/options.ts';
import * as reads from '../calls/reads.ts';
import * as writes from '../calls/writes.ts';
import { validateObject, wrongType, wrongValue } from '../model/arguments.ts';
import { isObject } from '../model/fields.ts';
import { copyDestinationId, type DestinationId, type ServiceId, serviceKey } from '../model/identity.ts';
import { sinceBoot } from '../records/clock.ts';
import { validateOwner } from '../records/owners.ts';
import { kernelOf, refuse, together } from './apply.ts';
import { ALREADY, fitSteps } from './fit.ts';
import { forgetDrains } from './forget.ts';
import { mistakeOf } from './parts.ts';
import { withWriters } from './plan.ts';
import { claimsOf, FEW } from './planning.ts';
import { type DesiredProblem, desiredError, problemAt } from './problems.ts';
import { readServices } from './read.ts';
import { validateDrain } from './removals.ts';
import { runSteps } from './run.ts';
import {
  type Applied,
  type AppliedStep,
  type ApplyPlanOptions,
  PLAN_FORMAT,
  type Plan,
  type PlanData,
  type PlanWarning,
  type Step,
} from './types.ts';
import { writeOf } from './write.ts';

const optionSet: OptionSet = { keys: new Set(['signal', 'timeout', 'force', 'drain']), flags: ['force'] };

const planKeys = new Set(['formatVersion', 'owner', 'services', 'steps', 'warnings', 'scope', 'refusals']);

/**
 * A plan from its data, as `plan()` made it or JSON brought it back. Throws at what is no plan, or one of
 * another format; a step that says something wrong is told with its place.
 */
function readPlan(data: unknown): Plan {
  validateObject('plan', data, planKeys);
  const { formatVersion, owner, services = [], steps, warnings, refusals } = data as Partial<PlanData>;
  if (formatVersion !== PLAN_FORMAT) {
    throw wrongValue('plan.formatVersion', `be ${PLAN_FORMAT}`, formatVersion);
  }
  if (owner !== undefined) validateOwner('plan.owner', owner);
  validateArray('plan.services', services);
  validateArray('plan.steps', steps);
  validateArray('plan.warnings', warnings);
  validateArray('plan.refusals', refusals);
  const problems = [
    ...(warnings as Plan['warnings']).flatMap(
      (warning, i) => problemOfWarning(`plan.warnings[${i}]`, warning) ?? [],
    ),
    ...(refusals as Plan['refusals']).flatMap(
      (refusal, i) => problemOfText(`plan.refusals[${i}]`, refusal) ?? [],
    ),
    ...services.flatMap((service, i) => problemOfId(`plan.services[${i}]`, service) ?? []),
    ...(steps as readonly Step[]).flatMap((step, i) => problemOfStep(`plan.steps[${i}]`, step) ?? []),
  ];
  if (problems.length > 0) throw desiredError(problems);
  return withWriters(data as PlanData);
}

function validateArray(field: string, value: unknown): void {
  if (!Array.isArray(value)) throw wrongType(field, 'an array', value);
  for (const [i, element] of value.entries()) {
    if (!isObject(element)) throw wrongType(`${field}[${i}]`, 'an object', element);
  }
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
function problemOfStep(place: string, step: Step): DesiredProblem | undefined {
  if (!Object.hasOwn(kinds, step.kind)) {
    const rule = `be one of ${Object.keys(kinds).join(', ')}`;
    return problemAt(place, wrongValue('step.kind', rule, step.kind));
  }
  const error = mistakeOf(slot => writeOf(step).encode?.(slot));
  return error === undefined ? problemOfRest(place, step) : problemAt(place, error);
}

/** What is wrong with what is not sent of a step, and looked at all the same. */
function problemOfRest(place: string, step: Step): DesiredProblem | undefined {
  switch (step.kind) {
    case 'remove-service':
      return problemOfDestinations(`${place}.destinations`, step.destinations);
    case 'remove-destination': {
      // As a step that adds it would be sent: its service's family is judged too.
      const error = mistakeOf(slot => writes.addDestination(step.service, step.spec).encode?.(slot));
      return error && problemAt(`${place}.spec`, error);
    }
    case 'change-service':
    case 'change-destination':
      return problemOfChanges(`${place}.changes`, step.changes);
    default:
      return undefined;
  }
}

function problemOfDestinations(path: string, destinations: unknown): DesiredProblem | undefined {
  if (!Array.isArray(destinations)) return problemOf(path, 'an array', destinations);
  for (const [i, destination] of destinations.entries()) {
    const place = `${path}[${i}]`;
    if (!isObject(destination)) return problemOf(place, 'an object', destination);
    const error = mistakeOf(slot =>
      putDestinationId(slot, copyDestinationId(destination as unknown as DestinationId)),
    );
    if (error !== undefined) return problemAt(place, error);
  }
  return undefined;
}

function problemOfChanges(path: string, changes: unknown): DesiredProblem | undefined {
  if (!isObject(changes)) return problemOf(path, 'an object', changes);
  for (const [field, change] of Object.entries(changes)) {
    if (change !== undefined && !isObject(change)) return problemOf(`${path}.${field}`, 'an object', change);
  }
  return undefined;
}

function problemOfWarning(place: string, warning: PlanWarning): DesiredProblem | undefined {
  return problemOfText(place, warning) ?? problemOfId(place, warning.service);
}

function problemOfText(
  place: string,
  { message }: { readonly message: unknown },
): DesiredProblem | undefined {
  return typeof message === 'string' ? undefined : problemOf(`${place}.message`, 'a text', message);
}

function problemOfId(place: string, service: ServiceId): DesiredProblem | undefined {
  const error = mistakeOf(slot => putServiceId(slot, service));
  return error && problemAt(place, error);
}

function problemOf(path: string, expected: string, value: unknown): DesiredProblem {
  return { path, message: wrongType(path, expected, value).message };
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
    const begun = sinceBoot();
    const claims = await claimsOf(within, plan.owner, options);
    const desired = new Set(plan.services?.map(serviceKey));
    claims.validate(desired, plan.steps);
    const services = new Map(plan.steps.map(({ service }) => [serviceKey(service), service]));
    const touched = [...services.keys()];
    // Of an owner's plan it has to be known what else of the owner's is there.
    const isFew = plan.owner === undefined && services.size <= FEW.whole;
    const table = await (isFew
      ? readServices(within, [...services.values()], options)
      : within.run(reads.snapshot(undefined), options));
    const { steps, results, reliant } = fitSteps(plan.steps, table);
    const kernel = kernelOf(calls, within.writeAll, drain, options);
    await kernel.drainer?.survey(steps);
    await claims.claim(new Set([...desired, ...touched]));
    const patient = { signal, timeout: timeout ?? calls.timeout };
    const ran = await runSteps({ ...kernel, round: 1 }, { steps, reliant }, patient);
    await forgetDrains(within, ran.results, begun, options);
    const all = [...results, ...ran.results];
    const resultOf = new Map(all.map(result => [result.step, result]));
    const isThus = ({ outcome, reason }: AppliedStep) => outcome === 'done' || reason === ALREADY;
    const gone = all.filter(result => result.step.kind === 'remove-service' && isThus(result));
    const removed = new Set(gone.map(({ step }) => serviceKey(step.service)));
    // What the owner had before stays its own while it is there: another apply may have added it since.
    const present = new Set(table.map(serviceKey));
    const before = [...claims.own].filter(key => plan.services === undefined || present.has(key));
    const has = [...desired, ...touched, ...before].filter(key => !removed.has(key));
    await claims.settle(new Set(has), []);
    return {
      converged: all.every(isThus),
      rounds: 1,
      steps: plan.steps.map(step => resultOf.get(step)!),
      warnings: plan.warnings,
    };
  });
}
