import { setImmediate as nextTurn } from 'node:timers/promises';
import { readAddress } from '../model/address.ts';
import type { Destination } from '../model/destination.ts';
import type { DestinationId, ServiceId } from '../model/identity.ts';
import type { Service } from '../model/service.ts';
import type { Stats } from '../model/stats.ts';
import type { ServiceWithDestinations } from '../model/table.ts';
import { bigStatsAt, type List, statsAt, viewList, wordAt } from './columns.ts';
import { readDestination } from './destination.ts';
import { readServiceId } from './identity.ts';
import { ADDRESS_BYTES, DestinationColumn, IDENTITY_BYTES, ServiceColumn } from './layout.ts';
import type { NativeKeys, NativeTable } from './native.ts';
import { readService } from './service.ts';

/** Rows made into objects before the event loop has a turn: well under a millisecond's work. */
const SLICE = 500;

/** Works through the rows of a list in slices, so that nothing else on this thread waits for a large one. */
async function inSlices(rows: number, work: (row: number) => void): Promise<void> {
  for (let row = 0; row < rows; ) {
    const end = Math.min(row + SLICE, rows);
    while (row < end) work(row++);
    if (row < rows) await nextTurn();
  }
}

/** Reads a row's statistics as numbers or as bigints, whichever the caller asked for. */
function statsReader<T extends number | bigint>(bigint: boolean) {
  return (bigint ? bigStatsAt : statsAt) as (list: List, row: number) => Stats<T>;
}

/** The services of a table. */
export async function readServices<T extends number | bigint>(
  table: NativeTable,
  bigint: boolean,
  destinations?: readonly Destination<T>[][],
): Promise<Service<T>[]> {
  const { services, names } = table;
  const list = viewList(services, ServiceColumn.count);
  const stats = statsReader<T>(bigint);
  const found: Service<T>[] = [];
  await inSlices(list.rows, row => {
    found.push(readService(list, row, names, stats(list, row), destinations?.[row]));
  });
  return found;
}

/**
 * The destinations of a table, grouped by service. In the order they were added: the kernel keeps the newest
 * first, and restoring a table in its order would turn every server list round.
 */
async function readGroups<T extends number | bigint>(
  table: NativeTable,
  groups: number,
  bigint: boolean,
): Promise<Destination<T>[][]> {
  const list = viewList(table.destinations, DestinationColumn.count);
  const stats = statsReader<T>(bigint);
  const found = Array.from({ length: groups }, (): Destination<T>[] => []);
  await inSlices(list.rows, i => {
    const row = list.rows - 1 - i;
    found[wordAt(list, DestinationColumn.service, row)]!.push(readDestination(list, row, stats(list, row)));
  });
  return found;
}

/** The destinations of one service. */
export async function readDestinations<T extends number | bigint>(
  table: NativeTable,
  bigint: boolean,
): Promise<Destination<T>[]> {
  const [only] = await readGroups<T>(table, 1, bigint);
  return only!;
}

/**
 * Reads the whole table, which comes in parts: each is made into objects while the kernel is asked for the
 * next.
 */
export function readSnapshot<T extends number | bigint>(
  bigint: boolean,
): {
  readonly part: (table: NativeTable) => void;
  readonly decode: (table: NativeTable) => Promise<ServiceWithDestinations<T>[]>;
} {
  const found: ServiceWithDestinations<T>[] = [];
  let reading = Promise.resolve();
  function part(table: NativeTable): void {
    reading = reading.then(async () => {
      const groups = await readGroups<T>(table, table.services.rows, bigint);
      found.push(...((await readServices<T>(table, bigint, groups)) as ServiceWithDestinations<T>[]));
      await nextTurn();
    });
  }
  return {
    part,
    async decode(table) {
      part(table);
      await reading;
      return found;
    },
  };
}

/** The identities of a sample's services, row by row. */
export function readServiceIds({ services }: NativeKeys): ServiceId[] {
  const list = viewList(services, ServiceColumn.count, 0);
  return Array.from({ length: list.rows }, (_, row) => readServiceId(list, row));
}

/** The identities of a sample's destinations, row by row. */
export function readDestinationIds({ destinations: { rows, buffer } }: NativeKeys): DestinationId[] {
  const bytes = new Uint8Array(buffer);
  const numbers = new Uint16Array(buffer);
  return Array.from({ length: rows }, (_, row) => {
    const at = row * IDENTITY_BYTES;
    const number = (at + ADDRESS_BYTES) / 2;
    return { address: readAddress(bytes, at, numbers[number]!), port: numbers[number + 1]! };
  });
}
