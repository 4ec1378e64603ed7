import { policyRules } from '../health/policy.ts';
import type { CheckPolicy } from '../health/types.ts';
import { validateChoice, validateInteger, wrongType, wrongValue } from '../model/arguments.ts';
import { MAX_WEIGHT } from '../model/constants.ts';
import type { DestinationSpec } from '../model/destination.ts';
import { isObject } from '../model/fields.ts';
import { keysOf } from '../model/numbers.ts';
import { DEFAULT_SCHEDULER } from '../model/service.ts';
import { type DesiredProblem, problemAt } from '../reconcile/problems.ts';
import type { AdminState } from './policy/decide.ts';
import { heedsWeights } from './policy/ramp.ts';
import { validateCheckAt, validateTarget } from './target.ts';
import type { DirectedDestination, DirectedService, ServicePolicy } from './types.ts';

const checkingKeys = { checks: true, policy: true, target: true } as const;

export const policyKeys = keysOf<ServicePolicy>({
  ...checkingKeys,
  quorum: true,
  hysteresis: true,
  maxUnhealthy: true,
  slowStart: true,
  onFailure: true,
});

export const destinationKeys = keysOf<Omit<DirectedDestination, keyof DestinationSpec>>({
  ...checkingKeys,
  tier: true,
  admin: true,
});

const adminStates: Readonly<Record<AdminState, number>> = { ready: 0, drain: 1, maintenance: 2 };

const failures = { quiet: 0, remove: 1 };

const MAX_TIER = 9;

/** The longest slow start, in milliseconds: a day. */
const MAX_SLOW_START = 86_400_000;

/** Returns what an operator may say of a destination; throws at anything else. */
export function validateAdmin(field: string, value: unknown): AdminState {
  validateChoice(field, value, adminStates);
  return value as AdminState;
}

/** What is wrong with what only a director looks at. */
export function problemsOf(
  given: DirectedService,
  place: string,
  defaults: ServicePolicy,
): readonly DesiredProblem[] {
  if (!isObject(given)) return [];
  const problems: DesiredProblem[] = [];
  const attempt = (at: string, validate: () => void) => {
    try {
      validate();
    } catch (error) {
      problems.push(problemAt(at, error as Error));
    }
  };
  for (const validate of policyValidators('service', given, defaults)) attempt(place, validate);
  // What is wrong with a service's policy is told once, and not at each destination that it is for.
  const isPolicy = !problems.some(({ path }) => path.startsWith(`${place}.policy`));
  attempt(place, () => {
    const { slowStart = defaults.slowStart ?? 0, scheduler } = given;
    // A default for all services is no mistake where one of them has no use for it.
    if (given.slowStart === undefined || slowStart === 0 || typeof scheduler === 'object') return;
    if (!heedsWeights(scheduler)) {
      const rule = `be 0 or left out under '${scheduler ?? DEFAULT_SCHEDULER}', which does not share by weight`;
      throw wrongValue('service.slowStart', rule, slowStart);
    }
  });
  if (!Array.isArray(given.destinations)) return problems;
  for (const [i, row] of (given.destinations as readonly DirectedDestination[]).entries()) {
    if (!isObject(row)) continue;
    const at = `${place}.destinations[${i}]`;
    const usual = { ...defaults.policy, ...(isPolicy && given.policy) };
    for (const validate of checkingValidators('destination', row, usual)) attempt(at, validate);
    attempt(at, () => row.tier === undefined || validateInteger('destination.tier', row.tier, 0, MAX_TIER));
    attempt(at, () => row.admin === undefined || validateAdmin('destination.admin', row.admin));
    attempt(at, () => validateTarget(row, given, defaults));
  }
  return problems;
}

/** Checks of each field of a policy, by itself or beside those that it leaves to the `usual` one. */
export function policyValidators(
  field: string,
  policy: ServicePolicy,
  usual: ServicePolicy = {},
): readonly (() => void)[] {
  const { quorum, maxUnhealthy, slowStart, onFailure } = policy;
  return [
    ...checkingValidators(field, policy, usual.policy),
    () => quorum === undefined || validateInteger(`${field}.quorum`, quorum, 1, MAX_WEIGHT),
    () => {
      const { hysteresis = usual.hysteresis } = policy;
      if (hysteresis === undefined) return;
      // As much as the quorum or more, and a service without any healthy server would stay up.
      const of = quorum ?? usual.quorum;
      const most = Number.isInteger(of) ? (of as number) - 1 : 0;
      validateInteger(`${field}.hysteresis`, hysteresis, 0, Math.max(0, most));
    },
    () => {
      if (maxUnhealthy === undefined) return;
      if (typeof maxUnhealthy !== 'number')
        throw wrongType(`${field}.maxUnhealthy`, 'a number', maxUnhealthy);
      if (!(maxUnhealthy >= 0 && maxUnhealthy <= 1)) {
        throw wrongValue(`${field}.maxUnhealthy`, 'be a part, from 0 to 1', maxUnhealthy);
      }
    },
    () => slowStart === undefined || validateInteger(`${field}.slowStart`, slowStart, 0, MAX_SLOW_START),
    () => onFailure === undefined || validateChoice(`${field}.onFailure`, onFailure, failures),
  ];
}

function checkingValidators(
  field: string,
  { checks, policy, target }: ServicePolicy,
  usual: CheckPolicy = {},
): readonly (() => void)[] {
  return [
    () => checks === undefined || validateChecks(`${field}.checks`, checks),
    ...policyRules.map(rule => () => {
      if (isObject(policy)) validatePolicy(`${field}.policy`, () => rule({ ...usual, ...policy }));
    }),
    () => {
      if (policy !== undefined && !isObject(policy)) throw wrongType(`${field}.policy`, 'an object', policy);
    },
    () => target === undefined || validateCheckAt(`${field}.target`, target),
  ];
}

/** Has errors about a policy name it as `field` does. */
function validatePolicy(field: string, validate: () => void): void {
  try {
    validate();
  } catch (error) {
    const { message } = error as Error;
    (error as Error).message = message.replace(/^policy\b|^(?=\w)/, found =>
      found === '' ? `${field}.` : field,
    );
    throw error;
  }
}

/** Throws unless a value is a list of checks. */
export function validateChecks(field: string, checks: unknown): void {
  if (!Array.isArray(checks)) throw wrongType(field, 'an array of checks', checks);
  for (const [i, check] of (checks as readonly unknown[]).entries()) {
    const isCheck =
      isObject(check) && typeof check['check'] === 'function' && typeof check['key'] === 'string';
    if (!isCheck) throw wrongType(`${field}[${i}]`, 'a check, such as tcpCheck()', check);
  }
}
