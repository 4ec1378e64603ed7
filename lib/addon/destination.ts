import { writeAddress } from '../model/address.ts';
import { contradiction, validateChoice, validateInteger, validateObject } from '../model/arguments.ts';
import {
  ChecksumNumber,
  ForwardingNumber,
  MAX_THRESHOLD,
  MAX_WEIGHT,
  TunnelNumber,
} from '../model/constants.ts';
import type {
  Destination,
  DestinationChanges,
  DestinationSpec,
  Forwarding,
  Tunnel,
} from '../model/destination.ts';
import type { DestinationId } from '../model/identity.ts';
import type { Stats } from '../model/stats.ts';
import { addressAt, type List, wordAt } from './columns.ts';
import { DestinationColumn, DestinationField, Layout } from './layout.ts';
import { getWord, putWord, type Slot } from './record.ts';

const configKeys = ['forwarding', 'tunnel', 'weight', 'upperThreshold', 'lowerThreshold'];
const changeKeys = new Set(configKeys);
const observedKeys = new Set([
  'address',
  'port',
  ...configKeys,
  'activeConnections',
  'inactiveConnections',
  'persistentConnections',
  'stats',
]);
const tunnelKeys: Readonly<Record<Tunnel['type'], ReadonlySet<string>>> = {
  ipip: new Set(['type']),
  gue: new Set(['type', 'port', 'checksum']),
  gre: new Set(['type', 'checksum']),
};
/** The fields of a destination as errors name them, by where they stand: put together once, not for every call. */
const fieldNames = { destination: fieldsOf('destination'), changes: fieldsOf('changes') };
const greChecksums = { none: ChecksumNumber.none, csum: ChecksumNumber.csum };

/** Writes the identity of a destination that a call is about. A whole destination will do for one. */
export function putDestinationId(slot: Slot, destination: DestinationId): void {
  validateObject('destination', destination, observedKeys);
  const at = Layout.destination;
  const { bytes, start } = slot;
  putWord(
    slot,
    at.family,
    writeAddress(bytes, start + at.address, 'destination.address', destination.address),
  );
  putWord(slot, at.port, validateInteger('destination.port', destination.port, 0, 65_535));
}

/** Writes a destination to be added, defaults filled in; the slot holds its service already. */
export function putDestinationSpec(slot: Slot, spec: DestinationSpec): void {
  putDestinationId(slot, spec);
  const at = Layout.destination;
  putWord(slot, at.weight, 1);
  putWord(slot, at.forwarding, ForwardingNumber.direct);
  putConfig(slot, spec, fieldNames.destination);
  checkThresholds(slot, 'destination');
  checkAgainstService(slot);
}

/** Writes the changes of an update. True when they name everything, so that nothing needs to be read before. */
export function putDestinationChanges(
  slot: Slot,
  destination: DestinationId,
  changes: DestinationChanges,
): boolean {
  putDestinationId(slot, destination);
  validateObject('changes', changes, changeKeys);
  const fields = putConfig(slot, changes, fieldNames.changes);
  const both = DestinationField.upperThreshold | DestinationField.lowerThreshold;
  if ((fields & both) === both) checkThresholds(slot, 'changes');
  if ((fields & DestinationField.forwarding) !== 0) checkAgainstService(slot);
  putWord(slot, Layout.fields, fields);
  return fields === DestinationField.all;
}

function fieldsOf(what: string) {
  return {
    forwarding: `${what}.forwarding`,
    tunnel: `${what}.tunnel`,
    weight: `${what}.weight`,
    upperThreshold: `${what}.upperThreshold`,
    lowerThreshold: `${what}.lowerThreshold`,
  };
}

/** Writes what is named, and gives back which fields that is. */
function putConfig(slot: Slot, config: DestinationChanges, names: ReturnType<typeof fieldsOf>): number {
  const at = Layout.destination;
  const { forwarding, tunnel, weight, upperThreshold, lowerThreshold } = config;
  let fields = 0;
  if (forwarding !== undefined) {
    putWord(slot, at.forwarding, validateChoice(names.forwarding, forwarding, ForwardingNumber));
    fields |= DestinationField.forwarding | DestinationField.tunnel;
  }
  if (tunnel !== undefined) {
    if (forwarding !== 'tunnel') throw contradiction(`${names.tunnel} needs ${names.forwarding} 'tunnel'`);
    putTunnel(slot, tunnel, names.tunnel);
  }
  if (weight !== undefined) {
    putWord(slot, at.weight, validateInteger(names.weight, weight, 0, MAX_WEIGHT));
    fields |= DestinationField.weight;
  }
  if (upperThreshold !== undefined) {
    putWord(slot, at.upperThreshold, validateInteger(names.upperThreshold, upperThreshold, 0, MAX_THRESHOLD));
    fields |= DestinationField.upperThreshold;
  }
  if (lowerThreshold !== undefined) {
    putWord(slot, at.lowerThreshold, validateInteger(names.lowerThreshold, lowerThreshold, 0, MAX_THRESHOLD));
    fields |= DestinationField.lowerThreshold;
  }
  return fields;
}

