import {
  ADDRESS_BYTES,
  DestinationColumn,
  Layout,
  NAME_BYTES,
  ServiceColumn,
} from '../../lib/addon/layout.ts';
import type { NativeTable } from '../../lib/addon/native.ts';
import { createBatch, getWord, type Slot } from '../../lib/addon/record.ts';
import { addDestination, addService, type Write } from '../../lib/calls/writes.ts';
import type { DestinationSpec, ServiceSpec } from '../../lib/index.ts';

/** Services with their destinations, in the order they were added. */
export type Table = readonly (ServiceSpec & { readonly destinations: readonly DestinationSpec[] })[];

/** A service and its destinations, as the records that added them. */
export interface RecordedService {
  readonly service: Slot;
  readonly destinations: readonly Slot[];
}

const COUNTER_BYTES = 80;

/** A table as the kernel would report it: destinations newest first. */
export function nativeTable(table: Table): NativeTable {
  return tableOfRecords(
    table.map(spec => ({
      service: slotOf(addService(spec)),
      destinations: spec.destinations.map(row => slotOf(addDestination(spec, row))),
    })),
  );
}

/** The same of a table whose records are known. */
export function tableOfRecords(table: readonly RecordedService[]): NativeTable {
  const names: string[] = [];
  const indexOf = (slot: Slot, offset: number) => {
    const bytes = Buffer.from(slot.bytes.slice(offset, offset + NAME_BYTES));
    const name = bytes.toString('latin1').replace(/\0.*/s, '');
    if (!names.includes(name)) names.push(name);
    return names.indexOf(name);
  };
  const { service: at, destination: to } = Layout;
  const services = table.map(({ service }) => {
    const numbers = [at.family, at.protocol, at.fwmark, at.port, at.flags, at.timeout, at.netmask];
    return {
      words: [
        ...numbers.map(offset => getWord(service, offset)),
        indexOf(service, at.scheduler),
        indexOf(service, at.engine),
      ],
      address: service.bytes.slice(at.address, at.address + ADDRESS_BYTES),
    };
  });
  const destinations = table.flatMap((entry, i) =>
    entry.destinations.toReversed().map(row => {
      const word = (offset: number) => getWord(row, offset);
      return {
        words: [
          i,
          ...[to.family, to.port, to.forwarding, to.weight, to.upperThreshold, to.lowerThreshold].map(word),
          ...[0, 0, 0],
          ...[to.tunnelType, to.tunnelPort, to.tunnelFlags].map(word),
        ],
        address: row.bytes.slice(to.address, to.address + ADDRESS_BYTES),
      };
    }),
  );
  return {
    names,
    services: block(services, ServiceColumn.count),
    destinations: block(destinations, DestinationColumn.count),
  };
}

function slotOf(write: Write): Slot {
  const slot = createBatch().open(write.operation);
  write.encode?.(slot);
  return slot;
}

/** Lays rows out in columns, as the addon delivers them. */
function block(
  rows: readonly { readonly words: readonly number[]; readonly address: Uint8Array }[],
  count: number,
) {
  const buffer = new ArrayBuffer(rows.length * (COUNTER_BYTES + count * 4 + ADDRESS_BYTES));
  const columns = new Uint32Array(buffer, rows.length * COUNTER_BYTES, rows.length * count);
  const addresses = new Uint8Array(buffer, rows.length * COUNTER_BYTES + columns.byteLength);
  for (const [i, { words, address }] of rows.entries()) {
    for (const [column, word] of words.entries()) columns[column * rows.length + i] = word;
    addresses.set(address, i * ADDRESS_BYTES);
  }
  return { rows: rows.length, buffer };
}
