import { expect, test } from 'vitest';
import { isCheckPath, PATH_MARKS } from '../../../lib/model/check-path.ts';

test('services of checks are those by the marks of a range, its first and its last among them', () => {
  const { first, last } = PATH_MARKS;
  const marks = [first - 1, first, first + 1, last - 1, last, last + 1];
  expect(marks.map(fwmark => isCheckPath({ fwmark }))).toEqual([false, true, true, true, true, false]);
  expect(isCheckPath({})).toBe(false);
});
