import type { Calls } from '../calls/calls.ts';
import { writeSettings } from '../calls/files.ts';
import type { CallOptions } from '../calls/options.ts';
import * as writes from '../calls/writes.ts';
import { IpvsError } from '../model/errors.ts';
import { serviceKey } from '../model/identity.ts';
import type { Service, ServiceSpec } from '../model/service.ts';
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
 * Looks at what stands in the way of drains, and begins none. `changed`: services, by their keys, as they will be
 * when the drains begin. Rejects as `readSites`.
 */
export async function surveyDrains(
  calls: Calls,
  targets: readonly DrainTarget[],
  options: DrainSettings,
  which: 'all' | 'those-there' = 'all',
  changed: ReadonlyMap<string, ServiceSpec> = new Map(),
): Promise<Survey> {
  const call = { signal: options.signal, timeout: options.timeout };
  const found = await readSites(calls, targets, call, which);
  const leaving = new Set(found.map(({ site }) => site.destination));
  const traps = found.map(({ site, target }) =>
    findTraps(siteIn(site, changed), options, target.leaves !== undefined, leaving),
  );
  return { targets: found.map(({ target }) => target), sites: found.map(({ site }) => site), traps };
}

/** A site whose service has the persistence that it will have. */
function siteIn(site: DrainSite, changed: ReadonlyMap<string, ServiceSpec>): DrainSite {
  const spec = changed.get(serviceKey(site.service));
  if (spec === undefined) return site;
  const { persistence: _, ...service } = site.service;
  const { persistence } = spec;
  return { ...site, service: { ...service, ...(persistence !== undefined && { persistence }) } as Service };
}

/** Throws where something that was surveyed stands in the way of a drain. */
export function refuseDrains({ traps }: Survey): void {
  const refusals = traps.flatMap(one => one.refusals);
  if (refusals.length > 0) throw refusedDrain(refusals, 'nothing was done');
}

/** The error of drains that may not begin. */
export function refusedDrain(refusals: readonly DrainTrap[], outcome: string): IpvsError {
  const message = [...new Set(refusals.map(trap => trap.message))].join('\n');
  return new IpvsError('ERR_IPVS_DRAIN_REFUSED', `${message}: ${outcome}`, { command: 'DRAIN' });
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
