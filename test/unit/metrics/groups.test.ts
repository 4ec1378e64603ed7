import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSums, type Sums } from '../../../lib/metrics/groups.ts';
import { groupRows } from './table.ts';

const MINUTE = 60_000;

/** What the only series has after a read of these rows at this time. */
function read(
  rows: Readonly<Record<string, number>>,
  before: Sums | undefined,
  time: number,
): { readonly sums: Sums; readonly value: number } {
  const keys = Object.keys(rows);
  const sums = createSums(
    groupRows(
      keys.map(() => '{}'),
      1,
    ),
    keys,
    before,
    time,
  );
  const into = new Float64Array(1);
  if (keys.length > 0) sums.write(BigUint64Array.from(Object.values(rows), BigInt), into);
  return { sums, value: into[0]! };
}

test('a row that is gone is remembered for longer than the kernel keeps it, and then forgotten', () => {
  const first = read({ a: 10, b: 5 }, undefined, 0);
  const without = read({ b: 5 }, first.sums, 1);
  expect(without.value).toBe(15);
  expect(read({ a: 11, b: 5 }, without.sums, 2.5 * MINUTE).value).toBe(16);
  expect(read({ a: 11, b: 5 }, without.sums, 4 * MINUTE).value).toBe(26);
});

test('a sum never falls, whatever rows come, go or are zeroed, as long as its series is there', () => {
  const table = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.nat(20), { minKeys: 1 });
  fc.assert(
    fc.property(fc.array(table, { minLength: 1, maxLength: 12 }), tables => {
      let before: Sums | undefined;
      let last = 0;
      for (const [time, rows] of tables.entries()) {
        const { sums, value } = read(rows, before, time);
        expect(value).toBeGreaterThanOrEqual(last);
        [before, last] = [sums, value];
      }
    }),
  );
});

test('rows above the limit have no series, and are counted once for each series that they would be', () => {
  const { ofRow, dropped, kind } = groupRows(['a', 'b', undefined, 'c', 'c', 'a'], 2);
  expect([...ofRow]).toEqual([0, 1, -1, -1, -1, 0]);
  expect(dropped).toBe(1);
  expect(kind).toBe('shared');
});
