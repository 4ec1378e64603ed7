import type { DestinationSpec } from '../model/destination.ts';
import { destinationKey, serviceKey } from '../model/identity.ts';
import type { TableEntry } from '../model/table.ts';

/**
 * The table as it is, with what a director changes from one table of its own to the next: what other programs have
 * changed in other rows stays. A service or destination that one of them removed is not added again for a change
 * of the director's elsewhere in the service.
 */
export function withOwnChanges(
  actual: readonly TableEntry[],
  before: readonly TableEntry[],
  after: readonly TableEntry[],
): readonly TableEntry[] {
  const [actualOf, beforeOf] = [actual, before].map(table => byKey(table, serviceKey)) as [
    ReadonlyMap<string, TableEntry>,
    ReadonlyMap<string, TableEntry>,
  ];
  return after.flatMap(entry => {
    const key = serviceKey(entry);
    const [was, is] = [beforeOf.get(key), actualOf.get(key)];
    if (was === undefined) return [entry];
    if (is === undefined) return [];
    const { destinations: rows, ...spec } = entry;
    const { destinations: rowsBefore, ...specBefore } = was;
    const { destinations: rowsNow, ...specNow } = is;
    const destinations = rowsWithOwnChanges(rowsNow, rowsBefore, rows);
    return [{ ...(isSame(spec, specBefore) ? specNow : spec), destinations } as TableEntry];
  });
}

function rowsWithOwnChanges(
  actual: readonly DestinationSpec[],
  before: readonly DestinationSpec[],
  after: readonly DestinationSpec[],
): readonly DestinationSpec[] {
  const [actualOf, beforeOf, afterOf] = [actual, before, after].map(rows => byKey(rows, destinationKey)) as [
    ReadonlyMap<string, DestinationSpec>,
    ReadonlyMap<string, DestinationSpec>,
    ReadonlyMap<string, DestinationSpec>,
  ];
  const own = after.flatMap(row => {
    const key = destinationKey(row);
    const isUnchanged = isSame(row, beforeOf.get(key));
    const now = actualOf.get(key);
    return isUnchanged ? (now === undefined ? [] : [now]) : [row];
  });
  const foreign = actual.filter(row => {
    const key = destinationKey(row);
    return !beforeOf.has(key) && !afterOf.has(key);
  });
  return [...own, ...foreign];
}

function byKey<T>(rows: readonly T[], keyOf: (row: T) => string): ReadonlyMap<string, T> {
  return new Map(rows.map(row => [keyOf(row), row]));
}

/** Whether two rows that a director made are the same. */
function isSame(one: object, other: object | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
