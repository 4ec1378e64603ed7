import { setTimeout as sleep } from 'node:timers/promises';
import { aborted } from '../calls/abandoned.ts';
import type { Calls } from '../calls/calls.ts';
import type { Destination } from '../model/destination.ts';
import { IpvsError, type IpvsErrorCode } from '../model/errors.ts';
import { destinationKey, type ServiceId, serviceKey } from '../model/identity.ts';
import { sinceBoot } from '../records/clock.ts';
import { readDrain, removeDrain } from '../records/drains.ts';
import type { Begun, BegunDrain } from './begin.ts';
import { createEstimator, type Estimator } from './estimate.ts';
import { takeFallbackBack } from './fallback.ts';
import type { DrainSettings } from './options.ts';
import { addRunning, type RunningDrain } from './running.ts';
import { readNow } from './sites.ts';
import type { DrainCounts, Drained, DrainProgress } from './types.ts';

/** Why a drain ends: nothing is left, or the time is up. */
export type DrainEnd = 'idle' | 'deadline';

/** Does what is to be done with a destination whose drain ends, at once: what was read is true now. */
export type FinishDrain = (drain: BegunDrain, end: DrainEnd) => Promise<Drained['outcome']>;

/** Errors of a look that say nothing about the next one. */
const passing: ReadonlySet<IpvsErrorCode> = new Set(['ERR_IPVS_TIMEOUT', 'ERR_IPVS_UNSTABLE']);

/** How many looks at a service may fail so, one after another. */
const MOST_MISSED = 5;

interface Waiting {
  readonly drain: BegunDrain;
  readonly running: RunningDrain;
  readonly estimator: Estimator;
  /** Since when nothing is left, as performance.now() counts. */
  idleSince: number | undefined;
  counts: DrainCounts;
}

const nothing: DrainCounts = { activeConnections: 0, inactiveConnections: 0, persistentConnections: 0 };

/**
 * Looks at drained destinations until each is idle, back in use, gone, or its time is up. One that somebody
 * gave a weight again is left alone.
 */
export async function awaitDrains(
  calls: Calls,
  { directory, drains }: Begun,
  options: DrainSettings,
  finish: FinishDrain,
): Promise<readonly Drained[]> {
  const results = new Map<BegunDrain, Drained>();
  const { signal, timeout } = options;
  const waiting = new Set(
    drains.map((drain): Waiting => {
      const running = { returned: false };
      return { drain, running, estimator: createEstimator(), idleSince: undefined, counts: nothing };
    }),
  );
  const endings = Array.from(waiting, ({ drain, running }) => addRunning(calls, drain.key, running));
  const end = async (entry: Waiting, outcome: Drained['outcome'] | Promise<Drained['outcome']>) => {
    waiting.delete(entry);
    const { drain, counts } = entry;
    const { service, destination } = drain.target;
    const known = await outcome;
    // One that stays at weight 0 can be brought back: what its weight was stays recorded.
    const stays = known === 'kept' || known === 'gave-up';
    if (!stays && !(known === 'returned' && (await isDrainedAgain(directory, drain)))) {
      await removeDrain(directory, service, destination);
      if (drain.fallback) await takeFallbackBack(calls, service, { signal, timeout });
    }
    const elapsed = sinceBoot() - drain.started;
    results.set(drain, { service, destination, outcome: known, ...counts, elapsed, traps: drain.traps });
  };
  const missed = new Map<string, number>();
  /** Undefined: what keeps this look from succeeding may be over at the next one. */
  const readPatiently = async (service: ServiceId) => {
    const key = serviceKey(service);
    try {
      const rows = await readNow(calls.run, service, { signal, timeout });
      missed.delete(key);
      return rows;
    } catch (error) {
      const times = (missed.get(key) ?? 0) + 1;
      missed.set(key, times);
      if (times > MOST_MISSED || !(error instanceof IpvsError && passing.has(error.code))) throw error;
      return undefined;
    }
  };
  const look = async (entries: readonly Waiting[]) => {
    const { service } = entries[0]!.drain.target;
    const rows = await readPatiently(service);
    if (rows === undefined) return;
    await Promise.all(entries.map(entry => judge(entry, rows, options, finish, end)));
  };
  try {
    while (true) {
      await Promise.all(Array.from(byService(waiting), look));
      if (waiting.size === 0) return drains.map(drain => results.get(drain)!);
      await sleep(nextLook(waiting, options), undefined, { signal });
    }
  } catch (error) {
    if (signal?.aborted === true) throw aborted({ command: 'DRAIN' }, signal.reason, true);
    throw error;
  } finally {
    for (const takeOut of endings) takeOut();
  }
}

