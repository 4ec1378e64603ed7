import { dottedMask, maskOfPrefix, parseIpv4, prefixOfMask, validateAddress } from '../model/address.ts';
import type { DestinationSpec, Tunnel } from '../model/destination.ts';
import type { DestinationId, ServiceId } from '../model/identity.ts';
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
  readonly key: string;
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
 * The row of a service, desired or read: defaults filled in, addresses, netmasks and flags in the spelling that
 * `snapshot()` has. Takes only what has been validated.
 */
export function serviceRow(spec: ServiceSpec, destinations: readonly DestinationSpec[]): ServiceRow {
  const service = canonicalServiceId(spec);
  const scheduler = spec.scheduler ?? DEFAULT_SCHEDULER;
  const { schedulerFlags = [], persistence, onePacket = false } = spec;
  return {
    key: keyOfService(service),
    service,
    fields: {
      scheduler,
      // Two names of one bit ('flag-1', 'sh-fallback') are one flag.
      schedulerFlags: flagNames(scheduler, flagBits('service.schedulerFlags', scheduler, schedulerFlags)),
      onePacket,
      persistence: persistence === undefined ? null : persistenceFields(persistence, isIpv6(service)),
    },
    destinations: destinations.map(destinationRow),
  };
}

/** The row of a destination, desired or read. Takes only what has been validated. */
export function destinationRow(spec: DestinationSpec): DestinationRow {
  const { forwarding = 'direct', tunnel, weight = 1, upperThreshold = 0, lowerThreshold = 0 } = spec;
  const destination = { address: validateAddress('destination.address', spec.address), port: spec.port };
  return {
    key: keyOfDestination(destination),
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
  const { persistence, ...rest } = fields;
  return { ...service, ...rest, ...(persistence !== null && { persistence }) } as ServiceSpec;
}

/** A row as `addDestination` takes it. */
export function destinationSpec({ destination, fields }: DestinationRow): DestinationSpec {
  const { tunnel, ...rest } = fields;
  return { ...destination, ...rest, ...(tunnel !== null && { tunnel }) } as DestinationSpec;
}

function canonicalServiceId(service: ServiceId): ServiceId {
  const { fwmark, family, protocol, address, port } = service;
  if (fwmark !== undefined) return { fwmark, family };
  return { protocol, address: validateAddress('service.address', address), port };
}

/** As `serviceKey` in model/identity.ts, of an identity whose address is canonical already. */
function keyOfService(service: ServiceId): string {
  return service.fwmark === undefined
    ? `${service.protocol} ${keyOfDestination(service)}`
    : `fwmark ${service.fwmark} ${service.family}`;
}

function keyOfDestination({ address, port }: DestinationId): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function isIpv6({ fwmark, family, address }: ServiceId): boolean {
  return fwmark === undefined ? address.includes(':') : family === 'ipv6';
}

function persistenceFields(
  { timeout = DEFAULT_PERSISTENCE, granularity, engine }: Persistence,
  ipv6: boolean,
): PersistenceFields {
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
  const { type, port = 0, checksum = 'none' } = tunnel as { type: string; port?: number; checksum?: string };
  // In the shapes that `snapshot()` has: a port and a checksum only where there is one to speak of.
  if (type === 'gue') return { type, port, checksum } as Tunnel;
  if (type === 'gre' && port === 0) return { type, checksum } as Tunnel;
  return {
    type,
    ...(port !== 0 && { port }),
    ...(checksum !== 'none' && { checksum }),
  } as Tunnel;
}
