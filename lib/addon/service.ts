import { dottedMask, maskOfPrefix, prefixOfMask, writeAddress } from '../model/address.ts';
import {
  contradiction,
  validateBoolean,
  validateChoice,
  validateInteger,
  validateObject,
  wrongType,
  wrongValue,
} from '../model/arguments.ts';
import { Family, MAX_TIMEOUT, ProtocolNumber, ServiceFlag } from '../model/constants.ts';
import type { Protocol, ServiceId } from '../model/identity.ts';
import { flagBits, flagNames } from '../model/scheduler.ts';
import {
  DEFAULT_PERSISTENCE,
  DEFAULT_SCHEDULER,
  type Persistence,
  type Service,
  type ServiceChanges,
  type ServiceSpec,
} from '../model/service.ts';
import type { Stats } from '../model/stats.ts';
import { addressAt, type List, wordAt } from './columns.ts';
import { Layout, ServiceColumn, ServiceField } from './layout.ts';
import { getWord, putName, putWord, type Slot } from './record.ts';

const idKeys = new Set(['protocol', 'address', 'port', 'fwmark', 'family']);
const configKeys = ['scheduler', 'schedulerFlags', 'persistence', 'onePacket'];
const changeKeys = new Set(configKeys);
/** An observed service is a spec too: what was only observed is not looked at. */
const observedKeys = new Set([...idKeys, ...configKeys, 'stats', 'destinations']);
const persistenceKeys = new Set(['timeout', 'granularity', 'engine']);

/** Writes a service's identity; other keys than `known` are refused. */
function putId(slot: Slot, service: ServiceId, known: ReadonlySet<string>): void {
  validateObject('service', service, known);
  const { bytes, start } = slot;
  const at = Layout.service;
  if (service.fwmark !== undefined) {
    for (const key of ['protocol', 'address', 'port'] as const) {
      if (service[key] !== undefined) {
        throw contradiction(
          `service.${key} does not go with service.fwmark: a mark alone is the service's identity`,
        );
      }
    }
    putWord(slot, at.fwmark, validateInteger('service.fwmark', service.fwmark, 1, 0xffff_ffff));
    putWord(slot, at.family, validateChoice('service.family', service.family, Family));
    return;
  }
  if (service.family !== undefined) {
    throw contradiction('service.family goes with service.fwmark only: an address has its own family');
  }
  putWord(slot, at.protocol, validateChoice('service.protocol', service.protocol, ProtocolNumber));
  putWord(slot, at.family, writeAddress(bytes, start + at.address, 'service.address', service.address));
  putWord(slot, at.port, validateInteger('service.port', service.port, 0, 65_535));
}

/** Writes the identity of a service that a call is about. A whole service will do for one. */
export function putServiceId(slot: Slot, service: ServiceId): void {
  putId(slot, service, observedKeys);
}

/** Writes a service to be added, defaults filled in. Throws at what is wrong, or would be accepted and mishandled. */
export function putServiceSpec(slot: Slot, spec: ServiceSpec): void {
  putId(slot, spec, observedKeys);
  const at = Layout.service;
  const scheduler = spec.scheduler ?? DEFAULT_SCHEDULER;
  putName(slot, at.scheduler, 'service.scheduler', scheduler);
  let flags = flagBits('service.schedulerFlags', scheduler, spec.schedulerFlags ?? []);
  flags |= onePacketBit('service', spec, spec.onePacket ?? false);
  putPersistenceDefaults(slot);
  if (spec.persistence !== undefined) {
    flags |= ServiceFlag.persistent;
    putPersistence(slot, 'service', spec.persistence);
  } else {
    putWord(slot, at.timeout, 0);
    if (spec.port === 0) {
      // The kernel takes it and then schedules nothing: "port zero only supported in persistent services".
      throw contradiction('service.port 0 (every port) needs service.persistence');
    }
  }
  putWord(slot, at.flags, flags);
  putWord(slot, at.flagsMask, 0xffff_ffff);
}

/** Writes the changes of an update: the fields it names, and which those are. */
export function putServiceChanges(slot: Slot, service: ServiceId, changes: ServiceChanges): void {
  putId(slot, service, observedKeys);
  validateObject('changes', changes, changeKeys);
  const at = Layout.service;
  let fields = 0;
  let flags = 0;
  let mask = 0;
  const { scheduler, schedulerFlags, persistence, onePacket } = changes;
  if (scheduler !== undefined) {
    putName(slot, at.scheduler, 'changes.scheduler', scheduler);
    fields |= ServiceField.scheduler;
    mask |= ServiceFlag.allScheduler; // another scheduler's flags mean other things
  }
  if (schedulerFlags !== undefined) {
    flags |= flagBits('changes.schedulerFlags', scheduler, schedulerFlags);
    mask |= ServiceFlag.allScheduler;
  }
  if (onePacket !== undefined) {
    flags |= onePacketBit('changes', service, onePacket);
    mask |= ServiceFlag.onePacket;
  }
  putPersistenceDefaults(slot);
  if (persistence === null) {
    if (service.port === 0)
      throw contradiction('changes.persistence: a service of port 0 must stay persistent');
    mask |= ServiceFlag.persistent;
    fields |= ServiceField.timeout | ServiceField.netmask | ServiceField.engine;
    putWord(slot, at.timeout, 0);
  } else if (persistence !== undefined) {
    flags |= ServiceFlag.persistent;
    mask |= ServiceFlag.persistent;
    fields |= putPersistence(slot, 'changes', persistence);
  }
  putWord(slot, at.flags, flags);
  putWord(slot, at.flagsMask, mask);
  putWord(slot, Layout.fields, fields);
}

