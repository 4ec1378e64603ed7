import { callsOf, type Ipvs } from '../../client.ts';
import type { AdminState } from '../../director/policy/decide.ts';
import type { DirectorState } from '../../director/types.ts';
import type { Undrained } from '../../drain/drain.ts';
import type { Drained, DrainOptions } from '../../drain/types.ts';
import { destinationKey, serviceKey } from '../../model/identity.ts';
import { recordsDirectory } from '../../records/directory.ts';
import { askDirector, type ControlTarget, controlPaths, placesIn } from './control.ts';

/** The control sockets of the directors of a client's network namespace: of those that run, and of some that did. */
export async function directorsOf(ipvs: Ipvs): Promise<readonly string[]> {
  return controlPaths(await recordsDirectory(callsOf(ipvs), {}));
}

/** What directors that run have answered, and why others that run have not. */
export interface Answers<T> {
  readonly answers: readonly T[];
  readonly failures: readonly Error[];
}

/** Asks directors, all at once. One that fails keeps no other from answering; those that do not run answer nothing. */
async function askAll<T>(
  paths: readonly string[],
  ask: (path: string) => Promise<T | undefined>,
): Promise<Answers<T>> {
  const settled = await Promise.allSettled(paths.map(ask));
  return {
    answers: settled.flatMap(one =>
      one.status === 'fulfilled' && one.value !== undefined ? [one.value] : [],
    ),
    failures: settled.flatMap(one => (one.status === 'rejected' ? [one.reason as Error] : [])),
  };
}

/** The states of directors. */
export function directorStates(paths: readonly string[]): Promise<Answers<DirectorState>> {
  return askAll(paths, path => askDirector(path, { command: 'status' }));
}

/** Says something of destinations to the directors that have them. Each answers where they have what weight now. */
export function sayToDirectors(
  paths: readonly string[],
  target: ControlTarget,
  state: AdminState | null,
): Promise<Answers<readonly Undrained[]>> {
  return askAll(paths, async path => {
    const places = await askDirector(path, { command: 'admin', target, state });
    if (places === undefined || places.length === 0) return places && [];
    const now = await askDirector(path, { command: 'status' });
    const destinations = (now?.services ?? []).flatMap(({ service, destinations: rows }) =>
      rows.map(row => ({ service, ...row })),
    );
    return places.map(({ service, destination }): Undrained => {
      const isSame = (row: (typeof destinations)[number]) =>
        serviceKey(row.service) === serviceKey(service) &&
        destinationKey(row.destination) === destinationKey(destination);
      return { service, destination, weight: destinations.find(isSame)?.weight ?? 0 };
    });
  });
}

/** The options of a drain that a director does not heed, as the command names them. */
const unheeded: readonly (readonly [keyof DrainOptions, unknown, string])[] = [
  ['atDeadline', 'remove', '--cut'],
  ['setFallback', true, '--set-fallback'],
  ['force', true, '--force'],
];

/**
 * Drains by the directors that have the destinations. Where none of those that answer has one there is no answer.
 * Rejects where a director would not do what is asked.
 */
export async function drainByDirectors(
  paths: readonly string[],
  target: ControlTarget,
  options: DrainOptions,
): Promise<Answers<readonly Drained[]>> {
  const { deadline, idle, idleFor, setSettings, onProgress, signal } = options;
  const { answers: having, failures } = await askAll(paths, async path => {
    const state = await askDirector(path, { command: 'status' }, { signal });
    return state !== undefined && placesIn(state, target).length > 0 ? path : undefined;
  });
  const odd = unheeded.find(([name, value]) => options[name] === value);
  if (having.length > 0 && odd !== undefined) {
    const [, , word] = odd;
    throw new Error(
      `${word} does not go with a director that runs: it keeps what is drained, at weight 0 and as its file says`,
    );
  }
  const request = { command: 'drain', target, options: { deadline, idle, idleFor, setSettings } } as const;
  const drained = await askAll(having, path => askDirector(path, request, { onProgress, signal }));
  signal?.throwIfAborted();
  return { answers: drained.answers, failures: [...failures, ...drained.failures] };
}
