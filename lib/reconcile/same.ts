import { type List, viewList, wordAt } from '../addon/columns.ts';
import { ADDRESS_BYTES, DestinationColumn, Layout, NAME_BYTES, ServiceColumn } from '../addon/layout.ts';
import type { NativeTable } from '../addon/native.ts';
import { RECORD_WORDS } from '../addon/record.ts';
import { ForwardingNumber, ServiceFlag } from '../model/constants.ts';
import type { DesiredEntry } from './desired.ts';

const WORD = 4;
const ADDRESS_WORDS = ADDRESS_BYTES / WORD;

/** A part of a table in columns, with views on them. */
export interface TableLists {
  readonly services: List;
  readonly destinations: List;
  /** The addresses of the destinations, four words each. */
  readonly addresses: Uint32Array;
  readonly names: readonly string[];
  /** Those names as records have them. */
  readonly nameWords: readonly Uint32Array[];
}

/** Views a table's columns, copying nothing. */
export function viewTable(table: NativeTable): TableLists {
  const destinations = viewList(table.destinations, DestinationColumn.count);
  const { buffer, byteOffset } = destinations.addresses;
  return {
    services: viewList(table.services, ServiceColumn.count),
    destinations,
    addresses: new Uint32Array(buffer, byteOffset, (destinations.rows * ADDRESS_BYTES) / WORD),
    names: table.names,
    nameWords: table.names.map(wordsOfName),
  };
}

function wordsOfName(name: string): Uint32Array {
  const bytes = new Uint8Array(NAME_BYTES);
  for (let i = 0; i < name.length; i++) bytes[i] = name.charCodeAt(i);
  return new Uint32Array(bytes.buffer);
}

/** The destinations of one service: rows from `from` up to `to`, the newest first. */
export interface Rows {
  readonly from: number;
  readonly to: number;
}

/**
 * Whether a service and its destinations are as desired, in the desired order: numbers against numbers, no
 * object made. Of a table that is as it should be, which is the usual case, nothing else is looked at. False
 * may also mean that more has to be looked at: `serviceChanges` and `destinationChanges` tell.
 */
export function isSame(
  lists: TableLists,
  row: number,
  { from, to }: Rows,
  entry: DesiredEntry,
  records: Uint32Array,
): boolean {
  if (to - from !== entry.count || !isSameService(lists, row, entry, records)) return false;
  for (let i = 0; i < entry.count; i++) {
    const record = (entry.record + 1 + i) * RECORD_WORDS;
    if (!isSameDestination(lists, to - 1 - i, record, records)) return false;
  }
  return true;
}

/** The word of a record at a byte offset. */
function word(records: Uint32Array, record: number, offset: number): number {
  return records[record + offset / WORD]!;
}

function isSameService(
  { services, nameWords }: TableLists,
  row: number,
  { record: index, isDormant }: DesiredEntry,
  records: Uint32Array,
): boolean {
  const record = index * RECORD_WORDS;
  const at = Layout.service;
  const column = ServiceColumn;
  const flags = word(records, record, at.flags);
  if (wordAt(services, column.flags, row) !== flags) return false;
  const hasName = (name: number, offset: number) =>
    nameWords[name]!.every((found, i) => found === word(records, record, offset + i * WORD));
  if (!hasName(wordAt(services, column.scheduler, row), at.scheduler)) return false;
  if ((flags & ServiceFlag.persistent) === 0) return !isDormant;
  return (
    wordAt(services, column.timeout, row) === word(records, record, at.timeout) &&
    wordAt(services, column.netmask, row) === word(records, record, at.netmask) &&
    hasName(wordAt(services, column.engine, row), at.engine)
  );
}

/** Columns of destinations, and where records have the same: pairs in a row, which take less time to walk. */
const destinationWords = pairs([
  [DestinationColumn.port, Layout.destination.port],
  [DestinationColumn.family, Layout.destination.family],
  [DestinationColumn.weight, Layout.destination.weight],
  [DestinationColumn.forwarding, Layout.destination.forwarding],
  [DestinationColumn.upperThreshold, Layout.destination.upperThreshold],
  [DestinationColumn.lowerThreshold, Layout.destination.lowerThreshold],
]);

const tunnelWords = pairs([
  [DestinationColumn.tunnelType, Layout.destination.tunnelType],
  [DestinationColumn.tunnelPort, Layout.destination.tunnelPort],
  [DestinationColumn.tunnelFlags, Layout.destination.tunnelFlags],
]);

function pairs(of: readonly (readonly [column: number, offset: number])[]): readonly number[] {
  return of.flatMap(([column, offset]) => [column, offset / WORD]);
}

function isSameDestination(
  { destinations, addresses }: TableLists,
  row: number,
  record: number,
  records: Uint32Array,
): boolean {
  const address = record + Layout.destination.address / WORD;
  for (let i = 0; i < ADDRESS_WORDS; i++) {
    if (addresses[row * ADDRESS_WORDS + i] !== records[address + i]) return false;
  }
  if (!hasWords(destinations, row, record, records, destinationWords)) return false;
  const isTunnel = word(records, record, Layout.destination.forwarding) === ForwardingNumber.tunnel;
  return !isTunnel || hasWords(destinations, row, record, records, tunnelWords);
}

function hasWords(
  { words, rows }: List,
  row: number,
  record: number,
  records: Uint32Array,
  which: readonly number[],
): boolean {
  for (let i = 0; i < which.length; i += 2) {
    if (words[which[i]! * rows + row] !== records[record + which[i + 1]!]) return false;
  }
  return true;
}
