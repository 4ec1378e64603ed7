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

/** The states of those directors that run, and why others that run tell none. */
export async function directorStates(
  paths: readonly string[],
): Promise<{ readonly states: readonly DirectorState[]; readonly failures: readonly Error[] }> {
  const failures: Error[] = [];
  const states = await Promise.all(
    paths.map(path =>
      askDirector(path, { command: 'status' }).catch((error: Error) => void failures.push(error)),
    ),
  );
  return { states: states.filter(state => typeof state === 'object'), failures };
}

/** What came of something that was said to directors. */
export interface Said {
  /** The destinations that they have, with the weights of now; none where no director has any. */
  readonly said: readonly Undrained[];
  /** Why others that run did not hear it. */
  readonly failures: readonly Error[];
}

/** Says something of destinations to the directors that have them; undefined where none runs. */
export async function sayToDirectors(
  paths: readonly string[],
  target: ControlTarget,
  state: AdminState | null,
): Promise<Said | undefined> {
  const said: Undrained[] = [];
  const failures: Error[] = [];
  let running = 0;
  const tell = async (path: string) => {
    const places = await askDirector(path, { command: 'admin', target, state });
    if (places === undefined) return;
    running++;
    const now = places.length === 0 ? undefined : await askDirector(path, { command: 'status' });
    const destinations = (now?.services ?? []).flatMap(({ service, destinations: rows }) =>
      rows.map(row => ({ service, ...row })),
    );
    for (const { service, destination } of places) {
      const isSame = (row: (typeof destinations)[number]) =>
        serviceKey(row.service) === serviceKey(service) &&
        destinationKey(row.destination) === destinationKey(destination);
      said.push({ service, destination, weight: destinations.find(isSame)?.weight ?? 0 });
    }
  };
  for (const path of paths) await tell(path).catch((error: Error) => void failures.push(error));
  return running === 0 && failures.length === 0 ? undefined : { said, failures };
}

/** The options of a drain that a director does not heed, as the command names them. */
const unheeded: readonly (readonly [keyof DrainOptions, unknown, string])[] = [
  ['atDeadline', 'remove', '--cut'],
  ['setFallback', true, '--set-fallback'],
  ['force', true, '--force'],
];

/**
 * Drains by the directors that have the destinations; undefined where none has one. Rejects where a director would
 * not do what is asked.
 */
export async function drainByDirectors(
  paths: readonly string[],
  target: ControlTarget,
  options: DrainOptions,
): Promise<readonly Drained[] | undefined> {
  const { deadline, idle, idleFor, setSettings, onProgress, signal } = options;
  const having: string[] = [];
  for (const path of paths) {
    const state = await askDirector(path, { command: 'status' });
    if (state !== undefined && placesIn(state, target).length > 0) having.push(path);
  }
  if (having.length === 0) return undefined;
  const odd = unheeded.find(([name, value]) => options[name] === value);
  if (odd !== undefined) {
    const [, , word] = odd;
    throw new Error(
      `${word} does not go with a director that runs: it keeps what is drained, at weight 0 and as its file says`,
    );
  }
  const request = { command: 'drain', target, options: { deadline, idle, idleFor, setSettings } } as const;
  const drained = await Promise.all(having.map(path => askDirector(path, request, { onProgress, signal })));
  return drained.flatMap(results => results ?? []);
}