function putTunnel(slot: Slot, tunnel: Tunnel, field: string): void {
  validateObject(field, tunnel, tunnelKeys.gue);
  const at = Layout.destination;
  putWord(slot, at.tunnelType, validateChoice(`${field}.type`, tunnel.type, TunnelNumber));
  validateObject(`${field} of type '${tunnel.type}'`, tunnel, tunnelKeys[tunnel.type]);
  if (tunnel.type === 'gue') {
    putWord(slot, at.tunnelPort, validateInteger(`${field}.port`, tunnel.port, 1, 65_535));
    putWord(
      slot,
      at.tunnelFlags,
      validateChoice(`${field}.checksum`, tunnel.checksum ?? 'none', ChecksumNumber),
    );
  }
  if (tunnel.type === 'gre') {
    putWord(
      slot,
      at.tunnelFlags,
      validateChoice(`${field}.checksum`, tunnel.checksum ?? 'none', greChecksums),
    );
  }
}

function checkThresholds(slot: Slot, what: string): void {
  const upper = getWord(slot, Layout.destination.upperThreshold);
  const lower = getWord(slot, Layout.destination.lowerThreshold);
  if (lower > upper) {
    throw contradiction(
      `${what}.lowerThreshold (${lower}) must not be above ${what}.upperThreshold (${upper})`,
    );
  }
}

/** What the kernel would take and then send to nowhere, or refuse without saying why. */
function checkAgainstService(slot: Slot): void {
  const forwarding = getWord(slot, Layout.destination.forwarding);
  if (getWord(slot, Layout.destination.family) !== getWord(slot, Layout.service.family)) {
    if (forwarding !== ForwardingNumber.tunnel) {
      throw contradiction(
        "destination.address must be of the service's address family: only forwarding 'tunnel' crosses families",
      );
    }
  }
  const keepsPort = forwarding === ForwardingNumber.direct || forwarding === ForwardingNumber.tunnel;
  if (!keepsPort || getWord(slot, Layout.service.fwmark) !== 0) return;
  const port = getWord(slot, Layout.service.port);
  if (getWord(slot, Layout.destination.port) !== port) {
    const method = forwarding === ForwardingNumber.direct ? 'direct' : 'tunnel';
    throw contradiction(
      `destination.port must be the service's port ${port}: forwarding '${method}' does not rewrite ports; 'masquerade' does`,
    );
  }
}

const forwardingNames = Object.keys(ForwardingNumber) as Forwarding[];
const nameOfForwarding: ReadonlyMap<number, Forwarding> = new Map(
  forwardingNames.map(name => [ForwardingNumber[name], name]),
);

function nameOf<T extends string>(table: Readonly<Record<T, number>>, number: number): T {
  for (const name in table) if (table[name] === number) return name;
  return String(number) as T; // the kernel keeps numbers it has no meaning for
}

function readTunnel(list: List, row: number): Tunnel {
  const at = DestinationColumn;
  const type = nameOf(TunnelNumber, wordAt(list, at.tunnelType, row));
  if (type === 'ipip') return { type };
  const checksum = nameOf(ChecksumNumber, wordAt(list, at.tunnelFlags, row));
  if (type === 'gue') return { type, port: wordAt(list, at.tunnelPort, row), checksum };
  return { type, checksum: checksum as 'none' | 'csum' };
}

/** The identity of one destination of a list. */
export function readDestinationId(list: List, row: number): DestinationId {
  const at = DestinationColumn;
  return {
    address: addressAt(list, wordAt(list, at.family, row), row),
    port: wordAt(list, at.port, row),
  };
}

/** One destination of a list, with statistics that were read from it. */
export function readDestination<T extends number | bigint>(
  list: List,
  row: number,
  stats: Stats<T>,
): Destination<T> {
  const at = DestinationColumn;
  const number = wordAt(list, at.forwarding, row);
  const forwarding = nameOfForwarding.get(number) ?? (String(number) as Forwarding);
  // One literal for each shape: spreading objects into one another costs several times as much, and there may be 100,000 rows.
  const address = addressAt(list, wordAt(list, at.family, row), row);
  const port = wordAt(list, at.port, row);
  const weight = wordAt(list, at.weight, row);
  const upperThreshold = wordAt(list, at.upperThreshold, row);
  const lowerThreshold = wordAt(list, at.lowerThreshold, row);
  const activeConnections = wordAt(list, at.activeConnections, row);
  const inactiveConnections = wordAt(list, at.inactiveConnections, row);
  const persistentConnections = wordAt(list, at.persistentConnections, row);
  if (forwarding === 'tunnel') {
    return {
      address,
      port,
      forwarding,
      tunnel: readTunnel(list, row),
      weight,
      upperThreshold,
      lowerThreshold,
      activeConnections,
      inactiveConnections,
      persistentConnections,
      stats,
    };
  }
  return {
    address,
    port,
    forwarding,
    weight,
    upperThreshold,
    lowerThreshold,
    activeConnections,
    inactiveConnections,
    persistentConnections,
    stats,
  };
}
