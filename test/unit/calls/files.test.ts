import { closeSync, fstatSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readOpened } from '../../../lib/calls/files.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipvs-files-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function textOf(fd: number): Promise<string> {
  let text = '';
  for await (const chunk of readOpened(fd, '/proc/net/x')) text += chunk;
  return text;
}

describe('a file that is read from its descriptor', () => {
  const isOpen = (fd: number) => {
    try {
      return fstatSync(fd).isFile();
    } catch {
      return false;
    }
  };

  test('is read whole, and its descriptor closed', async () => {
    const content = 'a line\n'.repeat(100_000);
    writeFileSync(join(folder, 'long'), content);
    const fd = openSync(join(folder, 'long'), 'r');
    expect(await textOf(fd)).toBe(content);
    await expect.poll(() => isOpen(fd)).toBe(false);
  });

  test('has its descriptor closed when the reader leaves early', async () => {
    const fd = openSync(join(folder, 'long'), 'r');
    for await (const _ of readOpened(fd, '/proc/net/x')) break;
    await expect.poll(() => isOpen(fd)).toBe(false);
  });

  test('fails with an error of this library’s that names it', async () => {
    await expect(textOf(openSync(folder, 'r'))).rejects.toMatchObject({
      code: 'ERR_IPVS_FILE',
      errno: -21,
      command: 'READ_FILE',
      message: '/proc/net/x could not be read (EISDIR)',
    });
  });

  test('leaves an error of its reader’s as it is', async () => {
    const fd = openSync(join(folder, 'long'), 'r');
    const reader = readOpened(fd, '/proc/net/x');
    await reader.next();
    const mine = new Error('mine');
    await expect(reader.throw(mine)).rejects.toBe(mine);
    if (isOpen(fd)) closeSync(fd);
  });
});
