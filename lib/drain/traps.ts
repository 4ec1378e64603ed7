import type { Destination } from '../model/destination.ts';
import { fallbackFlag, refusesClients } from '../model/hashing.ts';
import { destinationKey, type ServiceId, serviceKey } from '../model/identity.ts';
import type { Service } from '../model/service.ts';
import type { Settings } from '../proc/settings.ts';
import type { DrainSettings } from './options.ts';
import type { DrainTrap } from './types.ts';

/** What decides how a destination can be drained. */
export interface DrainSite {
  readonly service: Service;
  /** All of the service's. */
  readonly destinations: readonly Destination[];
  readonly destination: Destination;
  readonly settings: Settings;
}

/** What stands in the way of a drain, and which of it is a reason not to begin. */
export interface Traps {
  readonly refusals: readonly DrainTrap[];
  readonly warnings: readonly DrainTrap[];
}

/**
 * Whether the kernel counts a service's connections as active while they are established: not those of UDP.
 */
export function countsActive({ protocol }: ServiceId): boolean {
  return protocol === 'tcp' || protocol === 'sctp';
}

/** Whether clients that persistence binds to a destination at weight 0 are still sent there. */
export function persistenceFeeds({ service, settings }: DrainSite): boolean {
  return service.persistence !== undefined && !settings.expireQuiescentTemplate;
}

/**
 * Finds what stands in the way. `leaves`: it is known what takes the destination's place, or that nothing has
 * to. `leaving`: all destinations that are drained at once, none of which takes another's place.
 */
export function findTraps(
  site: DrainSite,
  options: DrainSettings,
  leaves: boolean,
  leaving: ReadonlySet<Destination>,
): Traps {
  const refusals: DrainTrap[] = [];
  const warnings: DrainTrap[] = [];
  const forced = options.force === true;
  const endless = options.deadline === undefined && !forced;
  const { service, destination, destinations, settings } = site;
  const key = serviceKey(service);
  const add = (isRefusal: boolean, code: DrainTrap['code'], message: string) =>
    (isRefusal ? refusals : warnings).push({ code, message });

  if (!leaves) {
    const others = destinations.filter(other => !leaving.has(other) && other.weight > 0);
    if (others.length === 0) {
      const message = `no other destination of service ${key} takes connections: new clients would be refused`;
      add(!forced, 'last', message);
    }
    const { scheduler, schedulerFlags } = service;
    const flag = fallbackFlag(scheduler);
    const willFallBack = options.setFallback === true && flag !== undefined;
    if (refusesClients(scheduler, schedulerFlags) && !willFallBack) {
      const advice =
        flag === undefined
          ? 'that scheduler has no flag against it: remove the destination at once instead'
          : `flag '${flag}' sends them elsewhere (setFallback sets it)`;
      const message = `scheduler '${scheduler}' of service ${key} refuses new clients whose hash finds a destination at weight 0; ${advice}`;
      add(!forced, 'refuses-clients', message);
    }
  }
  if (persistenceFeeds(site) && options.setSettings !== true) {
    const message = `persistent clients of service ${key} are still sent to ${destinationKey(destination)} (setting expireQuiescentTemplate is off; setSettings sets it); give a deadline`;
    add(endless, 'persistence-feeds', message);
  }
  if (!countsActive(service) && !service.onePacket) {
    const isUdp = service.protocol === 'udp';
    const which = isUdp ? `UDP flows of service ${key}` : `UDP flows that service ${key} may have`;
    const message = `${which} stay with ${destinationKey(destination)} as long as clients send; give a deadline`;
    add(isUdp && endless, 'flows-stay', message);
  }
  if (settings.connReuseMode === 0) {
    const message =
      "a client's port that is used again within TIME_WAIT still goes there (setting connReuseMode is 0)";
    add(false, 'ports-return', message);
  }
  const cuts = options.atDeadline === 'remove' && options.deadline !== undefined;
  if (cuts && !settings.expireNodestConn && options.setSettings !== true) {
    const message =
      'what is left at the deadline is dropped in silence until clients give up (setting expireNodestConn is off; setSettings sets it)';
    add(false, 'left-unanswered', message);
  }
  return { refusals, warnings };
}
