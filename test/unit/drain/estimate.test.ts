import { expect, test } from 'vitest';
import { createEstimator } from '../../../lib/drain/estimate.ts';

test('the estimate of a steady fall is the time until nothing is left', () => {
  const estimator = createEstimator();
  expect(estimator.add(0, 100)).toBeUndefined();
  expect(estimator.add(1000, 90)).toBe(9000);
  expect(estimator.add(2000, 80)).toBe(8000);
  expect(estimator.add(3000, 0)).toBe(0);
});

test('a count that does not fall has no estimate', () => {
  const estimator = createEstimator();
  for (const [time, count] of [
    [0, 10],
    [1000, 10],
    [2000, 11],
  ] as const) {
    expect(estimator.add(time, count)).toBeUndefined();
  }
});

test('an estimate rests on the last looks, not on those long before', () => {
  const estimator = createEstimator();
  for (let i = 0; i < 50; i++) estimator.add(i * 1000, 1000);
  let last: number | undefined;
  for (let i = 0; i < 40; i++) last = estimator.add((50 + i) * 1000, 1000 - i * 10);
  expect(last).toBe(61_000);
});

test('two looks at the same time give no estimate', () => {
  const estimator = createEstimator();
  estimator.add(0, 10);
  expect(estimator.add(0, 5)).toBeUndefined();
});
