import { DestinationColumn, ServiceColumn, viewList } from './columns.ts';
import { type Destination, type DestinationId, readDestination, readDestinationId } from './destination.ts';
import type { NativeTable, Payload } from './native.ts';
import { readService, readServiceId, type Service, type ServiceId } from './service.ts';

/** A service together with its destinations. */
export type ServiceWithDestinations<T extends number | bigint = number> = Service<T> & {
  readonly destinations: readonly Destination<T>[];
};

type Read<T> = (column: number, row: number) => T;

/** Statistics as numbers or bigints, whichever the caller asked for. */
function counterOf<T extends number | bigint>(
  list: { counter: Read<number>; bigCounter: Read<bigint> },
  bigint: boolean,
) {
  return (bigint ? list.bigCounter : list.counter) as Read<T>;
}

/** The services of a table. */
export function readServices<T extends number | bigint>(payload: Payload, bigint: boolean): Service<T>[] {
  const { services, names } = payload as NativeTable;
  const list = viewList(services, ServiceColumn.count);
  const counter = counterOf<T>(list, bigint);
  const found: Service<T>[] = [];
  for (let row = 0; row < list.rows; row++) found.push(readService(list, row, names, counter));
  return found;
}

/**
 * The destinations of a table, grouped by service. In the order they were added: the kernel keeps the newest first, and restoring a
 * table in its order would turn every server list round.
 */
function readGroups<T extends number | bigint>(
  payload: Payload,
  groups: number,
  bigint: boolean,
): Destination<T>[][] {
  const list = viewList((payload as NativeTable).destinations, DestinationColumn.count);
  const counter = counterOf<T>(list, bigint);
  const found = Array.from({ length: groups }, (): Destination<T>[] => []);
  for (let row = list.rows - 1; row >= 0; row--) {
    found[list.word(DestinationColumn.service, row)]!.push(readDestination(list, row, counter));
  }
  return found;
}

/** The destinations of one service. */
export function readDestinations<T extends number | bigint>(
  payload: Payload,
  bigint: boolean,
): Destination<T>[] {
  return readGroups<T>(payload, 1, bigint)[0]!;
}

/** The whole table. */
export function readSnapshot<T extends number | bigint>(
  payload: Payload,
  bigint: boolean,
): ServiceWithDestinations<T>[] {
  const services = readServices<T>(payload, bigint);
  const groups = readGroups<T>(payload, services.length, bigint);
  return services.map((service, i) => ({ ...service, destinations: groups[i]! }));
}

/** The identities of a table's services, row by row. */
export function readServiceIds({ services }: NativeTable): ServiceId[] {
  const list = viewList(services, ServiceColumn.count);
  return Array.from({ length: list.rows }, (_, row) => readServiceId(list, row));
}

/** The identities of a table's destinations, row by row. */
export function readDestinationIds({ destinations }: NativeTable): DestinationId[] {
  const list = viewList(destinations, DestinationColumn.count);
  return Array.from({ length: list.rows }, (_, row) => readDestinationId(list, row));
}
