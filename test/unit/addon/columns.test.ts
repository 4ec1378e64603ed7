import { expect, test } from 'vitest';
import { bigStatsAt, statsAt, viewList } from '../../../lib/addon/columns.ts';

/** Two rows whose ten counters are all different, and need both halves of their 64 bits. */
const counter = (column: number, row: number) => BigInt(column + 1) * 2n ** 33n + BigInt(column * 10 + row);
const counters = Array.from({ length: 20 }, (_, i) => counter(i >> 1, i & 1));
const buffer = new ArrayBuffer(2 * (80 + 4 + 16));
new BigUint64Array(buffer, 0, 20).set(counters);
const list = viewList({ rows: 2, buffer }, 1);

test.each([0, 1])('each counter of row %i stands under its name', row => {
  const at = (column: number) => counter(column, row);
  const expected = {
    connections: at(0),
    inPackets: at(1),
    outPackets: at(2),
    inBytes: at(3),
    outBytes: at(4),
    rates: { connections: at(5), inPackets: at(6), outPackets: at(7), inBytes: at(8), outBytes: at(9) },
  };
  expect(bigStatsAt(list, row)).toEqual(expected);
  const numbers = JSON.stringify(expected, (_, value) => (typeof value === 'bigint' ? Number(value) : value));
  expect(statsAt(list, row)).toEqual(JSON.parse(numbers));
});
