import type { Run } from '../calls/call.ts';
import type { Calls } from '../calls/calls.ts';
import { readSettings } from '../calls/files.ts';
import type { CallOptions } from '../calls/options.ts';
import * as reads from '../calls/reads.ts';
import type { Destination } from '../model/destination.ts';
import { IpvsError } from '../model/errors.ts';
import { type DestinationId, destinationKey, type ServiceId, serviceKey } from '../model/identity.ts';
import { parseSettings, SETTINGS_DIRECTORY, type Settings } from '../proc/settings.ts';
import type { DrainSite } from './traps.ts';

/** A destination that is to be drained. */
export interface DrainTarget {
  readonly service: ServiceId;
  readonly destination: DestinationId;
  /**
   * What is to go for good, so that nothing has to be said of what takes its place: the destination, or its
   * service too.
   */
  readonly leaves?: 'destination' | 'service';
}

/** A destination that is to be drained, with what decides how. */
export interface TargetSite {
  readonly target: DrainTarget;
  readonly site: DrainSite;
}

/**
 * Reads what decides how destinations can be drained. One that is not there rejects, or is left out where
 * only 'those-there' are wanted.
 */
export async function readSites(
  calls: Calls,
  targets: readonly DrainTarget[],
  options: CallOptions,
  which: 'all' | 'those-there',
): Promise<readonly TargetSite[]> {
  if (targets.length === 0) return [];
  const settings = await readAllSettings(calls, options);
  const services = new Map(targets.map(({ service }) => [serviceKey(service), service]));
  const entries = await Promise.all(
    Array.from(services, async ([key, id]) => {
      const [service, destinations] = await Promise.all([
        calls.run(reads.service<number>(id, undefined), options),
        readNow(calls.run, id, options),
      ]);
      return [key, { service, destinations }] as const;
    }),
  );
  const found = new Map(entries);
  return targets.flatMap(target => {
    const { service, destinations } = found.get(serviceKey(target.service))!;
    const key = destinationKey(target.destination);
    const destination = destinations.find(row => destinationKey(row) === key);
    if (service !== undefined && destination !== undefined) {
      return [{ target, site: { service, destinations, destination, settings } }];
    }
    if (which === 'those-there') return [];
    throw notFound(target.service, service === undefined ? undefined : target.destination);
  });
}

function readAllSettings(calls: Calls, options: CallOptions): Promise<Settings> {
  return calls.file(readSettings(SETTINGS_DIRECTORY, parseSettings), options);
}

function notFound(service: ServiceId, destination: DestinationId | undefined): IpvsError {
  const details = { command: 'DRAIN', service, destination };
  if (destination === undefined) {
    const message = `service ${serviceKey(service)} does not exist`;
    return new IpvsError('ERR_IPVS_SERVICE_NOT_FOUND', message, details);
  }
  const message = `destination ${destinationKey(destination)} of service ${serviceKey(service)} does not exist`;
  return new IpvsError('ERR_IPVS_DESTINATION_NOT_FOUND', message, details);
}

/** The destinations of a service as they are now; none where the service is gone. */
export async function readNow(
  run: Run,
  service: ServiceId,
  options: CallOptions,
): Promise<readonly Destination[]> {
  try {
    return await run(reads.destinations<number>(service, undefined), options);
  } catch (error) {
    if (error instanceof IpvsError && error.code === 'ERR_IPVS_SERVICE_NOT_FOUND') return [];
    throw error;
  }
}
