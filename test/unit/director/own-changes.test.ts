import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { withOwnChanges } from '../../../lib/director/own-changes.ts';
import type { TableEntry } from '../../../lib/index.ts';

/** A service with weights by the last number of its destinations' addresses. */
function service(port: number, weights: Readonly<Record<number, number>>, scheduler = 'wrr'): TableEntry {
  const destinations = Object.entries(weights).map(([host, weight]) => ({
    address: `10.0.1.${host}`,
    port: 80,
    weight,
  }));
  return { protocol: 'tcp', address: '10.0.0.1', port, scheduler, destinations };
}

describe('changes of a director that leaves those of others', () => {
  test('what another program changed in a row stays while the director changes other rows', () => {
    const before = [service(80, { 1: 10, 2: 10, 3: 10 })];
    const actual = [service(80, { 1: 77, 3: 10, 9: 5 }, 'wlc')];
    const after = [service(80, { 1: 10, 2: 10, 3: 0 })];
    expect(withOwnChanges(actual, before, after)).toEqual([service(80, { 1: 77, 3: 0, 9: 5 }, 'wlc')]);
  });

  test('a row that the director changes or removes is its own again, whatever another program made of it', () => {
    const before = [service(80, { 1: 10, 2: 10, 3: 10 })];
    const actual = [service(80, { 1: 77, 3: 77 })];
    const after = [service(80, { 1: 0, 2: 5 }, 'rr')];
    expect(withOwnChanges(actual, before, after)).toEqual([service(80, { 1: 0, 2: 5 }, 'rr')]);
  });

  test('services that are new are added, and those that go or were removed by another program are not', () => {
    const before = [service(80, { 1: 10 }), service(81, { 1: 10 }), service(82, { 1: 10 })];
    const actual = [service(81, { 1: 10 }), service(82, { 1: 10 })];
    const after = [service(80, { 1: 5 }), service(81, { 1: 10 }), service(83, { 1: 10 })];
    expect(withOwnChanges(actual, before, after)).toEqual([service(81, { 1: 10 }), service(83, { 1: 10 })]);
  });

  test('the table becomes what the director wants where no other program has changed anything', () => {
    const weights = fc.dictionary(fc.constantFrom('1', '2', '3'), fc.nat(3));
    const table = fc
      .uniqueArray(fc.tuple(fc.integer({ min: 80, max: 83 }), weights, fc.constantFrom('rr', 'wrr')), {
        selector: ([port]) => port,
      })
      .map(rows => rows.map(([port, row, scheduler]) => service(port, row, scheduler)));
    fc.assert(
      fc.property(table, table, (before, after) => {
        expect(withOwnChanges(before, before, after)).toEqual(after);
      }),
    );
  });
});
