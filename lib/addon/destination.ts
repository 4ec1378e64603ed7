import { contradiction, validateInteger, validateObject } from '../model/arguments.ts';
import {
  ForwardingNumber,
  MAX_FORWARDING,
  MAX_THRESHOLD,
  MAX_TUNNEL_TYPE,
  MAX_WEIGHT,
  TunnelNumber,
} from '../model/constants.ts';
import {
  DEFAULT_FORWARDING,
  DEFAULT_WEIGHT,
  type Destination,
  type DestinationChanges,
  type DestinationSpec,
  destinationKeys,
  type Forwarding,
  type Tunnel,
  tunnelKeys,
} from '../model/destination.ts';
import type { DestinationId } from '../model/identity.ts';
import { namer, validateNumber } from '../model/numbers.ts';
import type { Stats } from '../model/stats.ts';
import { checksumBits, tunnelOf } from '../model/tunnel.ts';
import { addressAt, type List, wordAt } from './columns.ts';
import { checkDestinationId, getDestinationId, putDestinationId } from './identity.ts';
import { DestinationColumn, DestinationField, Layout } from './layout.ts';
import { getWord, putWord, type Slot } from './record.ts';

/**
 * The fields of a destination as errors name them, by where they stand: put together once, not for every
 * call.
 */
const fieldNames = { destination: fieldsOf('destination'), changes: fieldsOf('changes') };

function fieldsOf(of: string) {
  return {
    forwarding: `${of}.forwarding`,
    tunnel: `${of}.tunnel`,
    weight: `${of}.weight`,
    upperThreshold: `${of}.upperThreshold`,
    lowerThreshold: `${of}.lowerThreshold`,
  };
}

/** Writes a destination to be added, defaults filled in; the slot holds its service already. */
export function putDestinationSpec(slot: Slot, spec: DestinationSpec): void {
  putDestinationId(slot, spec);
  const at = Layout.destination;
  putWord(slot, at.weight, DEFAULT_WEIGHT);
  putWord(slot, at.forwarding, ForwardingNumber[DEFAULT_FORWARDING]);
  putConfig(slot, spec, fieldNames.destination);
  checkThresholds(slot, 'destination');
  checkFamily(slot);
}

/** Reads back a destination that was to be added. */
export function getDestinationSpec(slot: Slot): DestinationSpec {
  const at = Layout.destination;
  const { address, port } = getDestinationId(slot);
  const number = getWord(slot, at.forwarding);
  const forwarding = forwardingName(number);
  const weight = getWord(slot, at.weight);
  const upperThreshold = getWord(slot, at.upperThreshold);
  const lowerThreshold = getWord(slot, at.lowerThreshold);
  const tunnel = tunnelOf(
    getWord(slot, at.tunnelType),
    getWord(slot, at.tunnelPort),
    getWord(slot, at.tunnelFlags),
    number === ForwardingNumber.tunnel,
  );
  const spec =
    tunnel === undefined
      ? { address, port, forwarding, weight, upperThreshold, lowerThreshold }
      : { address, port, forwarding, weight, upperThreshold, lowerThreshold, tunnel };
  return spec as DestinationSpec;
}

/**
 * Writes the changes of an update. True when they name everything, so that nothing needs to be read before.
 */
export function putDestinationChanges(
  slot: Slot,
  destination: DestinationId,
  changes: DestinationChanges,
): boolean {
  putDestinationId(slot, destination);
  validateObject('changes', changes, destinationKeys);
  checkDestinationId(slot, changes as Partial<DestinationSpec>, destination);
  const fields = putConfig(slot, changes, fieldNames.changes);
  const both = DestinationField.upperThreshold | DestinationField.lowerThreshold;
  if ((fields & both) === both) checkThresholds(slot, 'changes');
  if ((fields & DestinationField.forwarding) !== 0) checkFamily(slot);
  putWord(slot, Layout.fields, fields);
  return fields === DestinationField.all;
}

