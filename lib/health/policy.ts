import { validateInteger, validateObject, wrongType, wrongValue } from '../model/arguments.ts';
import { keysOf } from '../model/numbers.ts';
import type { CheckAnswer, CheckPolicy, CheckResult, HealthState, TargetHealth } from './types.ts';

/** A policy of which nothing is left out. */
export type WholePolicy = { readonly [Key in keyof CheckPolicy]-?: Exclude<CheckPolicy[Key], undefined> };

const policyKeys = keysOf<CheckPolicy>({
  interval: true,
  fasterInterval: true,
  timeout: true,
  rise: true,
  fall: true,
  jitter: true,
  first: true,
});

/** A day in milliseconds. */
const LONGEST = 86_400_000;

const states: ReadonlySet<unknown> = new Set<HealthState>(['unknown', 'up', 'down']);

const DEFAULT_INTERVAL = 5000;

/** Each throws where a policy breaks it: an `InvalidArgumentError` that names the field. */
export const policyRules: readonly ((policy: CheckPolicy) => void)[] = [
  policy => validateObject('policy', policy, policyKeys),
  ({ interval = DEFAULT_INTERVAL }) => validateInteger('interval', interval, 1, LONGEST),
  ({ interval = DEFAULT_INTERVAL, fasterInterval }) => {
    if (fasterInterval === undefined) return;
    validateInteger('fasterInterval', fasterInterval, 1, LONGEST);
    if (fasterInterval > interval) {
      throw wrongValue('fasterInterval', `be at most interval, which is ${interval}`, fasterInterval);
    }
  },
  ({ timeout = 1 }) => validateInteger('timeout', timeout, 1, LONGEST),
  ({ rise = 1 }) => validateInteger('rise', rise, 1, 1000),
  ({ fall = 1 }) => validateInteger('fall', fall, 1, 1000),
  ({ jitter = 0 }) => {
    if (typeof jitter !== 'number') throw wrongType('jitter', 'a number', jitter);
    if (!(jitter >= 0 && jitter <= 1)) throw wrongValue('jitter', 'be between 0 and 1', jitter);
  },
  ({ first = 'unknown' }) => {
    if (!states.has(first)) throw wrongValue('first', "be 'unknown', 'up' or 'down'", first);
  },
];

/** Returns the policy with its defaults; throws at the first rule that it breaks. */
export function wholePolicy(policy: CheckPolicy): WholePolicy {
  for (const validate of policyRules) validate(policy);
  const {
    interval = DEFAULT_INTERVAL,
    fasterInterval = Math.min(1000, interval),
    timeout = 2000,
    rise = 3,
    fall = 2,
    jitter = 0.1,
    first = 'unknown',
  } = policy;
  return { interval, fasterInterval, timeout, rise, fall, jitter, first };
}

/** What is known of a target before its first result. */
export function firstHealth(policy: WholePolicy, now: number): TargetHealth {
  return { state: policy.first, since: now, consecutive: 0 };
}

/** What is known after one more result. */
export function nextHealth(before: TargetHealth, result: CheckResult, policy: WholePolicy): TargetHealth {
  const { passed, reason, ms, time } = result;
  const consecutive = passed === before.passed ? before.consecutive + 1 : 1;
  const state = nextState(before.state, passed, consecutive, policy);
  const answer = passed ? mergeAnswers(before.answer, result.answer) : before.answer;
  return {
    state,
    since: state === before.state ? before.since : time,
    passed,
    consecutive,
    ...(answer === undefined ? {} : { answer }),
    ...(reason === undefined ? {} : { reason }),
    lastMs: ms,
  };
}

function nextState(
  state: HealthState,
  passed: boolean,
  consecutive: number,
  { rise, fall }: WholePolicy,
): HealthState {
  if (state === 'unknown') return passed ? 'up' : 'down';
  if (passed) return consecutive >= rise ? 'up' : state;
  return consecutive >= fall ? 'down' : state;
}

/** What was said last on each point: one that a check doesn't mention stays. */
function mergeAnswers(
  before: CheckAnswer | undefined,
  now: CheckAnswer | undefined,
): CheckAnswer | undefined {
  const factor = now?.factor ?? before?.factor;
  const admin = now?.admin ?? before?.admin;
  const detail = now?.detail;
  if (factor === undefined && admin === undefined && detail === undefined) return undefined;
  return {
    ...(factor === undefined ? {} : { factor }),
    ...(admin === undefined ? {} : { admin }),
    ...(detail === undefined ? {} : { detail }),
  };
}

/** Whether the next result may change the state, so that it is wanted soon. */
function isOnTheWay({ state, passed }: TargetHealth): boolean {
  return state === 'unknown' || (passed !== undefined && passed !== (state === 'up'));
}

/** Milliseconds from the begin of a check to that of the next. `random` is from 0 to 1. */
export function nextDelay(
  health: TargetHealth,
  policy: WholePolicy,
  random: number,
  isRefused = false,
): number {
  const { interval, fasterInterval, jitter } = policy;
  const base = isRefused || isOnTheWay(health) ? fasterInterval : interval;
  return base * (1 + jitter * (2 * random - 1));
}

/** Milliseconds until the first check: those of many targets spread. `random` is from 0 to 1. */
export function firstDelay({ fasterInterval, jitter }: WholePolicy, random: number): number {
  return jitter === 0 ? 0 : fasterInterval * random;
}
