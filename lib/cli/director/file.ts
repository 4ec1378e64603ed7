import { readDirected } from '../../director/desired.ts';
import { readSettings } from '../../director/options.ts';
import { heedsWeights } from '../../director/policy/ramp.ts';
import type { DirectedService, DirectorOptions, Revision, ServicePolicy } from '../../director/types.ts';
import { policyKeys, policyValidators } from '../../director/validation.ts';
import { validateBoolean, validateObject } from '../../model/arguments.ts';
import { type Fields, isObject } from '../../model/fields.ts';
import type { DesiredError, DesiredProblem } from '../../reconcile/problems.ts';
import { readFileOf } from '../commands/desired-file.ts';
import { counted } from '../counted.ts';
import type { Shell } from '../terminal.ts';
import { readChecks } from './checks.ts';
import { atOption, problemOf } from './places.ts';

/** What a director's file says besides services. */
export type FileOptions = Pick<
  DirectorOptions,
  'owner' | 'maxRemovals' | 'drain' | 'initial' | 'suspicion' | 'drift' | 'driftInterval' | 'concurrency'
>;

/** A director's file. */
export interface DirectorFile extends Pick<Revision, 'desired' | 'force'> {
  readonly options: FileOptions;
}

const optionNames = [
  'owner',
  'maxRemovals',
  'drain',
  'initial',
  'suspicion',
  'drift',
  'driftInterval',
  'concurrency',
] as const satisfies readonly (keyof FileOptions)[];

/** What the data of a file has, before it is looked at. */
interface FileContent {
  /** Where services stand: `desired`, or `desired.services`. */
  readonly root: string;
  readonly services: readonly unknown[];
  readonly defaults: unknown;
  readonly force: unknown;
  readonly options: Fields;
}

/**
 * Reads a director's file: a list of services, or an object with `services`, `defaults` for them, and options of a
 * director. Throws an error that tells every problem with its place.
 */
export async function readDirectorFile(path: string, shell: Shell): Promise<DirectorFile> {
  const { content, place } = await readFileOf(path, shell, understand);
  const { root, services, defaults, force, options } = content;
  const problems: DesiredProblem[] = [...optionProblems(options), ...forceProblems(force)];
  const usual = readDefaults(defaults, problems);
  const desired = services.map((service, i) => readService(service, `${root}[${i}]`, usual, problems));
  await readDirected(desired, {}).catch((error: DesiredError) => {
    if (error.code !== 'ERR_IPVS_DESIRED') throw error;
    problems.push(...error.problems.map(problem => rooted(problem, root)));
  });
  if (problems.length > 0) throw new Error(mistakesText(problems.map(place)));
  return { desired, force: force as boolean | undefined, options: options as FileOptions };
}

/** What is wrong with the options of a file. */
function optionProblems(options: Fields): readonly DesiredProblem[] {
  return Object.entries(options).flatMap(([name, value]) => {
    const path = `desired.${name}`;
    if (!optionNames.includes(name as keyof FileOptions)) {
      const known = ['services', 'defaults', 'force', ...optionNames].join(', ');
      return [{ path, message: `${path} is no option of a director's file, which takes ${known}` }];
    }
    try {
      readSettings({ [name]: value });
      return [];
    } catch (error) {
      return [problemOf(error as Error, 'options', 'desired')];
    }
  });
}

function forceProblems(force: unknown): readonly DesiredProblem[] {
  const path = 'desired.force';
  try {
    if (force !== undefined) validateBoolean(path, force);
    return [];
  } catch (error) {
    return [{ path, message: (error as Error).message }];
  }
}

/** What services leave to a file's `defaults`, which are none where something is wrong with them. */
function readDefaults(defaults: unknown, problems: DesiredProblem[]): Fields {
  const root = 'desired.defaults';
  if (!isObject(defaults)) {
    problems.push({ path: root, message: `${root} must be an object, such as { checks: [tcp] }` });
    return {};
  }
  const usual = withChecks(defaults, root, problems);
  const before = problems.length;
  for (const validate of [() => validateObject(root, usual, policyKeys), ...policyValidators(root, usual)]) {
    try {
      validate();
    } catch (error) {
      problems.push(problemOf(error as Error, root, root));
    }
  }
  return problems.length === before ? usual : {};
}

function mistakesText(places: readonly string[]): string {
  const lineOf = (text: string) => Number(/^line (\d+): /.exec(text)?.[1] ?? 0);
  const unique = [...new Set(places)].toSorted((one, other) => lineOf(one) - lineOf(other));
  return [...unique, counted(unique.length, 'mistake')].join('\n');
}

/** A problem at the place that a service has in the file. */
function rooted({ path, message }: DesiredProblem, root: string): DesiredProblem {
  const move = (text: string) => text.replaceAll(/\bdesired(?=\[)/g, root);
  return atOption({ path: move(path), message: move(message) });
}

/** Sorts out what a file has. Throws where it is no director's. */
function understand(data: unknown): FileContent {
  if (Array.isArray(data))
    return { root: 'desired', services: data, defaults: {}, force: undefined, options: {} };
  if (!isObject(data) || !Array.isArray(data['services'])) {
    throw new Error(
      'it is neither a list of services, each with its destinations, nor an object with `services`',
    );
  }
  const { services, defaults = {}, force, ...options } = data;
  return { root: 'desired.services', services: services as readonly unknown[], defaults, force, options };
}

/** A service with its checks made, and what it leaves to the defaults filled in. */
function readService(
  given: unknown,
  place: string,
  usual: Fields,
  problems: DesiredProblem[],
): DirectedService {
  if (!isObject(given)) return given as DirectedService;
  const service = withChecks(given, place, problems);
  const { slowStart, policy, ...rest } = usual as ServicePolicy;
  const rows = service['destinations'];
  const scheduler = service['scheduler'];
  const shares = typeof scheduler === 'string' || scheduler === undefined ? heedsWeights(scheduler) : false;
  return {
    ...rest,
    ...(shares && slowStart !== undefined && { slowStart }),
    ...service,
    ...(policy !== undefined && { policy: withUsual(service['policy'], policy) }),
    destinations: Array.isArray(rows)
      ? (rows as readonly unknown[]).map((row, i) =>
          isObject(row) ? withChecks(row, `${place}.destinations[${i}]`, problems) : row,
        )
      : rows,
  } as DirectedService;
}

/** A policy with what it leaves to the usual one; what is no object is left to be refused. */
function withUsual(policy: unknown, usual: object): unknown {
  if (policy === undefined) return usual;
  return isObject(policy) ? { ...usual, ...policy } : policy;
}

/** The same with checks instead of what a file says of them. */
function withChecks(fields: Fields, place: string, problems: DesiredProblem[]): Fields {
  if (fields['checks'] === undefined) return fields;
  return { ...fields, checks: readChecks(fields['checks'], `${place}.checks`, problems) };
}
