import { readDaemons } from '../addon/daemon.ts';
import { putServiceId } from '../addon/identity.ts';
import { readInfo } from '../addon/info.ts';
import { IN_ONE_PIECE, Layout, Operation } from '../addon/layout.ts';
import type { NativeTable } from '../addon/native.ts';
import { putWord } from '../addon/record.ts';
import { readDestinations, readServices, readSnapshot } from '../addon/table.ts';
import { readTimeouts } from '../addon/timeouts.ts';
import type { Destination } from '../model/destination.ts';
import { copyServiceId, type ServiceId } from '../model/identity.ts';
import type { Daemon, Info, Timeouts } from '../model/kernel.ts';
import type { Service } from '../model/service.ts';
import type { ServiceWithDestinations } from '../model/table.ts';
import type { CallSpec } from './call.ts';
import { E } from './errno.ts';
import { type ReadOptions, readOptions } from './options.ts';

type Counter = number | bigint;

/** Whether the caller asked for statistics as bigints. */
function wantsBigint(options: ReadOptions | undefined): boolean {
  return options?.bigint === true;
}

/**
 * Returns a table in columns as it came: whoever writes rows out needs no objects, which take longer to make
 * than the rows to read.
 */
function asColumns(table: NativeTable): NativeTable {
  return table;
}

export function info(): CallSpec<Info, typeof Operation.getInfo> {
  return { operation: Operation.getInfo, context: { command: 'GET_INFO' }, decode: readInfo };
}

export function timeouts(): CallSpec<Timeouts, typeof Operation.getConfig> {
  return { operation: Operation.getConfig, context: { command: 'GET_CONFIG' }, decode: readTimeouts };
}

export function daemons(): CallSpec<Daemon[], typeof Operation.getDaemon> {
  return { operation: Operation.getDaemon, context: { command: 'GET_DAEMON' }, decode: readDaemons };
}

/** Reads all services. */
export function services<T extends Counter>(
  options: ReadOptions | undefined,
): CallSpec<Service<T>[], typeof Operation.listServices> {
  return {
    operation: Operation.listServices,
    context: { command: 'GET_SERVICE' },
    options: readOptions,
    decode: table => readServices<T>(table, wantsBigint(options)),
  };
}

/** Reads one service; undefined when it does not exist. */
export function service<T extends Counter>(
  id: ServiceId,
  options: ReadOptions | undefined,
): CallSpec<Service<T> | undefined, typeof Operation.getService> {
  return serviceAs(id, async table => (await readServices<T>(table, wantsBigint(options)))[0]);
}

/** Reads one service in columns, as a table that has no other. */
export function serviceColumns(
  id: ServiceId,
): CallSpec<NativeTable | undefined, typeof Operation.getService> {
  return serviceAs(id, asColumns);
}

function serviceAs<T>(
  id: ServiceId,
  decode: (table: NativeTable) => T | Promise<T>,
): CallSpec<T | undefined, typeof Operation.getService> {
  return {
    operation: Operation.getService,
    context: { command: 'GET_SERVICE', service: copyServiceId(id) },
    options: readOptions,
    encode: slot => putServiceId(slot, id),
    decode,
    accept: status => (status === E.SRCH ? { value: undefined } : undefined),
  };
}

/** Reads a service's destinations. */
export function destinations<T extends Counter>(
  id: ServiceId,
  options: ReadOptions | undefined,
): CallSpec<Destination<T>[], typeof Operation.getDest> {
  return destinationsAs(id, table => readDestinations<T>(table, wantsBigint(options)));
}

/** Reads a service's destinations in columns, as a table without services. */
export function destinationColumns(id: ServiceId): CallSpec<NativeTable, typeof Operation.getDest> {
  return destinationsAs(id, asColumns);
}

function destinationsAs<T>(
  id: ServiceId,
  decode: (table: NativeTable) => T | Promise<T>,
): CallSpec<T, typeof Operation.getDest> {
  return {
    operation: Operation.getDest,
    context: { command: 'GET_DEST', service: copyServiceId(id) },
    options: readOptions,
    encode: slot => putServiceId(slot, id),
    decode,
  };
}

/** Reads all services with their destinations, in parts. */
export function snapshot<T extends Counter>(
  options: ReadOptions | undefined,
): CallSpec<ServiceWithDestinations<T>[], typeof Operation.snapshot> {
  return {
    operation: Operation.snapshot,
    context: { command: 'GET_DEST' },
    options: readOptions,
    ...readSnapshot<T>(wantsBigint(options)),
  };
}

/** Reads the whole table in columns, in one piece. */
export function tableColumns(): CallSpec<NativeTable, typeof Operation.snapshot> {
  return {
    operation: Operation.snapshot,
    context: { command: 'GET_DEST' },
    encode: slot => putWord(slot, Layout.extent, IN_ONE_PIECE),
    decode: asColumns,
  };
}
