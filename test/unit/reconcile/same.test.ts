import fc from 'fast-check';
import { expect, test } from 'vitest';
import { wordAt } from '../../../lib/addon/columns.ts';
import { DestinationColumn } from '../../../lib/addon/layout.ts';
import type { TableEntry } from '../../../lib/index.ts';
import { readDesired } from '../../../lib/reconcile/desired.ts';
import { isSame, type TableLists, viewTable } from '../../../lib/reconcile/same.ts';
import { desiredTables } from '../../support/desired-tables.ts';
import { nativeTable } from '../../support/native-table.ts';

/** Whether each service of a table is found the same as that of a desired state in its place. */
async function compare(actual: readonly TableEntry[], desired: readonly TableEntry[]) {
  const lists = viewTable(nativeTable(actual));
  const { entries, records } = await readDesired(desired, undefined);
  return Array.from(entries.values(), (entry, row) => isSame(lists, row, rowsOf(lists, row), entry, records));
}

function rowsOf({ destinations }: TableLists, service: number) {
  const services = Array.from({ length: destinations.rows }, (_, row) =>
    wordAt(destinations, DestinationColumn.service, row),
  );
  const from = services.filter(other => other < service).length;
  return { from, to: from + services.filter(other => other === service).length };
}

test('a service that is as desired is known by its numbers, so that no row of it is made into an object', async () => {
  await fc.assert(
    fc.asyncProperty(desiredTables, async table => {
      // What waits for persistence to come back is in no table: it is looked at further.
      const expected = table.map(({ dormantPersistence }) => dormantPersistence === undefined);
      expect(await compare(table, table)).toEqual(expected);
    }),
    { numRuns: 100 },
  );
});

const tunnel = { type: 'gue', port: 6080, checksum: 'csum' } as const;
const service = {
  ...{ protocol: 'tcp', address: '2001:db8::1', port: 80, scheduler: 'mh' },
  persistence: { timeout: 300, granularity: 64 },
  destinations: [
    { address: '2001:db8::2', port: 80, weight: 3 },
    { address: '2001:db8::3', port: 81, forwarding: 'tunnel', tunnel, lowerThreshold: 5, upperThreshold: 9 },
  ],
} as const satisfies TableEntry;
const [plain, tunneled] = service.destinations;

test.each<[string, TableEntry]>([
  ['a scheduler', { ...service, scheduler: 'rr' }],
  ['a scheduler’s flag', { ...service, schedulerFlags: ['mh-port'] }],
  ['one-packet scheduling', { ...service, onePacket: true }],
  ['a timeout', { ...service, persistence: { timeout: 301, granularity: 64 } }],
  ['a netmask', { ...service, persistence: { timeout: 300, granularity: 65 } }],
  ['an engine', { ...service, persistence: { timeout: 300, granularity: 64, engine: 'sip' } }],
  ['a destination less', { ...service, destinations: [plain] }],
  ['the order', { ...service, destinations: [tunneled, plain] }],
  ['the first word of an address', otherSecond({ address: '2002:db8::3' })],
  ['the last word of an address', otherSecond({ address: '2001:db8::4' })],
  ['a port', otherSecond({ port: 82 })],
  ['a weight', otherSecond({ weight: 2 })],
  ['a way of forwarding', otherSecond({ forwarding: 'direct' })],
  ['an upper threshold', otherSecond({ upperThreshold: 10 })],
  ['a lower threshold', otherSecond({ lowerThreshold: 6 })],
  ['a kind of tunnel', otherSecond({ tunnel: { type: 'gre', checksum: 'csum' } })],
  ['a tunnel’s port', otherSecond({ tunnel: { ...tunnel, port: 6081 } })],
  ['a tunnel’s checksum', otherSecond({ tunnel: { ...tunnel, checksum: 'remcsum' } })],
])('a service that differs in %s is not taken for the same', async (_, desired) => {
  expect(await compare([service], [service])).toEqual([true]);
  expect(await compare([service], [desired])).toEqual([false]);
});

/** The service with other fields in its second destination. */
function otherSecond(fields: Partial<TableEntry['destinations'][number]>): TableEntry {
  return { ...service, destinations: [plain, { ...tunneled, ...fields }] } as TableEntry;
}
