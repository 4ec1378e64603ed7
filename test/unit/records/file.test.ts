import { mkdirSync, mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readRecordFiles, writeRecordFile } from '../../../lib/records/file.ts';

const newDirectory = () => join(mkdtempSync(join(tmpdir(), 'ipvs-records-')), 'drains');
const isAny = (data: unknown): data is { readonly n: number } => typeof data === 'object';

test('records of one name that are written at once all succeed, and one of them is there', async () => {
  const directory = newDirectory();
  await Promise.all(Array.from({ length: 20 }, (_, n) => writeRecordFile(directory, 'one', { n })));
  expect(await readRecordFiles(directory, isAny)).toHaveLength(1);
  expect(readdirSync(directory)).toEqual(['one.json']);
});

test('a record that could not be put in its place leaves no draft', async () => {
  const directory = newDirectory();
  mkdirSync(join(directory, 'one.json'), { recursive: true });
  writeFileSync(join(directory, 'one.json', 'in-the-way'), '');
  await expect(writeRecordFile(directory, 'one', { n: 1 })).rejects.toMatchObject({
    code: 'ERR_IPVS_RECORD',
  });
  expect(readdirSync(directory)).toEqual(['one.json']);
});

test('no umask makes the directory of records one that others may write to', async () => {
  const directory = newDirectory();
  const before = process.umask(0);
  try {
    await writeRecordFile(directory, 'one', { n: 1 });
  } finally {
    process.umask(before);
  }
  expect(statSync(directory).mode & 0o777).toBe(0o755);
});
