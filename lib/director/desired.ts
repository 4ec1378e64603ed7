import { wholePolicy } from '../health/policy.ts';
import type { CheckPolicy, NamedCheck } from '../health/types.ts';
import { validateAddress } from '../model/address.ts';
import {
  contradiction,
  validateBoolean,
  validateChoice,
  validateInteger,
  validateObject,
  wrongType,
  wrongValue,
} from '../model/arguments.ts';
import { MAX_WEIGHT } from '../model/constants.ts';
import { DEFAULT_WEIGHT, type DestinationSpec } from '../model/destination.ts';
import { refusesClients } from '../model/hashing.ts';
import {
  copyDestinationId,
  copyServiceId,
  type DestinationId,
  destinationKey,
  type ServiceId,
} from '../model/identity.ts';
import { keysOf } from '../model/numbers.ts';
import { DEFAULT_SCHEDULER, type ServiceSpec } from '../model/service.ts';
import type { TableEntry } from '../model/table.ts';
import { type DesiredTable, readDesired } from '../reconcile/desired.ts';
import { type DesiredError, type DesiredProblem, desiredError, problemAt } from '../reconcile/problems.ts';
import { pathKey } from './paths.ts';
import type { AdminState, DecisionPolicy } from './policy/decide.ts';
import { heedsWeights } from './policy/ramp.ts';
import type { CheckAt, DirectedDestination, DirectedService, ServicePolicy } from './types.ts';

/** Where the checks of a destination go. */
export interface ResolvedTarget {
  readonly address: string;
  readonly port: number;
  readonly source?: string;
  /** The key of the path that they go through; absent: straight. */
  readonly path?: string;
}

/** A destination to be directed. */
export interface DirectedRow {
  readonly key: string;
  readonly destination: DestinationId;
  /** As `apply()` takes it. */
  readonly spec: DestinationSpec;
  readonly configured: number;
  readonly tier: number;
  readonly admin: AdminState;
  readonly checks: readonly NamedCheck[];
  readonly policy: CheckPolicy;
  readonly target: ResolvedTarget;
}

/** A service to be directed, its policy whole. */
export interface DirectedEntry {
  readonly key: string;
  readonly service: ServiceId;
  /** As `apply()` takes it, but for the destinations. */
  readonly spec: ServiceSpec;
  readonly rows: readonly DirectedRow[];
  readonly decision: DecisionPolicy;
  readonly slowStart: number;
  readonly onFailure: 'quiet' | 'remove' | undefined;
  /** Weight 0 refuses clients there. */
  readonly refusesClients: boolean;
}

/** A desired state that has been validated: services by their keys. */
export type Directed = ReadonlyMap<string, DirectedEntry>;

const checkingKeys = { checks: true, policy: true, target: true } as const;

export const policyKeys = keysOf<ServicePolicy>({
  ...checkingKeys,
  quorum: true,
  hysteresis: true,
  maxUnhealthy: true,
  slowStart: true,
  onFailure: true,
});

const destinationKeys = keysOf<Omit<DirectedDestination, keyof DestinationSpec>>({
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

/**
 * Validates a desired state, and fills in what services and destinations leave to others. Throws a
 * `DesiredError` with every problem.
 */
export async function readDirected(
  desired: readonly DirectedService[],
  defaults: ServicePolicy,
): Promise<Directed> {
  if (!Array.isArray(desired)) {
    throw wrongType('desired', 'an array of services, each with its destinations', desired);
  }
  const problems: DesiredProblem[] = [];
  const table = await readDesired(desired.map(withoutPolicy), undefined).catch((error: DesiredError) => {
    if (error.code !== 'ERR_IPVS_DESIRED') throw error;
    problems.push(...error.problems.map(withPolicyKeys));
    return undefined;
  });
  for (const [i, service] of desired.entries())
    problems.push(...problemsOf(service, `desired[${i}]`, defaults));
  if (table === undefined || problems.length > 0) throw desiredError(inOrder(problems));
  return resolve(table, desired, defaults);
}

/** What `apply()` has to take as it is. What is no object is left to it, to be refused. */
function withoutPolicy(given: DirectedService): TableEntry {
  const service: unknown = given;
  if (!isObject(service)) return given;
  const { destinations } = service;
  const rows = Array.isArray(destinations)
    ? (destinations as readonly unknown[]).map(row => (isObject(row) ? without(row, destinationKeys) : row))
    : destinations;
  return { ...without(service, policyKeys), destinations: rows } as TableEntry;
}

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function without(fields: Fields, keys: ReadonlySet<string>): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([key]) => !keys.has(key)));
}

