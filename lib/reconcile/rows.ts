import { dottedMask, maskOfPrefix, parseIpv4, prefixOfMask, validateAddress } from '../model/address.ts';
import {
  DEFAULT_FORWARDING,
  DEFAULT_WEIGHT,
  type DestinationSpec,
  type Tunnel,
} from '../model/destination.ts';
import { type DestinationId, isIpv6Service, type ServiceId } from '../model/identity.ts';
import { flagBits, flagNames } from '../model/scheduler.ts';
import {
  DEFAULT_PERSISTENCE,
  DEFAULT_SCHEDULER,
  type Persistence,
  type ServiceSpec,
} from '../model/service.ts';
import type { DestinationFields, PersistenceFields, ServiceFields } from './types.ts';

/** A destination in the one spelling that two sides can be compared in. */
export interface DestinationRow {
  readonly destination: DestinationId;
  readonly fields: DestinationFields;
}

/** A service in the one spelling that two sides can be compared in, with its destinations in their order. */
export interface ServiceRow {
  readonly key: string;
  readonly service: ServiceId;
  readonly fields: ServiceFields;
  readonly destinations: readonly DestinationRow[];
}

/**
 * The row of a service, desired or read: defaults filled in, addresses, netmasks and flags in the spelling
 * that `snapshot()` has. Takes only what has been validated.
 */
export function serviceRow(spec: ServiceSpec, destinations: readonly DestinationSpec[]): ServiceRow {
  const service = canonicalServiceId(spec);
  const scheduler = spec.scheduler ?? DEFAULT_SCHEDULER;
  const { schedulerFlags = [], persistence, dormantPersistence, onePacket = false } = spec;
  const ipv6 = isIpv6Service(service);
  return {
    key: keyOfService(service),
    service,
    fields: {
      scheduler,
      // Two names of one bit ('flag-1', 'sh-fallback') are one flag.
      schedulerFlags: flagNames(scheduler, flagBits('service.schedulerFlags', scheduler, schedulerFlags)),
      onePacket,
      persistence: persistenceFields(persistence, DEFAULT_PERSISTENCE, ipv6),
      dormantPersistence: persistenceFields(dormantPersistence, 0, ipv6),
    },
    destinations: destinations.map(destinationRow),
  };
}

/** The row of a destination, desired or read. Takes only what has been validated. */
export function destinationRow(spec: DestinationSpec): DestinationRow {
  const {
    forwarding = DEFAULT_FORWARDING,
    tunnel,
    weight = DEFAULT_WEIGHT,
    upperThreshold = 0,
    lowerThreshold = 0,
  } = spec;
  const destination = { address: validateAddress('destination.address', spec.address), port: spec.port };
  return {
    destination,
    fields: {
      forwarding,
      tunnel: tunnelFields(tunnel, forwarding === 'tunnel'),
      weight,
      upperThreshold,
      lowerThreshold,
    },
  };
}

/** A row as `addService` takes it. */
export function serviceSpec({ service, fields }: ServiceRow): ServiceSpec {
  const { scheduler, schedulerFlags, onePacket, persistence, dormantPersistence } = fields;
  if (service.fwmark === undefined && persistence === null && dormantPersistence === null) {
    // The usual service as one literal: to spread an object and add to it costs many times as much.
    const { protocol, address, port } = service;
    return { protocol, address, port, scheduler, schedulerFlags, onePacket };
  }
  return {
    ...service,
    scheduler,
    schedulerFlags,
    onePacket,
    ...(persistence !== null && { persistence }),
    ...(dormantPersistence !== null && { dormantPersistence }),
  };
}

/** A row as `addDestination` takes it. */
export function destinationSpec({ destination, fields }: DestinationRow): DestinationSpec {
  const { address, port } = destination;
  const { forwarding, tunnel, weight, upperThreshold, lowerThreshold } = fields;
  // Literals: to spread objects into one another costs several times as much, and there may be 100,000 rows.
  const spec =
    tunnel === null
      ? { address, port, forwarding, weight, upperThreshold, lowerThreshold }
      : { address, port, forwarding, weight, upperThreshold, lowerThreshold, tunnel };
  return spec as DestinationSpec;
}

function canonicalServiceId(service: ServiceId): ServiceId {
  const { fwmark, family, protocol, address, port } = service;
  if (fwmark !== undefined) return { fwmark, family };
  return { protocol, address: validateAddress('service.address', address), port };
}

/**
 * As `serviceKey` in model/identity.ts, of an identity whose address is canonical already, as one that was
 * read.
 */
export function keyOfService(service: ServiceId): string {
  return service.fwmark === undefined
    ? `${service.protocol} ${keyOfDestination(service)}`
    : `fwmark ${service.fwmark} ${service.family}`;
}

/** As `destinationKey` in model/identity.ts, of an address that is canonical already. */
export function keyOfDestination({ address, port }: DestinationId): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function persistenceFields(
  persistence: Persistence | undefined,
  defaultTimeout: number,
  ipv6: boolean,
): PersistenceFields | null {
  if (persistence === undefined) return null;
  const { timeout = defaultTimeout, granularity, engine } = persistence;
  return {
    timeout,
    granularity: ipv6 ? (granularity ?? 128) : canonicalGranularity(granularity ?? 32),
    ...(engine !== undefined && { engine }),
  };
}

/** A prefix length, or a netmask whose bits are not contiguous as it is written. */
function canonicalGranularity(granularity: number | string): number | string {
  const mask = typeof granularity === 'number' ? maskOfPrefix(granularity) : (parseIpv4(granularity) ?? 0);
  return prefixOfMask(mask) ?? dottedMask(mask);
}

function tunnelFields(tunnel: Tunnel | undefined, isTunnel: boolean): Tunnel | null {
  if (tunnel === undefined) return isTunnel ? { type: 'ipip' } : null;
  const { type, port = 0, checksum = 'none' } = tunnel;
  // In the shapes that `snapshot()` has: a port and a checksum only where there is one to speak of.
  return {
    type,
    ...((type === 'gue' || port !== 0) && { port }),
    ...((type === 'gue' || type === 'gre' || checksum !== 'none') && { checksum }),
  };
}
