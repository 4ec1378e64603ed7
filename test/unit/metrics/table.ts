import { destinationKey, serviceKey } from '../../../lib/index.ts';
import { createGrouping, type Groups } from '../../../lib/metrics/groups.ts';
import type { MetricsClient } from '../../../lib/metrics/index.ts';
import type { DestinationId, ServiceId } from '../../../lib/model/identity.ts';
import { parseSettings } from '../../../lib/proc/settings.ts';
import type { Sample } from '../../../lib/statistics/sample.ts';

/** A destination as a test sets it: what is left out is 0. */
export interface Row extends DestinationId {
  connections?: number | bigint;
  inBytes?: number | bigint;
  weight?: number;
  active?: number;
  inactive?: number;
  persistent?: number;
}

/** A service as a test sets it. */
export type Entry = ServiceId & { connections?: number | bigint; rows: Row[] };

/** A table of a test's own, and a client that reads it as samplers do: buffers are written over. */
export interface Table {
  entries: Entry[];
  /** The error of the next read. */
  failure?: Error | undefined;
  reads: number;
  closed: boolean;
  readonly client: MetricsClient;
}

const zeros = { connections: 0, inPackets: 0, outPackets: 0, inBytes: 0, outBytes: 0 };

/** Makes a table, and a client of it. */
export function makeTable(entries: Entry[]): Table {
  let generation = 0;
  let shape = '';
  let sample: Sample<'counters'> | undefined;
  const read = async (): Promise<Sample<'counters'>> => {
    table.reads++;
    await new Promise(resolve => setImmediate(resolve));
    const { failure } = table;
    table.failure = undefined;
    if (failure !== undefined) throw failure;
    const rows = table.entries.flatMap((entry, service) => entry.rows.map(row => ({ ...row, service })));
    const next = JSON.stringify([
      table.entries.map(serviceKey),
      rows.map(row => [row.service, destinationKey(row)]),
    ]);
    if (next !== shape || sample === undefined) {
      shape = next;
      generation++;
      const counters = (length: number) => ({
        connections: new BigUint64Array(length),
        inPackets: new BigUint64Array(length),
        outPackets: new BigUint64Array(length),
        inBytes: new BigUint64Array(length),
        outBytes: new BigUint64Array(length),
      });
      const word = () => new Uint32Array(rows.length);
      sample = {
        time: 0,
        generation,
        services: {
          ids: table.entries.map(({ rows: _, connections: __, ...id }) => id as ServiceId),
          counters: counters(table.entries.length),
        },
        destinations: {
          ids: rows.map(({ address, port }) => ({ address, port })),
          counters: counters(rows.length),
          service: Uint32Array.from(rows, row => row.service),
          activeConnections: word(),
          inactiveConnections: word(),
          persistentConnections: word(),
          weight: word(),
        },
      };
    }
    const { services, destinations } = sample;
    for (const [i, { connections = 0 }] of table.entries.entries()) {
      services.counters.connections[i] = BigInt(connections);
    }
    for (const [i, row] of rows.entries()) {
      destinations.counters.connections[i] = BigInt(row.connections ?? 0);
      destinations.counters.inBytes[i] = BigInt(row.inBytes ?? 0);
      destinations.activeConnections[i] = row.active ?? 0;
      destinations.inactiveConnections[i] = row.inactive ?? 0;
      destinations.persistentConnections[i] = row.persistent ?? 0;
      destinations.weight[i] = row.weight ?? 0;
    }
    return sample;
  };
  const table: Table = {
    entries,
    reads: 0,
    closed: false,
    client: {
      sampler: () => ({
        read,
        close: () => {
          table.closed = true;
        },
        [Symbol.dispose]: () => {
          table.closed = true;
        },
      }),
      totals: async () => ({ ...zeros, connections: 7, inBytes: 4200, rates: zeros }),
      info: async () => ({ version: '1.2.1', connectionTableSize: 4096 }),
      timeouts: async () => ({ tcp: 900, tcpFin: 120, udp: 300 }),
      settings: async () =>
        parseSettings('sync_threshold\x003 50\x00expire_nodest_conn\x001\x00est_nice\x00-5\x00'),
      daemons: async () => [
        {
          role: 'backup',
          interface: 'eth"0',
          syncId: 7,
          maxLength: 1472,
          group: '224.0.0.81',
          port: 8848,
          ttl: 1,
        },
      ],
    } as unknown as MetricsClient,
  };
  return table;
}

/** Rows with these labels, put together. */
export function groupRows(labelsOfRows: readonly (string | undefined)[], most: number): Groups {
  const grouping = createGrouping(labelsOfRows.length, most);
  for (const labels of labelsOfRows) grouping.add(labels);
  return grouping.groups();
}