/** What an option that a row does not have could have been, the director's options too. */
function withPolicyKeys({ path, message }: DesiredProblem): DesiredProblem {
  if (!/^\S+ has no option '/.test(message)) return { path, message };
  const keys = /^desired\[\d+\]$/.test(path)
    ? policyKeys
    : /^desired\[\d+\]\.destinations\[\d+\]$/.test(path)
      ? destinationKeys
      : [];
  return { path, message: [message, ...keys].join(', ') };
}

/** In the order of the desired state, each once. */
function inOrder(problems: readonly DesiredProblem[]): readonly DesiredProblem[] {
  const rank = ({ path }: DesiredProblem) => Number(/^desired\[(\d+)\]/.exec(path)?.[1] ?? -1);
  const unique = new Map(problems.map(problem => [problem.message, problem]));
  return [...unique.values()].toSorted((one, other) => rank(one) - rank(other));
}

/** What is wrong with what only a director looks at. */
function problemsOf(
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
  for (const validate of policyValidators('service', given, defaults.policy)) attempt(place, validate);
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

/** Checks of each field of a policy by itself. */
export function policyValidators(
  field: string,
  policy: ServicePolicy,
  usual: CheckPolicy = {},
): readonly (() => void)[] {
  const { quorum, hysteresis, maxUnhealthy, slowStart, onFailure } = policy;
  return [
    ...checkingValidators(field, policy, usual),
    () => quorum === undefined || validateInteger(`${field}.quorum`, quorum, 1, MAX_WEIGHT),
    () => {
      if (hysteresis === undefined) return;
      const most = Number.isInteger(quorum) ? (quorum as number) - 1 : 0;
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

const targetKeys = keysOf<CheckAt>({ address: true, port: true, source: true, through: true });

function checkingValidators(
  field: string,
  { checks, policy, target }: ServicePolicy,
  usual: CheckPolicy,
): readonly (() => void)[] {
  return [
    () => checks === undefined || validateChecks(`${field}.checks`, checks),
    () => policy === undefined || validatePolicy(`${field}.policy`, policy, usual),
    () => {
      if (target === undefined) return;
      validateObject(`${field}.target`, target, targetKeys);
      if (target.address !== undefined) validateAddress(`${field}.target.address`, target.address);
      if (target.port !== undefined) validateInteger(`${field}.target.port`, target.port, 1, 65_535);
      if (target.source !== undefined) validateAddress(`${field}.target.source`, target.source);
      if (target.through !== undefined) validateBoolean(`${field}.target.through`, target.through);
    },
  ];
}

/** Throws where a policy is wrong, or does not go with what it leaves to others. */
function validatePolicy(field: string, policy: CheckPolicy, usual: CheckPolicy): void {
  if (!isObject(policy)) throw wrongType(field, 'an object', policy);
  try {
    wholePolicy({ ...usual, ...policy });
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

/** Throws where a destination has checks and nobody knows where they go. */
function validateTarget(row: DirectedDestination, service: DirectedService, defaults: ServicePolicy): void {
  const checks = row.checks ?? service.checks ?? defaults.checks ?? [];
  if (checks.length === 0) return;
  const { through = false, address, port, source } = placeOf(row, service, defaults);
  if (through && (row.forwarding === 'local' || row.forwarding === 'bypass')) {
    throw contradiction(
      `destination.target.through: packets by forwarding '${row.forwarding}' reach no other machine`,
    );
  }
  if (address === undefined) {
    throw wrongValue('destination.target.address', 'be given: a service by mark has no address', address);
  }
  if (!port && [row, service, defaults].every(({ target }) => target?.port === undefined)) {
    const rule = `be given: the port ${port ?? 0} of the ${through ? 'service' : 'destination'} is none to check`;
    throw wrongValue('destination.target.port', rule, port ?? 0);
  }
  if (typeof source === 'string' && source.includes(':') !== address.includes(':')) {
    throw wrongValue('destination.target.source', `be of the family of ${address}`, source);
  }
}

/** Where checks go, by what a destination says, or its service, or the director. */
function placeOf(row: DirectedDestination, service: DirectedService, defaults: ServicePolicy): CheckAt {
  const said = { ...defaults.target, ...service.target, ...row.target };
  const { address, port } = said.through === true ? service : row;
  return { ...said, address: said.address ?? address, port: said.port ?? port };
}

function targetOf(
  row: DirectedDestination,
  service: DirectedService,
  defaults: ServicePolicy,
): ResolvedTarget {
  const { address = '', port = 0, source, through = false } = placeOf(row, service, defaults);
  return {
    address,
    port,
    ...(source !== undefined && { source }),
    ...(through && { path: pathKey(address, row) }),
  };
}

function resolve(
  { entries }: DesiredTable,
  desired: readonly DirectedService[],
  defaults: ServicePolicy,
): Directed {
  // The entries are in the order of the desired state: there were no duplicates.
  return new Map(
    Array.from(entries.values(), ({ key, spec }, i) => {
      const { destinations: rows, ...rest } = spec;
      return [key, resolveService(key, rest, rows, desired[i]!, defaults)] as const;
    }),
  );
}

function resolveService(
  key: string,
  spec: ServiceSpec,
  specs: readonly DestinationSpec[],
  given: DirectedService,
  defaults: ServicePolicy,
): DirectedEntry {
  const { scheduler = DEFAULT_SCHEDULER, schedulerFlags = [] } = spec;
  const from = <K extends keyof ServicePolicy>(name: K) => given[name] ?? defaults[name];
  return {
    key,
    service: copyServiceId(spec),
    spec,
    rows: specs.map((row, i) => resolveRow(row, given.destinations[i]!, given, defaults)),
    decision: {
      quorum: { weight: from('quorum') ?? 1, hysteresis: from('hysteresis') ?? 0 },
      maxUnhealthy: from('maxUnhealthy') ?? 0.5,
    },
    slowStart: heedsWeights(scheduler) ? (from('slowStart') ?? 0) : 0,
    onFailure: from('onFailure'),
    refusesClients: refusesClients(scheduler, schedulerFlags),
  };
}

function resolveRow(
  spec: DestinationSpec,
  given: DirectedDestination,
  service: DirectedService,
  defaults: ServicePolicy,
): DirectedRow {
  return {
    key: destinationKey(spec),
    destination: copyDestinationId(spec),
    spec,
    configured: spec.weight ?? DEFAULT_WEIGHT,
    tier: given.tier ?? 0,
    admin: given.admin ?? 'ready',
    checks: given.checks ?? service.checks ?? defaults.checks ?? [],
    policy: { ...defaults.policy, ...service.policy, ...given.policy },
    target: targetOf(given, service, defaults),
  };
}
