import type { Tunnel } from '../model/destination.ts';
import { isIpv6Service, type ServiceId } from '../model/identity.ts';
import type { ServiceRow } from './rows.ts';
import type { DestinationFields, FieldChanges, PersistenceFields, ServiceFields } from './types.ts';

/** Fields as `FieldChanges` collects them, one after another. */
type Changes<T> = { -readonly [K in keyof FieldChanges<T>]: FieldChanges<T>[K] };

/** The fields in which a service differs from what is desired; undefined when there is none. */
export function serviceChanges(
  { fields: actual }: ServiceRow,
  { fields: desired, service }: ServiceRow,
): FieldChanges<ServiceFields> | undefined {
  const changes: Changes<ServiceFields> = {};
  if (actual.scheduler !== desired.scheduler) {
    changes.scheduler = { from: actual.scheduler, to: desired.scheduler };
  }
  if (!sameFlags(actual.schedulerFlags, desired.schedulerFlags)) {
    changes.schedulerFlags = { from: actual.schedulerFlags, to: desired.schedulerFlags };
  }
  if (actual.onePacket !== desired.onePacket) {
    changes.onePacket = { from: actual.onePacket, to: desired.onePacket };
  }
  if (!samePersistence(actual.persistence, desired.persistence)) {
    changes.persistence = { from: actual.persistence, to: desired.persistence };
  }
  const { dormantPersistence: dormant } = desired;
  const kept = actual.dormantPersistence ?? (actual.persistence === null ? nothingKept(service) : null);
  if (dormant !== null && !samePersistence(kept, dormant)) {
    changes.dormantPersistence = { from: actual.dormantPersistence, to: dormant };
  }
  return isEmpty(changes) ? undefined : changes;
}

/**
 * The fields in which a destination differs from what is desired; undefined when there is none. Tunnel fields
 * of what is no tunnel are never looked at: the kernel keeps them and has no use for them.
 */
export function destinationChanges(
  actual: DestinationFields,
  desired: DestinationFields,
  keepWeights: boolean,
): FieldChanges<DestinationFields> | undefined {
  const changes: Changes<DestinationFields> = {};
  if (actual.forwarding !== desired.forwarding) {
    changes.forwarding = { from: actual.forwarding, to: desired.forwarding };
  }
  if (desired.forwarding === 'tunnel' && !sameTunnel(actual.tunnel, desired.tunnel)) {
    changes.tunnel = { from: actual.tunnel, to: desired.tunnel };
  }
  if (!keepWeights && actual.weight !== desired.weight) {
    changes.weight = { from: actual.weight, to: desired.weight };
  }
  if (actual.upperThreshold !== desired.upperThreshold) {
    changes.upperThreshold = { from: actual.upperThreshold, to: desired.upperThreshold };
  }
  if (actual.lowerThreshold !== desired.lowerThreshold) {
    changes.lowerThreshold = { from: actual.lowerThreshold, to: desired.lowerThreshold };
  }
  return isEmpty(changes) ? undefined : changes;
}

function isEmpty(changes: object): boolean {
  for (const _ in changes) return false;
  return true;
}

function sameFlags(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((flag, i) => flag === other[i]);
}

/** What a service that never was persistent keeps of a persistence; it is read without that field. */
function nothingKept(service: ServiceId): PersistenceFields {
  return { timeout: 0, granularity: isIpv6Service(service) ? 128 : 32 };
}

function samePersistence(one: PersistenceFields | null, other: PersistenceFields | null): boolean {
  if (one === null || other === null) return one === other;
  return (
    one.timeout === other.timeout && one.granularity === other.granularity && one.engine === other.engine
  );
}

function sameTunnel(one: Tunnel | null, other: Tunnel | null): boolean {
  if (one === null || other === null) return one === other;
  return one.type === other.type && one.port === other.port && one.checksum === other.checksum;
}
