import type { Calls } from '../calls/calls.ts';
import { writeSettings } from '../calls/files.ts';
import type { CallOptions } from '../calls/options.ts';
import * as writes from '../calls/writes.ts';
import { IpvsError } from '../model/errors.ts';
import { serviceKey } from '../model/identity.ts';
import { formatSettings, SETTINGS_DIRECTORY, settingName } from '../proc/settings.ts';
import { sinceBoot } from '../records/clock.ts';
import { RECORDS_DIRECTORY, recordsDirectory } from '../records/directory.ts';
import { type DrainRecord, drainKey, readDrains, writeDrain } from '../records/drains.ts';
import { lendFallback, servicesOnLoan } from './fallback.ts';
import type { DrainSettings } from './options.ts';
import { isGone } from './remove.ts';
import { type DrainTarget, readSites } from './sites.ts';
import { countsActive, type DrainSite, findTraps, persistenceFeeds, type Traps } from './traps.ts';
import type { DrainTrap } from './types.ts';

/** A drain that has begun. */
export interface BegunDrain {
  readonly target: DrainTarget;
  readonly key: string;
  /** As `sinceBoot()` counts. */
  readonly started: number;
  /** As `DrainRecord` has it. */
  readonly fallback: boolean;
  readonly traps: readonly DrainTrap[];
  /** Whether connections that are not established are waited for, and clients that persistence binds. */
  readonly countsInactive: boolean;
  readonly countsPersistent: boolean;
}

/** The drains of one call. */
export interface Begun {
  /** Where they are recorded. */
  readonly directory: string;
  readonly drains: readonly BegunDrain[];
}

/** Destinations that are to be drained, with what stands in the way of each. */
export interface Survey {
  readonly targets: readonly DrainTarget[];
  readonly sites: readonly DrainSite[];
  readonly traps: readonly Traps[];
}

/**
 * Looks at what stands in the way of drains, and begins none. Rejects where one would be refused, and as
 * `readSites`.
 */
export async function surveyDrains(
  calls: Calls,
  targets: readonly DrainTarget[],
  options: DrainSettings,
  which: 'all' | 'those-there' = 'all',
): Promise<Survey> {
  const call = { signal: options.signal, timeout: options.timeout };
  const found = await readSites(calls, targets, call, which);
  const leaving = new Set(found.map(({ site }) => site.destination));
  const traps = found.map(({ site, target }) =>
    findTraps(site, options, target.leaves !== undefined, leaving),
  );
  refuse(traps.flatMap(({ refusals }) => refusals));
  return { targets: found.map(({ target }) => target), sites: found.map(({ site }) => site), traps };
}

/**
 * Begins drains. What a destination's weight was and when its drain began is recorded before its weight is 0.
 */
export async function beginDrains(
  calls: Calls,
  { targets, sites, traps }: Survey,
  options: DrainSettings,
): Promise<Begun> {
  const call = { signal: options.signal, timeout: options.timeout };
  if (sites.length === 0) return { directory: RECORDS_DIRECTORY, drains: [] };
  const directory = await recordsDirectory(calls, call);
  const known = await readDrains(directory);
  const services = [...new Map(sites.map(({ service }) => [serviceKey(service), service])).values()];
  const onLoan = servicesOnLoan(services, known.values(), options.setFallback === true);
  const drains = sites.map((site, i): BegunDrain & { readonly record: DrainRecord } => {
    const target = targets[i]!;
    const key = drainKey(target.service, target.destination);
    const fallback = onLoan.has(serviceKey(site.service));
    const record = recordOf(site, target, known.get(key), fallback);
    const { idle = countsActive(site.service) ? 'active' : 'all' } = options;
    const countsInactive = idle === 'all';
    const countsPersistent = persistenceFeeds(site) && options.setSettings !== true;
    const { started } = record;
    return {
      target,
      key,
      started,
      fallback,
      traps: traps[i]!.warnings,
      countsInactive,
      countsPersistent,
      record,
    };
  });
  await Promise.all(drains.map(({ record }) => writeDrain(directory, record)));
  if (options.setSettings === true) await setSettings(calls, call);
  if (options.setFallback === true) {
    await Promise.all(services.map(service => lendFallback(calls, service, call)));
  }
  await Promise.all(sites.map((site, i) => silence(calls, site, targets[i]!, call)));
  return { directory, drains };
}

function refuse(refusals: readonly DrainTrap[]): void {
  if (refusals.length === 0) return;
  const message = [...new Set(refusals.map(trap => trap.message))].join('\n');
  throw new IpvsError('ERR_IPVS_DRAIN_REFUSED', `${message}: nothing was done`, { command: 'DRAIN' });
}

/** Persistent clients move, and what is left at a removal ends. */
async function setSettings(calls: Calls, options: CallOptions): Promise<void> {
  const content = formatSettings({ expireQuiescentTemplate: true, expireNodestConn: true });
  await calls.file(writeSettings(SETTINGS_DIRECTORY, content, settingName), options);
}

/** What is recorded: a drain that goes on has the weight and the beginning that it had. */
function recordOf(
  { destination: { weight } }: DrainSite,
  { service, destination }: DrainTarget,
  known: DrainRecord | undefined,
  fallback: boolean,
): DrainRecord {
  const now = sinceBoot();
  if (weight !== 0 || known === undefined) return { service, destination, weight, started: now, fallback };
  // A record of another boot, where /run is kept, or another time namespace may begin in the future.
  return { ...known, started: Math.min(known.started, now), fallback };
}

/** Takes a destination out of scheduling. One that is gone meanwhile is none of the caller's errors. */
async function silence(
  calls: Calls,
  { destination: { weight } }: DrainSite,
  { service, destination }: DrainTarget,
  options: CallOptions,
): Promise<void> {
  if (weight === 0) return;
  try {
    await calls.run(writes.updateDestination(service, destination, { weight: 0 }), options);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}