/** What a field is a field of. */
type What = 'service' | 'changes';

function onePacketBit(what: What, service: ServiceId, onePacket: unknown): number {
  if (!validateBoolean(`${what}.onePacket`, onePacket)) return 0;
  if (service.fwmark === undefined && service.protocol !== 'udp') {
    throw contradiction(
      `${what}.onePacket is for udp and fwmark services: the kernel ignores it for ${service.protocol}`,
    );
  }
  return ServiceFlag.onePacket;
}

/** What the kernel wants even of a service without persistence (it checks an IPv6 prefix length in any case). */
function putPersistenceDefaults(slot: Slot): void {
  putWord(slot, Layout.service.timeout, DEFAULT_PERSISTENCE);
  const ipv4 = getWord(slot, Layout.service.family) === Family.ipv4;
  putWord(slot, Layout.service.netmask, ipv4 ? 0xffff_ffff : 128);
}

/** Writes what is named, and gives back which fields that is. */
function putPersistence(
  slot: Slot,
  what: What,
  persistence: NonNullable<ServiceChanges['persistence']>,
): number {
  const field = `${what}.persistence`;
  validateObject(field, persistence, persistenceKeys);
  const { timeout, granularity, engine } = persistence;
  let fields = 0;
  if (timeout !== undefined) {
    putWord(slot, Layout.service.timeout, validateInteger(`${field}.timeout`, timeout, 1, MAX_TIMEOUT));
    fields |= ServiceField.timeout;
  }
  if (granularity !== undefined) {
    const family = getWord(slot, Layout.service.family);
    putWord(slot, Layout.service.netmask, netmaskOf(`${field}.granularity`, family, granularity));
    fields |= ServiceField.netmask;
  }
  if (engine !== undefined) {
    if (engine !== null) putName(slot, Layout.service.engine, `${field}.engine`, engine);
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
  const mask = new DataView(bytes.buffer).getUint32(0);
  if (prefixOfMask(mask) === undefined) {
    throw wrongValue(field, 'be a netmask of contiguous bits, such as 255.255.255.0', granularity);
  }
  return mask;
}

const protocolNames: ReadonlyMap<number, Protocol> = new Map(
  Object.entries(ProtocolNumber).map(([name, number]) => [number, name as Protocol]),
);

/** The identity of one service of a list. */
export function readServiceId(list: List, row: number): ServiceId {
  const at = ServiceColumn;
  const family = wordAt(list, at.family, row);
  const fwmark = wordAt(list, at.fwmark, row);
  if (fwmark > 0) return { fwmark, family: family === Family.ipv4 ? 'ipv4' : 'ipv6' };
  const number = wordAt(list, at.protocol, row);
  return {
    // The kernel itself would take any protocol number from a program that is not this one.
    protocol: protocolNames.get(number) ?? (String(number) as Protocol),
    address: addressAt(list, family, row),
    port: wordAt(list, at.port, row),
  };
}

/** A service while it is put together: to add to one object costs a fraction of spreading several into one. */
type Growing = { -readonly [K in keyof ServiceId]?: unknown } & {
  scheduler?: string;
  schedulerFlags?: readonly string[];
  onePacket?: boolean;
  persistence?: Persistence;
  stats?: unknown;
  destinations?: unknown;
};

/** One service of a list, with statistics that were read from it and, where they belong to it, its destinations. */
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
  const service = readServiceId(list, row) as Growing;
  service.scheduler = scheduler;
  service.schedulerFlags = flagNames(scheduler, flags);
  service.onePacket = (flags & ServiceFlag.onePacket) !== 0;
  if ((flags & ServiceFlag.persistent) !== 0) service.persistence = readPersistence(list, row, names);
  service.stats = stats;
  if (destinations !== undefined) service.destinations = destinations;
  return service as Service<T>;
}

function readPersistence(list: List, row: number, names: readonly string[]) {
  const at = ServiceColumn;
  const netmask = wordAt(list, at.netmask, row);
  const ipv4 = wordAt(list, at.family, row) === Family.ipv4;
  const engine = names[wordAt(list, at.engine, row)]!;
  return {
    timeout: wordAt(list, at.timeout, row),
    // A netmask with holes, which ipvsadm can write, has no prefix length.
    granularity: ipv4 ? (prefixOfMask(netmask) ?? dottedMask(netmask)) : netmask,
    ...(engine !== '' && { engine }),
  };
}