/** Writes the fields that are named, and returns which those are. */
function putConfig(slot: Slot, config: DestinationChanges, names: ReturnType<typeof fieldsOf>): number {
  const at = Layout.destination;
  const { forwarding, tunnel, weight, upperThreshold, lowerThreshold } = config;
  let fields = 0;
  if (forwarding !== undefined) {
    const number = validateNumber(names.forwarding, forwarding, ForwardingNumber, MAX_FORWARDING);
    putWord(slot, at.forwarding, number);
    fields |= DestinationField.forwarding | DestinationField.tunnel;
  }
  if (tunnel !== undefined) {
    putTunnel(slot, tunnel, names.tunnel);
    fields |= DestinationField.tunnel;
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
  validateObject(field, tunnel, tunnelKeys);
  const at = Layout.destination;
  const { type, port, checksum } = tunnel;
  const number = validateNumber(`${field}.type`, type, TunnelNumber, MAX_TUNNEL_TYPE);
  putWord(slot, at.tunnelType, number);
  if (number === TunnelNumber.gue) {
    // The kernel refuses it without one (EINVAL), under any forwarding.
    putWord(slot, at.tunnelPort, validateInteger(`${field}.port`, port, 1, 65_535));
  } else if (port !== undefined) {
    putWord(slot, at.tunnelPort, validateInteger(`${field}.port`, port, 0, 65_535));
  }
  if (checksum !== undefined) putWord(slot, at.tunnelFlags, checksumBits(`${field}.checksum`, checksum));
}

function checkThresholds(slot: Slot, of: string): void {
  const upper = getWord(slot, Layout.destination.upperThreshold);
  const lower = getWord(slot, Layout.destination.lowerThreshold);
  if (lower > upper) {
    throw contradiction(`${of}.lowerThreshold (${lower}) must not be above ${of}.upperThreshold (${upper})`);
  }
}

/** What the kernel would refuse without saying why. */
function checkFamily(slot: Slot): void {
  if (getWord(slot, Layout.destination.family) === getWord(slot, Layout.service.family)) return;
  if (getWord(slot, Layout.destination.forwarding) === ForwardingNumber.tunnel) return;
  throw contradiction(
    "destination.address must be of the service's address family: only forwarding 'tunnel' crosses families",
  );
}

/** What a row has of a tunnel; undefined when it is none and nothing is left of one. */
function readTunnel(list: List, row: number, isTunnelled: boolean): Tunnel | undefined {
  const at = DestinationColumn;
  const type = wordAt(list, at.tunnelType, row);
  return tunnelOf(type, wordAt(list, at.tunnelPort, row), wordAt(list, at.tunnelFlags, row), isTunnelled);
}

const forwardingName = namer(ForwardingNumber);

/** One destination of a list, with statistics that were read from it. */
export function readDestination<T extends number | bigint>(
  list: List,
  row: number,
  stats: Stats<T>,
): Destination<T> {
  const at = DestinationColumn;
  const number = wordAt(list, at.forwarding, row);
  const tunnel = readTunnel(list, row, number === ForwardingNumber.tunnel);
  const forwarding = forwardingName(number) as Exclude<Forwarding, 'tunnel'>;
  // One literal for each shape: to spread objects into one another costs several times as much, and there may
  // be 100,000 rows.
  const address = addressAt(list, wordAt(list, at.family, row), row);
  const port = wordAt(list, at.port, row);
  const weight = wordAt(list, at.weight, row);
  const upperThreshold = wordAt(list, at.upperThreshold, row);
  const lowerThreshold = wordAt(list, at.lowerThreshold, row);
  const activeConnections = wordAt(list, at.activeConnections, row);
  const inactiveConnections = wordAt(list, at.inactiveConnections, row);
  const persistentConnections = wordAt(list, at.persistentConnections, row);
  if (tunnel !== undefined) {
    return {
      address,
      port,
      forwarding,
      tunnel,
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
