import { expect, test } from 'vitest';
import { flagBits, flagNames } from '../../../lib/model/scheduler.ts';

test('a scheduler flag is named as its scheduler names that bit', () => {
  expect(flagBits('f', 'sh', ['sh-fallback', 'sh-port', 'flag-3'])).toBe(0x38);
  expect(flagNames('sh', 0x38)).toEqual(['sh-fallback', 'sh-port', 'flag-3']);
  expect(flagNames('mh', 0x10)).toEqual(['mh-port']);
  expect(flagNames('rr', 0x18)).toEqual(['flag-1', 'flag-2']);
  expect(flagNames('rr', 0x7)).toEqual([]);
});
