import { setImmediate as nextTurn } from 'node:timers/promises';
import { wordAt } from '../addon/columns.ts';
import { readDestination } from '../addon/destination.ts';
import { readServiceId } from '../addon/identity.ts';
import { DestinationColumn, Operation } from '../addon/layout.ts';
import type { NativeTable } from '../addon/native.ts';
import { readService } from '../addon/service.ts';
import type { CallSpec, FurtherCalls } from '../calls/call.ts';
import type { CallOptions } from '../calls/options.ts';
import * as reads from '../calls/reads.ts';
import { readNow } from '../drain/sites.ts';
import { IpvsError } from '../model/errors.ts';
import type { ServiceId } from '../model/identity.ts';
import type { Stats } from '../model/stats.ts';
import type { TableEntry } from '../model/table.ts';
import type { DesiredTable } from './desired.ts';
import type { Planned, Planner } from './planner.ts';
import { keyOfService } from './rows.ts';
import { isSame, type Rows, type TableLists, viewTable } from './same.ts';

/** What a table is compared with. */
export interface Comparison {
  readonly desired: DesiredTable;
  readonly planner: Planner;
}

/** Rows compared before the event loop has a turn: well under a millisecond's work. */
const SLICE = 1000;

/** A plan does not look at statistics. */
const unread = undefined as unknown as Stats;

/**
 * Reads the table in parts and draws up a plan as they come, while the kernel is asked for the next: the
 * comparison may become known only after the reading has begun.
 */
export function planCall(comparison: Promise<Comparison>): CallSpec<Planned, typeof Operation.snapshot> {
  let reading: Promise<unknown> = comparison;
  comparison.catch(() => {}); // whoever awaits the call hears of it
  const part = (table: NativeTable) => {
    reading = reading.then(async () => compareTable(viewTable(table), await comparison));
    reading.catch(() => {});
  };
  return {
    operation: Operation.snapshot,
    context: { command: 'GET_DEST' },
    part,
    async decode(table) {
      part(table);
      await reading;
      return (await comparison).planner.finish();
    },
  };
}

/**
 * Reads the desired services alone, all of them asked for at once, and draws up a plan: the table may have many
 * others.
 */
export async function planServices(
  { run }: Pick<FurtherCalls, 'run'>,
  comparison: Comparison,
  options: CallOptions,
): Promise<Planned> {
  const entries = Array.from(comparison.desired.entries.values());
  const tables = await Promise.all(
    entries.map(async ({ service: id }) => {
      const [service, rows] = await Promise.all([
        run(reads.serviceColumns(id), options),
        run(reads.destinationColumns(id), options).catch(ifGone),
      ]);
      return service && { ...service, destinations: rows?.destinations ?? service.destinations };
    }),
  );
  for (const table of tables) {
    if (table !== undefined) await compareTable(viewTable(table), comparison);
  }
  return comparison.planner.finish();
}

/** Reads some services with their destinations, all of them asked for at once; one that is gone is left out. */
export async function readServices(
  { run }: Pick<FurtherCalls, 'run'>,
  services: readonly ServiceId[],
  options: CallOptions,
): Promise<readonly TableEntry[]> {
  const found = await Promise.all(
    services.map(async id => {
      const [service, destinations] = await Promise.all([
        run(reads.service<number>(id, undefined), options),
        readNow(run, id, options),
      ]);
      return service === undefined ? [] : [{ ...service, destinations } as TableEntry];
    }),
  );
  return found.flat();
}

/** What is read of a service that is not there; throws any other error. */
function ifGone(error: unknown): undefined {
  if (!(error instanceof IpvsError && error.code === 'ERR_IPVS_SERVICE_NOT_FOUND')) throw error;
}

/** Compares a part of the table with what is desired. */
async function compareTable(lists: TableLists, { desired, planner }: Comparison): Promise<void> {
  const { services, destinations } = lists;
  let compared = 0;
  let from = 0;
  for (let row = 0; row < services.rows; row++) {
    let to = from;
    while (to < destinations.rows && wordAt(destinations, DestinationColumn.service, to) === row) to++;
    const service = readServiceId(services, row);
    const key = keyOfService(service);
    const entry = planner.take(key);
    if (entry !== undefined && isSame(lists, row, { from, to }, entry, desired.records)) {
      planner.same(entry);
    } else if (entry !== undefined || planner.owns(key, service)) {
      planner.differs(readService(services, row, lists.names, unread), read(lists, { from, to }), entry);
    }
    compared += to - from + 1;
    from = to;
    if (compared < SLICE) continue;
    compared = 0;
    await nextTurn();
  }
}

/** The destinations of a service, in the order they were added. */
function read({ destinations }: TableLists, { from, to }: Rows) {
  return Array.from({ length: to - from }, (_, i) => readDestination(destinations, to - 1 - i, unread));
}