/** Whether another drain of a destination has begun since this one did: what is recorded is that one's. */
async function isDrainedAgain(
  directory: string,
  { target: { service, destination }, started }: BegunDrain,
): Promise<boolean> {
  const record = await readDrain(directory, service, destination);
  return record !== undefined && record.started !== started;
}

function byService(waiting: Iterable<Waiting>): Iterable<readonly Waiting[]> {
  const groups = new Map<string, Waiting[]>();
  for (const entry of waiting) {
    const key = serviceKey(entry.drain.target.service);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [entry]);
    else group.push(entry);
  }
  return groups.values();
}

/** Looks at one destination. Nothing is awaited between what was read and what is done about it. */
async function judge(
  entry: Waiting,
  rows: readonly Destination[],
  options: DrainSettings,
  finish: FinishDrain,
  end: (entry: Waiting, outcome: Drained['outcome'] | Promise<Drained['outcome']>) => Promise<void>,
): Promise<void> {
  const { drain, running } = entry;
  const key = destinationKey(drain.target.destination);
  const row = rows.find(found => destinationKey(found) === key);
  if (row === undefined) return end(entry, 'gone');
  if (row.weight > 0 || running.returned) return end(entry, 'returned');
  const { activeConnections, inactiveConnections, persistentConnections } = row;
  entry.counts = { activeConnections, inactiveConnections, persistentConnections };
  const progress = progressOf(entry, options);
  options.onProgress?.(progress);
  const now = performance.now();
  entry.idleSince = progress.waitingFor > 0 ? undefined : (entry.idleSince ?? now);
  if (entry.idleSince !== undefined && now - entry.idleSince >= options.idleFor) {
    return end(entry, finish(drain, 'idle'));
  }
  if (progress.left !== undefined && progress.left <= 0) {
    // A drain that is gone on with after its deadline could else never be found idle for `idleFor`.
    return end(entry, finish(drain, progress.waitingFor === 0 ? 'idle' : 'deadline'));
  }
}

function progressOf({ drain, counts, estimator }: Waiting, { deadline }: DrainSettings): DrainProgress {
  const { service, destination } = drain.target;
  const elapsed = sinceBoot() - drain.started;
  const waitingFor =
    counts.activeConnections +
    (drain.countsInactive ? counts.inactiveConnections : 0) +
    (drain.countsPersistent ? counts.persistentConnections : 0);
  return {
    service,
    destination,
    ...counts,
    waitingFor,
    elapsed,
    estimate: estimator.add(elapsed, waitingFor),
    left: deadline === undefined ? undefined : deadline - elapsed,
  };
}

/** Milliseconds until the next look: no later than something is due. */
function nextLook(waiting: Iterable<Waiting>, { poll, idleFor, deadline }: DrainSettings): number {
  const now = performance.now();
  let next = poll;
  for (const { drain, idleSince } of waiting) {
    if (idleSince !== undefined) next = Math.min(next, idleSince + idleFor - now);
    if (deadline !== undefined) next = Math.min(next, drain.started + deadline - sinceBoot());
  }
  return Math.max(1, Math.ceil(next));
}
