import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { faults } from '../../hardening/mutants/faults/index.ts';

const native = join(import.meta.dirname, '../../../native');

test('every fault that the native tests are tried by replaces a text that its file has once', () => {
  expect(faults.length).toBeGreaterThan(100);
  const times = (file: string, text: string) =>
    readFileSync(join(native, file), 'utf8').split(text).length - 1;
  expect(faults.filter(({ file, text }) => times(file, text) !== 1)).toEqual([]);
});
