import { validateString, wrongType } from './arguments.ts';
import type { Destination, DestinationSpec } from './destination.ts';
import type { Service, ServiceSpec } from './service.ts';

/** A service together with its destinations. */
export type ServiceWithDestinations<T extends number | bigint = number> = Service<T> & {
  /** In the order they were added. */
  readonly destinations: Destination<T>[];
};

/**
 * A service to be added with its destinations: what `snapshot()` and `parseRules()` return, and a program
 * puts together.
 */
export type TableEntry = ServiceSpec & {
  /** In the order in which they are added, which hashing schedulers look at. */
  readonly destinations: readonly DestinationSpec[];
};

/**
 * Throws at what is no table, by its place: anything else than services with their destinations, each with the
 * address or mark that it is known by. What else a row says is not looked at.
 */
export function validateTable(field: string, table: unknown): void {
  validateRows(field, table, (place, entry) => {
    if (entry.fwmark === undefined) validateString(`${place}.address`, entry.address);
    validateRows(`${place}.destinations`, entry.destinations, (destination, { address }) => {
      validateString(`${destination}.address`, address);
    });
  });
}

/** A row whose fields nobody has looked at. */
type Row = Readonly<Record<'fwmark' | 'address' | 'destinations', unknown>>;

function validateRows(field: string, rows: unknown, validate: (place: string, row: Row) => void): void {
  if (!Array.isArray(rows)) throw wrongType(field, 'an array', rows);
  for (const [i, row] of rows.entries()) {
    const place = `${field}[${i}]`;
    if (typeof row !== 'object' || row === null) throw wrongType(place, 'an object', row);
    validate(place, row);
  }
}
