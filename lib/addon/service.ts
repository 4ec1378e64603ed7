import { dottedMask, maskOfPrefix, prefixOfMask, writeAddress } from '../model/address.ts';
import {
  contradiction,
  validateBoolean,
  validateInteger,
  validateObject,
  wrongType,
  wrongValue,
} from '../model/arguments.ts';
import { Family, MAX_PERSISTENCE, SCHEDULER_FLAGS, ServiceFlag } from '../model/constants.ts';
import type { ServiceId } from '../model/identity.ts';
import { flagBits, flagNames } from '../model/scheduler.ts';
import {
  DEFAULT_PERSISTENCE,
  DEFAULT_SCHEDULER,
  type Persistence,
  persistenceKeys,
  type Service,
  type ServiceChanges,
  type ServiceSpec,
  serviceKeys,
} from '../model/service.ts';
import type { Stats } from '../model/stats.ts';
import { type List, wordAt } from './columns.ts';
import { checkServiceId, getServiceId, putServiceId, readServiceId } from './identity.ts';
import { Layout, ServiceColumn, ServiceField } from './layout.ts';
import { getName, getWord, putName, putWord, type Slot } from './record.ts';

/**
 * Writes a service to be added, defaults filled in. Throws at what the kernel would refuse, or could not
 * keep.
 */
export function putServiceSpec(slot: Slot, spec: ServiceSpec): void {
  putServiceId(slot, spec);
  const at = Layout.service;
  const {
    scheduler = DEFAULT_SCHEDULER,
    schedulerFlags,
    persistence,
    dormantPersistence: dormant,
    onePacket,
  } = spec;
  putName(slot, at.scheduler, 'service.scheduler', scheduler);
  let flags = 0;
  if (schedulerFlags !== undefined) flags |= flagBits('service.schedulerFlags', scheduler, schedulerFlags);
  if (onePacket !== undefined) flags |= onePacketBit('service.onePacket', onePacket);
  putWord(slot, at.netmask, defaultNetmask(getWord(slot, at.family)));
  if (persistence !== undefined) {
    if (dormant !== undefined) throw persistentAndDormant('service');
    flags |= ServiceFlag.persistent;
    putWord(slot, at.timeout, DEFAULT_PERSISTENCE);
    putPersistence(slot, 'service.persistence', persistence);
  } else if (dormant !== undefined) {
    putPersistence(slot, 'service.dormantPersistence', dormant);
  }
  putWord(slot, at.flags, flags);
  putWord(slot, at.flagsMask, 0xffff_ffff);
}

/** Reads back a service that was to be added. */
export function getServiceSpec(slot: Slot): ServiceSpec {
  const at = Layout.service;
  const flags = getWord(slot, at.flags);
  const scheduler = getName(slot, at.scheduler) ?? DEFAULT_SCHEDULER;
  const schedulerFlags = flagNames(scheduler, flags);
  const onePacket = (flags & ServiceFlag.onePacket) !== 0;
  const kept: PersistenceWords = {
    timeout: getWord(slot, at.timeout),
    netmask: getWord(slot, at.netmask),
    family: getWord(slot, at.family),
    engine: getName(slot, at.engine),
  };
  const service = { ...getServiceId(slot), scheduler, schedulerFlags, onePacket };
  if ((flags & ServiceFlag.persistent) !== 0) return { ...service, persistence: persistenceOf(kept) };
  return saysNothing(kept) ? service : { ...service, dormantPersistence: persistenceOf(kept) };
}

/** Writes the changes of an update: the fields it names, and which those are. */
export function putServiceChanges(slot: Slot, service: ServiceId, changes: ServiceChanges): void {
  putServiceId(slot, service);
  validateObject('changes', changes, serviceKeys);
  checkServiceId(slot, changes, service);
  const at = Layout.service;
  const { scheduler, schedulerFlags, persistence, dormantPersistence: dormant, onePacket } = changes;
  let fields = 0;
  let flags = 0;
  let mask = 0;
  if (scheduler !== undefined) {
    putName(slot, at.scheduler, 'changes.scheduler', scheduler);
    fields |= ServiceField.scheduler;
    mask |= SCHEDULER_FLAGS; // another scheduler's flags mean other things
  }
  if (schedulerFlags !== undefined) {
    flags |= flagBits('changes.schedulerFlags', scheduler, schedulerFlags);
    mask |= SCHEDULER_FLAGS;
  }
  if (onePacket !== undefined) {
    flags |= onePacketBit('changes.onePacket', onePacket);
    mask |= ServiceFlag.onePacket;
  }
  putWord(slot, at.netmask, defaultNetmask(getWord(slot, at.family)));
  const all = ServiceField.timeout | ServiceField.netmask | ServiceField.engine;
  if (dormant !== undefined) {
    if (persistence != null) throw persistentAndDormant('changes');
    putPersistence(slot, 'changes.dormantPersistence', dormant);
    mask |= ServiceFlag.persistent;
    fields |= all;
  } else if (persistence === null) {
    mask |= ServiceFlag.persistent;
    fields |= all;
  } else if (persistence !== undefined) {
    putWord(slot, at.timeout, DEFAULT_PERSISTENCE);
    fields |= putPersistence(slot, 'changes.persistence', persistence);
    flags |= ServiceFlag.persistent;
    mask |= ServiceFlag.persistent;
  }
  putWord(slot, at.flags, flags);
  putWord(slot, at.flagsMask, mask);
  putWord(slot, Layout.fields, fields);
}

