import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLines } from '../../../lib/metrics/lines.ts';

const name = fc.string({ unit: 'grapheme', maxLength: 30 }).map(text => text.replaceAll('\n', ' '));
const value = fc.oneof(
  fc.nat(20),
  fc.nat(),
  fc.maxSafeNat(),
  fc.constantFrom(9, 10, 999_999_999, 1e9, 1e9 + 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 2 ** 63, 2 ** 64),
);

test('lines have the text that is made anew of their beginnings and values, whatever came before', () => {
  fc.assert(
    fc.property(
      fc.array(name, { maxLength: 40 }).chain(names =>
        fc.tuple(
          fc.constant(names),
          fc.array(fc.array(value, { minLength: names.length, maxLength: names.length }), {
            minLength: 1,
            maxLength: 6,
          }),
        ),
      ),
      ([names, updates]) => {
        const lines = createLines(names);
        for (const values of updates) {
          lines.update(Float64Array.from([0, ...values]), 1);
          const wanted = names.map((beginning, i) => `${beginning} ${BigInt(values[i]!)}\n`).join('');
          expect(Buffer.from(lines.bytes).toString()).toBe(wanted);
        }
      },
    ),
  );
});

test.each(Array.from({ length: 16 }, (_, i) => 10 ** i))('numbers around %d have all their digits', power => {
  const lines = createLines(['a']);
  for (const around of [power - 1, power, power + 1]) {
    lines.update(Float64Array.of(around), 0);
    expect(Buffer.from(lines.bytes).toString()).toBe(`a ${around}\n`);
  }
});
