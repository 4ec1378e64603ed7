import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Operation } from '../../../lib/addon/layout.ts';
import type { CallSpec, FileCallSpec } from '../../../lib/calls/call.ts';
import type { Calls, CallsWithin } from '../../../lib/calls/calls.ts';
import type { DestinationChanges } from '../../../lib/index.ts';
import { IpvsError } from '../../../lib/model/errors.ts';
import {
  type DestinationId,
  destinationKey,
  type ServiceId,
  serviceKey,
} from '../../../lib/model/identity.ts';
import { RECORDS_DIRECTORY } from '../../../lib/records/directory.ts';

/** A destination as tests say and see it. */
export interface Row extends DestinationId {
  weight: number;
  activeConnections: number;
  inactiveConnections?: number;
  persistentConnections?: number;
}

/** How a service schedules. */
export interface Schedule {
  readonly scheduler: string;
  readonly schedulerFlags: readonly string[];
  readonly persistence?: { readonly timeout: number };
}

/** Calls on a table that is the test's, with a directory of records of its own. */
export interface TableCalls {
  readonly calls: Calls;
  /** The rows of each service, by its key: tests look at them, and change them as another program would. */
  readonly table: Map<string, Row[]>;
  /** How each service schedules, by its key, where it is not rr. */
  readonly services: Map<string, Schedule>;
  /** Where drains and owners are recorded. */
  readonly directory: string;
  /** The settings as drains read them. */
  readonly settings: { expireQuiescentTemplate: boolean };
  /** The paths of the settings that were written. */
  readonly settingsWritten: readonly string[];
  /** Has the next write of a destination fail. */
  failNextWrite(error: Error): void;
  /** Has the next reads of destinations fail, one after another. */
  failNextReads(...errors: readonly Error[]): void;
}

export const web = { protocol: 'tcp', address: '10.0.0.1', port: 80 } as const;

export function rowAt(host: number, weight = 1, activeConnections = 0, port = 80): Row {
  return { address: `10.0.1.${host}`, port, weight, activeConnections };
}

/** Options of a drain that count its looks, and what waits until `count` more have been. */
export function countLooks<Options extends object>(options: Options) {
  let looks = 0;
  const onProgress = () => {
    looks++;
  };
  return {
    options: { ...options, onProgress },
    async more(count: number): Promise<void> {
      const wanted = looks + count;
      while (looks < wanted) await sleep(2);
    },
  };
}

interface WriteSpec {
  readonly service: ServiceId;
  readonly destination: DestinationId;
  readonly changes: DestinationChanges;
}

/** Answers the calls of drains, and those of applies as far as drains and records are about them. */
export function createTableCalls(services: readonly (readonly [ServiceId, readonly Row[]])[]): TableCalls {
  const table = new Map(services.map(([id, rows]) => [serviceKey(id), [...rows]]));
  const ids = new Map(services.map(([id]) => [serviceKey(id), id]));
  const directory = mkdtempSync(join(tmpdir(), 'ipvs-drains-'));
  mkdirSync(directory, { recursive: true });
  const settingsWritten: string[] = [];
  const settings = { expireQuiescentTemplate: true, expireNodestConn: true, connReuseMode: 1 };
  const readFailures: Error[] = [];
  let failure: Error | undefined;

  const full = (row: Row) => ({ inactiveConnections: 0, persistentConnections: 0, ...row });
  const schedules = new Map<string, Schedule>();
  const serviceRow = (key: string) => ({
    ...ids.get(key)!,
    ...(schedules.get(key) ?? { scheduler: 'rr', schedulerFlags: [] }),
    onePacket: false,
  });

  function rowsOf(service: ServiceId): Row[] {
    const rows = table.get(serviceKey(service));
    if (rows === undefined) throw new IpvsError('ERR_IPVS_SERVICE_NOT_FOUND', 'no such service');
    return rows;
  }

  function write(operation: number, { service, destination, changes }: WriteSpec): void {
    if (failure !== undefined) {
      const error = failure;
      failure = undefined;
      throw error;
    }
    const rows = rowsOf(service);
    const at = rows.findIndex(row => destinationKey(row) === destinationKey(destination));
    if (at < 0) throw new IpvsError('ERR_IPVS_DESTINATION_NOT_FOUND', 'no such destination');
    if (operation === Operation.delDest) rows.splice(at, 1);
    else Object.assign(rows[at]!, changes);
  }

  function answer(spec: CallSpec<unknown>): unknown {
    const { operation, context } = spec;
    switch (operation) {
      case Operation.getService:
        return table.has(serviceKey(context.service!)) ? serviceRow(serviceKey(context.service!)) : undefined;
      case Operation.getDest: {
        const failed = readFailures.shift();
        if (failed !== undefined) throw failed;
        return rowsOf(context.service!).map(full);
      }
      case Operation.snapshot:
        return Array.from(table, ([key, rows]) => ({ ...serviceRow(key), destinations: rows.map(full) }));
      case Operation.updateService: {
        const { service, changes } = spec as unknown as {
          readonly service: ServiceId;
          readonly changes: Schedule;
        };
        schedules.set(serviceKey(service), changes);
        return undefined;
      }
      case Operation.updateDest:
      case Operation.delDest:
        return write(operation, spec as unknown as WriteSpec);
      default:
        throw new Error(`the table has no answer to operation ${operation}`);
    }
  }

  const within = {
    run: async (spec: CallSpec<unknown>) => answer(spec),
    file: async (spec: FileCallSpec<unknown>) => {
      if (spec.operation === Operation.writeDirectory) {
        settingsWritten.push(spec.path);
        return undefined;
      }
      if (spec.operation === Operation.readDirectory) {
        return settings;
      }
      // The name of the namespace, which leads to the test's own directory.
      return spec.operation === Operation.openFile ? relative(RECORDS_DIRECTORY, directory) : undefined;
    },
    writeAll: async (_: unknown, __: unknown, count: number) => new Int32Array(count),
  } as unknown as CallsWithin;
  const calls = {
    ...within,
    together: (_: unknown, work: (within: CallsWithin) => unknown) => work(within),
    errorOf: async () => new Error('nothing fails here'),
  } as unknown as Calls;

  return {
    calls,
    table,
    services: schedules,
    directory,
    settings,
    settingsWritten,
    failNextWrite(error) {
      failure = error;
    },
    failNextReads(...errors) {
      readFailures.push(...errors);
    },
  };
}