function onePacketBit(field: string, onePacket: unknown): number {
  return validateBoolean(field, onePacket) ? ServiceFlag.onePacket : 0;
}

function persistentAndDormant(of: string) {
  return contradiction(
    `${of}.dormantPersistence does not go with ${of}.persistence: a service is persistent or not`,
  );
}

/**
 * Each address for itself. The kernel checks an IPv6 prefix length even of a service that is not persistent.
 */
function defaultNetmask(family: number): number {
  return family === Family.ipv4 ? 0xffff_ffff : 128;
}

/** Writes the fields that are named, and returns which those are. */
function putPersistence(
  slot: Slot,
  field: string,
  persistence: NonNullable<ServiceChanges['persistence']>,
): number {
  validateObject(field, persistence, persistenceKeys);
  const at = Layout.service;
  const { timeout, granularity, engine } = persistence;
  let fields = 0;
  if (timeout !== undefined) {
    putWord(slot, at.timeout, validateInteger(`${field}.timeout`, timeout, 0, MAX_PERSISTENCE));
    fields |= ServiceField.timeout;
  }
  if (granularity !== undefined) {
    const family = getWord(slot, at.family);
    putWord(slot, at.netmask, netmaskOf(`${field}.granularity`, family, granularity));
    fields |= ServiceField.netmask;
  }
  if (engine !== undefined) {
    if (engine !== null) putName(slot, at.engine, `${field}.engine`, engine);
    fields |= ServiceField.engine;
  }
  return fields;
}

function netmaskOf(field: string, family: number, granularity: unknown): number {
  if (family === Family.ipv6) {
    if (typeof granularity === 'string') {
      throw wrongType(field, 'a prefix length for an IPv6 service', granularity);
    }
    return validateInteger(field, granularity, 1, 128);
  }
  if (typeof granularity === 'number') return maskOfPrefix(validateInteger(field, granularity, 0, 32));
  const bytes = new Uint8Array(16);
  if (writeAddress(bytes, 0, field, granularity) !== Family.ipv4) {
    throw wrongValue(field, 'be a prefix length or an IPv4 netmask', granularity);
  }
  return new DataView(bytes.buffer).getUint32(0);
}

/**
 * A service while it is put together: to add to one object costs a fraction of spreading several into one.
 */
type Growing = { -readonly [K in keyof ServiceId]?: unknown } & {
  scheduler?: string;
  schedulerFlags?: readonly string[];
  onePacket?: boolean;
  persistence?: Persistence;
  dormantPersistence?: Persistence;
  stats?: unknown;
  destinations?: unknown;
};

/**
 * One service of a list, with statistics that were read from it and, where they belong to it, its
 * destinations.
 */
export function readService<T extends number | bigint>(
  list: List,
  row: number,
  names: readonly string[],
  stats: Stats<T>,
  destinations?: readonly unknown[],
): Service<T> {
  const at = ServiceColumn;
  const flags = wordAt(list, at.flags, row);
  const scheduler = names[wordAt(list, at.scheduler, row)]!;
  const isPersistent = (flags & ServiceFlag.persistent) !== 0;
  const kept = readWords(list, row, names);
  const isDormant = !isPersistent && !saysNothing(kept);
  const schedulerFlags = flagNames(scheduler, flags);
  const onePacket = (flags & ServiceFlag.onePacket) !== 0;
  const id = readServiceId(list, row);
  if (id.fwmark === undefined && !isPersistent && !isDormant) {
    // The usual service as one literal: to make an object grow costs a copy of it every few fields.
    const { protocol, address, port } = id;
    const usual =
      destinations === undefined
        ? { protocol, address, port, scheduler, schedulerFlags, onePacket, stats }
        : { protocol, address, port, scheduler, schedulerFlags, onePacket, stats, destinations };
    return usual as Service<T>;
  }
  const service = id as Growing;
  service.scheduler = scheduler;
  service.schedulerFlags = schedulerFlags;
  service.onePacket = onePacket;
  if (isPersistent) service.persistence = persistenceOf(kept);
  else if (isDormant) service.dormantPersistence = persistenceOf(kept);
  service.stats = stats;
  if (destinations !== undefined) service.destinations = destinations;
  return service as Service<T>;
}

/** What the kernel keeps of a persistence. */
interface PersistenceWords {
  readonly timeout: number;
  readonly netmask: number;
  readonly family: number;
  readonly engine: string | undefined;
}

function readWords(list: List, row: number, names: readonly string[]): PersistenceWords {
  const at = ServiceColumn;
  return {
    timeout: wordAt(list, at.timeout, row),
    netmask: wordAt(list, at.netmask, row),
    family: wordAt(list, at.family, row),
    engine: names[wordAt(list, at.engine, row)] || undefined,
  };
}

/** Whether they are those of a service that has never been persistent. */
function saysNothing({ timeout, netmask, family, engine }: PersistenceWords): boolean {
  return timeout === 0 && netmask === defaultNetmask(family) && engine === undefined;
}

function persistenceOf({ timeout, netmask, family, engine }: PersistenceWords) {
  return {
    timeout,
    granularity: family === Family.ipv4 ? (prefixOfMask(netmask) ?? dottedMask(netmask)) : netmask,
    ...(engine !== undefined && { engine }),
  };
}
