import fc from 'fast-check';
import { expect, test } from 'vitest';
import { native } from '../../../lib/addon/load.ts';
import { formatTable, formatWarnings } from '../../../lib/cli/commands/list.ts';
import type { ServiceWithDestinations } from '../../../lib/index.ts';
import { writeRules } from '../../../lib/rules/format/format.ts';
import { anyTable } from '../../support/any-table.ts';
import { nativeTable, type Table } from '../../support/native-table.ts';
import { propertyRuns } from '../../support/property-runs.ts';

// What ipvs-quick prints of a table beside what Node.js prints of it. UsualCommand::Kind has the numbers.

const SAVE = 3;
const OVERVIEW = 4;

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
