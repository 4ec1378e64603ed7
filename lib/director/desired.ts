import type { CheckPolicy, NamedCheck } from '../health/types.ts';
import { wrongType } from '../model/arguments.ts';
import { DEFAULT_WEIGHT, type DestinationSpec } from '../model/destination.ts';
import { type Fields, isObject } from '../model/fields.ts';
import { refusesClients } from '../model/hashing.ts';
import {
  copyDestinationId,
  copyServiceId,
  type DestinationId,
  destinationKey,
  type ServiceId,
} from '../model/identity.ts';
import { DEFAULT_SCHEDULER, type ServiceSpec } from '../model/service.ts';
import type { TableEntry } from '../model/table.ts';
import { type DesiredTable, readDesired } from '../reconcile/desired.ts';
import { type DesiredError, type DesiredProblem, desiredError } from '../reconcile/problems.ts';
import type { AdminState, DecisionPolicy } from './policy/decide.ts';
import { heedsWeights } from './policy/ramp.ts';
import { type ResolvedTarget, targetOf } from './target.ts';
import type { DirectedDestination, DirectedService, ServicePolicy } from './types.ts';
import { destinationKeys, policyKeys, problemsOf } from './validation.ts';

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
  const bare = desired.map(withoutPolicy);
  const table = await readDesired(bare, undefined).catch((error: DesiredError) => {
    if (error.code !== 'ERR_IPVS_DESIRED') throw error;
    problems.push(...error.problems.map(withPolicyKeys));
    return undefined;
  });
  for (const [i, service] of desired.entries())
    problems.push(...problemsOf(service, `desired[${i}]`, defaults));
  if (table === undefined || problems.length > 0) throw desiredError(inOrder(problems));
  return resolve(table, bare, desired, defaults);
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

function resolve(
  { entries }: DesiredTable,
  bare: readonly TableEntry[],
  desired: readonly DirectedService[],
  defaults: ServicePolicy,
): Directed {
  // The entries are in the order of the desired state: there were no duplicates.
  return new Map(
    Array.from(entries.keys(), (key, i) => {
      const { destinations: rows, ...rest } = bare[i]!;
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
