import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CounterSample, columnSource, sumMembers } from '../../../lib/metrics/source.ts';
import { groupRows } from './table.ts';

const ROWS = 7;
const PIECE = 3;

const sampleOf = (column: BigUint64Array | Uint32Array) => ({ column }) as unknown as CounterSample;
const columnOf = (sample: CounterSample) => (sample as unknown as { column: BigUint64Array }).column;

test('values are those of the column, piece by piece, and a piece is written only where it has changed', () => {
  const change = fc.record({ row: fc.nat({ max: ROWS - 1 }), value: fc.bigInt({ min: 0n, max: 2n ** 53n }) });
  const changes = fc.array(fc.array(change, { maxLength: 3 }), { maxLength: 10 });
  fc.assert(
    fc.property(fc.boolean(), changes, (isWide, reads) => {
      // As a sampler has its columns: somewhere in a buffer that is written over.
      const buffer = new ArrayBuffer(16 + ROWS * 8);
      const column = isWide ? new BigUint64Array(buffer, 16, ROWS) : new Uint32Array(buffer, 16, ROWS);
      const source = columnSource(columnOf);
      const into = new Float64Array(ROWS);
      for (const read of reads) {
        const before = [...column].map(Number);
        for (const { row, value } of read) {
          if (column instanceof BigUint64Array) column[row] = value;
          else column[row] = Number(value % 2n ** 32n);
        }
        const now = [...column].map(Number);
        for (let from = 0; from < ROWS; from += PIECE) {
          const to = Math.min(from + PIECE, ROWS);
          const isNew = String(now.slice(from, to)) !== String(before.slice(from, to));
          expect(source.write(sampleOf(column), into, from, to)).toBe(isNew);
        }
        expect([...into]).toEqual(now);
      }
    }),
  );
});

test('destinations are summed by the series of their services, which some have none of', () => {
  const groups = groupRows(['a', undefined, 'b'], 10);
  const [service, column] = [Uint32Array.of(0, 0, 1, 2), Uint32Array.of(5, 6, 7, 8)];
  const into = new Float64Array(2).fill(99);
  sumMembers(groups, service, column, into);
  expect([...into]).toEqual([11, 8]);
  sumMembers(groups, service, undefined, into);
  expect([...into]).toEqual([2, 1]);
});
