import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fitLine, rises } from '../../hardening/soak/flat.ts';

const operations = Array.from({ length: 12 }, (_, i) => 100_000 + 8000 * i);

/** Noise of up to one megabyte, the same every time. */
const noise = [0.3, -0.9, 0.7, -0.2, 0.9, -0.6, 0.1, -0.4, 0.8, -0.7, 0.5, -0.5].map(value => value * 1e6);

test('a line through points on a line has their rise, and no error', () => {
  const line = fitLine([0, 1, 2, 3], [10, 12, 14, 16]);
  expect(line.rise).toBeCloseTo(6);
  expect(line.error).toBeCloseTo(0);
});

test('a leak of 64 bytes an operation rises, in noise too', () => {
  const leaking = operations.map((count, i) => 12e6 + 64 * count + noise[i]!);
  expect(fitLine(operations, leaking).rise).toBeGreaterThan(4e6);
  expect(rises(fitLine(operations, leaking), 500_000)).toBe(true);
});

test('noise and one step of half a megabyte do not rise', () => {
  expect(rises(fitLine(operations, noise), 0)).toBe(false);
  const stepped = operations.map((_, i) => (i < 6 ? 12e6 : 12.4e6));
  expect(rises(fitLine(operations, stepped), 500_000)).toBe(false);
});

test('a line’s rise does not depend on where its points begin', () => {
  const ys = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 3, maxLength: 20 });
  fc.assert(
    fc.property(ys, fc.integer({ min: -1000, max: 1000 }), (values, offset) => {
      const xs = values.map((_, i) => i);
      const moved = fitLine(
        xs.map(x => x + offset),
        values.map(y => y + offset),
      );
      expect(moved.rise).toBeCloseTo(fitLine(xs, values).rise, 6);
    }),
  );
});

test('a line through two points is refused, since they tell no error', () => {
  expect(() => fitLine([0, 1], [0, 1])).toThrow(RangeError);
});
