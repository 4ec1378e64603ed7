import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DestinationColumn, Layout, ServiceColumn } from '../../../lib/addon/layout.ts';
import { native } from '../../../lib/addon/load.ts';
import type { NativeTable } from '../../../lib/addon/native.ts';
import { createBatch, getWord, type Slot } from '../../../lib/addon/record.ts';
import { addDestination, addService, type Write } from '../../../lib/calls/writes.ts';
import { formatTable, formatWarnings } from '../../../lib/cli/commands/list.ts';
import type { DestinationSpec, ServiceSpec, ServiceWithDestinations } from '../../../lib/index.ts';
import { writeRules } from '../../../lib/rules/format/format.ts';
import { anyTable } from '../../support/any-table.ts';
import { propertyRuns } from '../../support/property-runs.ts';

// What ipvs-quick prints of a table beside what Node.js prints of it. UsualCommand::Kind has the numbers.

const SAVE = 3;
const OVERVIEW = 4;
const COUNTER_BYTES = 80;
const ADDRESS_BYTES = 16;

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

type Table = readonly (ServiceSpec & { readonly destinations: readonly DestinationSpec[] })[];

/** A table as the kernel would report it: destinations newest first. */
function nativeTable(table: Table): NativeTable {
  const names: string[] = [];
  const indexOf = (slot: Slot, offset: number) => {
    const bytes = Buffer.from(slot.bytes.slice(offset, offset + ADDRESS_BYTES));
    const name = bytes.toString('latin1').replace(/\0.*/s, '');
    if (!names.includes(name)) names.push(name);
    return names.indexOf(name);
  };
  const { service: at, destination: to } = Layout;
  const services = table.map(spec => {
    const slot = slotOf(addService(spec));
    const numbers = [at.family, at.protocol, at.fwmark, at.port, at.flags, at.timeout, at.netmask];
    return {
      words: [
        ...numbers.map(offset => getWord(slot, offset)),
        indexOf(slot, at.scheduler),
        indexOf(slot, at.engine),
      ],
      address: slot.bytes.slice(at.address, at.address + ADDRESS_BYTES),
    };
  });
  const destinations = table.flatMap((spec, i) =>
    spec.destinations.toReversed().map(row => {
      const slot = slotOf(addDestination(spec, row));
      const word = (offset: number) => getWord(slot, offset);
      return {
        words: [
          i,
          ...[to.family, to.port, to.forwarding, to.weight, to.upperThreshold, to.lowerThreshold].map(word),
          ...[0, 0, 0],
          ...[to.tunnelType, to.tunnelPort, to.tunnelFlags].map(word),
        ],
        address: slot.bytes.slice(to.address, to.address + ADDRESS_BYTES),
      };
    }),
  );
  return {
    names,
    services: block(services, ServiceColumn.count),
    destinations: block(destinations, DestinationColumn.count),
  };
}

function textOf(kind: number, table: Table): string | undefined {
  const { services, destinations, names } = nativeTable(table);
  return native().usualText(kind, services, destinations, names);
}

const rates = { connections: 0, inPackets: 0, outPackets: 0, inBytes: 0, outBytes: 0 };
const stats = { ...rates, rates };

/** The same table as snapshot() returns it. */
function snapshotOf(table: Table): readonly ServiceWithDestinations[] {
  return table.map(({ destinations, ...service }) => {
    const none = { activeConnections: 0, inactiveConnections: 0, persistentConnections: 0, stats };
    const rows = destinations.map(destination => ({ ...destination, ...none }));
    return { ...service, stats, destinations: rows } as unknown as ServiceWithDestinations;
  });
}

test('ipvs-quick saves any table as Node.js does, unless ipvsadm has no words for it', () => {
  let saved = 0;
  fc.assert(
    fc.property(anyTable, table => {
      const { text, omitted } = writeRules(table, { language: 'ipvsadm' });
      expect(textOf(SAVE, table)).toBe(omitted.length === 0 ? text : undefined);
      if (omitted.length === 0 && table.length > 0) saved++;
    }),
    propertyRuns(1000),
  );
  expect(saved).toBeGreaterThan(30);
});

/** A table's services by themselves, with each of their destinations alone and with all. */
function pieces(table: Table): readonly Table[] {
  return table.flatMap(({ destinations, ...service }) => [
    [{ ...service, destinations: [] }],
    ...destinations.map(destination => [{ ...service, destinations: [destination] }]),
    [{ ...service, destinations }],
  ]);
}

test('ipvs-quick prints `ipvs list` of any table as Node.js does, or leaves it to that', () => {
  let printed = 0;
  fc.assert(
    fc.property(anyTable, table => {
      for (const piece of [...pieces(table), table]) {
        const text = textOf(OVERVIEW, piece);
        if (text === undefined) continue;
        const snapshot = snapshotOf(piece);
        expect(formatWarnings(snapshot)).toBe('');
        expect(text).toBe(formatTable(snapshot, false));
        printed++;
      }
    }),
    propertyRuns(1000),
  );
  expect(printed).toBeGreaterThan(200);
});
