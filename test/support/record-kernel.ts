import { DestinationField, Layout, Operation } from '../../lib/addon/layout.ts';
import type { NativeTable } from '../../lib/addon/native.ts';
import { createSlot, getWord, type Slot } from '../../lib/addon/record.ts';
import { type RecordedService, tableOfRecords } from './native-table.ts';

/** What the kernel answers where a row is there already, or is missing, or its service is. */
export const refusals = { EEXIST: 17, ENOENT: 2, ESRCH: 3 } as const;

interface Held {
  service: Slot;
  readonly destinations: Map<string, Slot>;
}

/**
 * A model of the kernel's table that takes the records which lib/ writes, and answers with columns as the addon would:
 * what is between the two is tested without a kernel. As `TableModel`, which takes steps of plans.
 */
export class RecordKernel {
  readonly #table = new Map<string, Held>();

  /** Executes records in a row. Returns their statuses: 0, or an errno. */
  writeAll(records: Uint8Array, count: number): Int32Array {
    return Int32Array.from({ length: count }, (_, i) => {
      const slot = createSlot();
      slot.bytes.set(records.subarray(i * Layout.bytes, (i + 1) * Layout.bytes));
      return this.#write(slot);
    });
  }

  /** The table in parts of so many services each, the last one perhaps of fewer. */
  parts(services: number): readonly NativeTable[] {
    const all = [...this.#table.values()].map(
      ({ service, destinations }): RecordedService => ({ service, destinations: [...destinations.values()] }),
    );
    const parts = Math.max(1, Math.ceil(all.length / services));
    return Array.from({ length: parts }, (_, i) =>
      tableOfRecords(all.slice(i * services, (i + 1) * services)),
    );
  }

  /** The service that a record names, without destinations; undefined where there is none. */
  service(record: Slot): NativeTable | undefined {
    const held = this.#table.get(serviceKeyIn(record));
    return held && tableOfRecords([{ service: held.service, destinations: [] }]);
  }

  /** The destinations of the service that a record names, without it; undefined where there is none. */
  destinations(record: Slot): NativeTable | undefined {
    const held = this.#table.get(serviceKeyIn(record));
    if (held === undefined) return undefined;
    const { service, destinations } = held;
    const { services } = tableOfRecords([]);
    return { ...tableOfRecords([{ service, destinations: [...destinations.values()] }]), services };
  }

  #write(record: Slot): number {
    const operation = getWord(record, Layout.operation);
    const key = serviceKeyIn(record);
    const held = this.#table.get(key);
    if (operation === Operation.newService) {
      if (held !== undefined) return refusals.EEXIST;
      this.#table.set(key, { service: record, destinations: new Map() });
      return 0;
    }
    if (held === undefined) return refusals.ESRCH;
    switch (operation) {
      case Operation.setService:
        held.service = record;
        return 0;
      case Operation.delService:
        this.#table.delete(key);
        return 0;
      default:
        return writeDestination(operation, held.destinations, record);
    }
  }
}

function writeDestination(operation: number, destinations: Map<string, Slot>, record: Slot): number {
  const key = destinationKeyIn(record);
  const present = destinations.get(key);
  if (operation === Operation.newDest) {
    if (present !== undefined) return refusals.EEXIST;
    destinations.set(key, record);
    return 0;
  }
  if (present === undefined) return refusals.ENOENT;
  switch (operation) {
    case Operation.delDest:
      destinations.delete(key);
      return 0;
    case Operation.setDest:
      destinations.set(key, record);
      return 0;
    case Operation.updateDest:
      destinations.set(key, merged(present, record));
      return 0;
    default:
      throw new Error(`no plan writes by operation ${operation}`);
  }
}

/** A destination after an update, which names the fields that it replaces. */
function merged(present: Slot, update: Slot): Slot {
  const at = Layout.destination;
  const { forwarding, weight, upperThreshold, lowerThreshold, tunnel } = DestinationField;
  const fields: readonly (readonly [bit: number, offsets: readonly number[]])[] = [
    [forwarding, [at.forwarding]],
    [weight, [at.weight]],
    [upperThreshold, [at.upperThreshold]],
    [lowerThreshold, [at.lowerThreshold]],
    [tunnel, [at.tunnelType, at.tunnelPort, at.tunnelFlags]],
  ];
  const slot = createSlot();
  slot.words.set(present.words);
  for (const [bit, offsets] of fields) {
    if ((getWord(update, Layout.fields) & bit) === 0) continue;
    for (const offset of offsets) slot.words[offset >> 2] = getWord(update, offset);
  }
  return slot;
}

function serviceKeyIn({ bytes }: Slot): string {
  const { family, flags } = Layout.service;
  return Buffer.from(bytes.subarray(family, flags)).toString('hex');
}

function destinationKeyIn({ bytes }: Slot): string {
  const { family, forwarding } = Layout.destination;
  return Buffer.from(bytes.subarray(family, forwarding)).toString('hex');
}
