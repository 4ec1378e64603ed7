import { readAddress, writeAddress } from '../model/address.ts';
import { contradiction, validateChoice, validateInteger, validateObject } from '../model/arguments.ts';
import { Family, MAX_PROTOCOL, ProtocolNumber } from '../model/constants.ts';
import { destinationKeys } from '../model/destination.ts';
import type { DestinationId, ServiceId } from '../model/identity.ts';
import { namer, validateNumber } from '../model/numbers.ts';
import { serviceKeys } from '../model/service.ts';
import { addressAt, type List, wordAt } from './columns.ts';
import { ADDRESS_BYTES, DestinationColumn, Layout, ServiceColumn } from './layout.ts';
import { getWord, putWord, type Slot } from './record.ts';

const protocolName = namer(ProtocolNumber);

/** Writes the identity of the service that a call is about. A whole service will do for one. */
export function putServiceId(slot: Slot, service: ServiceId): void {
  validateObject('service', service, serviceKeys);
  const at = Layout.service;
  const { protocol, address, port, fwmark, family } = service;
  if (fwmark !== undefined) {
    for (const [key, value] of Object.entries({ protocol, address, port })) {
      if (value !== undefined) {
        throw contradiction(
          `service.${key} does not go with service.fwmark: a mark alone is the service's identity`,
        );
      }
    }
    putWord(slot, at.fwmark, validateInteger('service.fwmark', fwmark, 1, 0xffff_ffff));
    putWord(slot, at.family, validateChoice('service.family', family, Family));
    return;
  }
  if (family !== undefined) {
    throw contradiction('service.family goes with service.fwmark only: an address has its own family');
  }
  putWord(slot, at.protocol, validateNumber('service.protocol', protocol, ProtocolNumber, MAX_PROTOCOL));
  putWord(slot, at.family, writeAddress(slot.bytes, at.address, 'service.address', address));
  putWord(slot, at.port, validateInteger('service.port', port, 0, 65_535));
}

/** Writes the identity of the destination that a call is about. A whole destination will do for one. */
export function putDestinationId(slot: Slot, destination: DestinationId): void {
  validateObject('destination', destination, destinationKeys);
  const at = Layout.destination;
  const { address, port } = destination;
  putWord(slot, at.family, writeAddress(slot.bytes, at.address, 'destination.address', address));
  putWord(slot, at.port, validateInteger('destination.port', port, 0, 65_535));
}

/** Reads back the service that a record is about. */
export function getServiceId(slot: Slot): ServiceId {
  const at = Layout.service;
  const family = getWord(slot, at.family);
  const fwmark = getWord(slot, at.fwmark);
  if (fwmark !== 0) return { fwmark, family: family === Family.ipv4 ? 'ipv4' : 'ipv6' };
  return {
    protocol: protocolName(getWord(slot, at.protocol)),
    address: readAddress(slot.bytes, at.address, family),
    port: getWord(slot, at.port),
  };
}

/** Reads back the destination that a record is about. */
export function getDestinationId(slot: Slot): DestinationId {
  const at = Layout.destination;
  return {
    address: readAddress(slot.bytes, at.address, getWord(slot, at.family)),
    port: getWord(slot, at.port),
  };
}

/** Any of the fields of an identity, of any type. */
type IdentityFields = { readonly [K in keyof ServiceId]?: unknown } & object;

/** Throws unless what `changes` says of a service's identity is what the record has. */
export function checkServiceId(slot: Slot, changes: IdentityFields, service: ServiceId): void {
  const at = Layout.service;
  const { protocol, address, port, fwmark, family } = changes;
  const isMark = getWord(slot, at.fwmark) !== 0;
  function check(field: keyof ServiceId, value: unknown, isSame: () => boolean): void {
    if (value !== undefined && !isSame()) throw otherIdentity('service', field, value, service[field]);
  }
  check('protocol', protocol, () => {
    const number = validateNumber('changes.protocol', protocol, ProtocolNumber, MAX_PROTOCOL);
    return !isMark && number === getWord(slot, at.protocol);
  });
  check('address', address, () => !isMark && isAddressAt(slot, at, address));
  check('port', port, () => !isMark && port === getWord(slot, at.port));
  check('fwmark', fwmark, () => isMark && fwmark === getWord(slot, at.fwmark));
  check('family', family, () => {
    return isMark && validateChoice('changes.family', family, Family) === getWord(slot, at.family);
  });
}

/** Throws unless what `changes` says of a destination's identity is what the record has. */
export function checkDestinationId(slot: Slot, changes: IdentityFields, destination: DestinationId): void {
  const at = Layout.destination;
  const { address, port } = changes;
  if (address !== undefined && !isAddressAt(slot, at, address)) {
    throw otherIdentity('destination', 'address', address, destination.address);
  }
  if (port !== undefined && port !== getWord(slot, at.port)) {
    throw otherIdentity('destination', 'port', port, destination.port);
  }
}

/** Whether a text is another way to write the address in a record. Throws when it is no address. */
function isAddressAt(
  slot: Slot,
  at: { readonly address: number; readonly family: number },
  text: unknown,
): boolean {
  const bytes = new Uint8Array(ADDRESS_BYTES);
  if (writeAddress(bytes, 0, 'changes.address', text) !== getWord(slot, at.family)) return false;
  return bytes.every((byte, i) => byte === slot.bytes[at.address + i]);
}

function otherIdentity(of: string, field: string, value: unknown, present: unknown) {
  const rule = present === undefined ? 'be left out' : `be ${present} or left out`;
  return contradiction(
    `changes.${field} must ${rule}, not ${value}: it is the ${of}'s identity; remove the ${of} and add another`,
  );
}

/** The identity of one service of a list. */
export function readServiceId(list: List, row: number): ServiceId {
  const at = ServiceColumn;
  const family = wordAt(list, at.family, row);
  const fwmark = wordAt(list, at.fwmark, row);
  if (fwmark > 0) return { fwmark, family: family === Family.ipv4 ? 'ipv4' : 'ipv6' };
  return {
    protocol: protocolName(wordAt(list, at.protocol, row)),
    address: addressAt(list, family, row),
    port: wordAt(list, at.port, row),
  };
}

/** The identity of one destination of a list. */
export function readDestinationId(list: List, row: number): DestinationId {
  const at = DestinationColumn;
  return {
    address: addressAt(list, wordAt(list, at.family, row), row),
    port: wordAt(list, at.port, row),
  };
}
