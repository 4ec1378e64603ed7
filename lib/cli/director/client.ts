import { callsOf, type Ipvs } from '../../client.ts';
import type { AdminState } from '../../director/policy/decide.ts';
import type { DirectorState } from '../../director/types.ts';
import type { Undrained } from '../../drain/drain.ts';
import type { Drained, DrainOptions } from '../../drain/types.ts';
import { destinationKey, serviceKey } from '../../model/identity.ts';
import { recordsDirectory } from '../../records/directory.ts';
import { askDirector, type ControlTarget, controlPaths } from './control.ts';

/** The sockets of the directors of a client's network namespace. */
async function directorsOf(ipvs: Ipvs): Promise<readonly string[]> {
  return controlPaths(await recordsDirectory(callsOf(ipvs), {}));
}

/** The states of all directors that run. */
export async function directorStates(ipvs: Ipvs): Promise<readonly DirectorState[]> {
  const paths = await directorsOf(ipvs);
  const states = await Promise.all(paths.map(path => askDirector(path, { command: 'status' })));
  return states.filter(state => state !== undefined);
}

/**
 * Says something of destinations to the directors that have them. Returns where each has what it has now; nothing
 * where no director has any, undefined where none runs.
 */
export async function sayToDirectors(
  ipvs: Ipvs,
  target: ControlTarget,
  state: AdminState | null,
): Promise<readonly Undrained[] | undefined> {
  const said: Undrained[] = [];
  let running = 0;
  for (const path of await directorsOf(ipvs)) {
    const places = await askDirector(path, { command: 'admin', target, state });
    if (places === undefined) continue;
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
  }
  return running === 0 ? undefined : said;
}

/** Drains by the directors that have the destinations; undefined where none has one. */
export async function drainByDirectors(
  ipvs: Ipvs,
  target: ControlTarget,
  { deadline, onProgress, signal }: DrainOptions,
): Promise<readonly Drained[] | undefined> {
  const request = { command: 'drain', target, ...(deadline !== undefined && { deadline }) } as const;
  const paths = await directorsOf(ipvs);
  const drained = await Promise.all(paths.map(path => askDirector(path, request, onProgress, signal)));
  const all = drained.flatMap(results => results ?? []);
  return all.length === 0 ? undefined : all;
}
