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

describe('readOpened()', () => {
  const isOpen = (fd: number) => {
    try {
      return fstatSync(fd).isFile();
    } catch {
      return false;
    }
  };

  test('readOpened() reads a file to its end and closes its descriptor', async () => {
    const content = 'a line\n'.repeat(100_000);
    writeFileSync(join(folder, 'long'), content);
    const fd = openSync(join(folder, 'long'), 'r');
    expect(await textOf(fd)).toBe(content);
    await expect.poll(() => isOpen(fd)).toBe(false);
  });

  test('readOpened() closes its descriptor when the reader leaves early', async () => {
    const fd = openSync(join(folder, 'long'), 'r');
    for await (const _ of readOpened(fd, '/proc/net/x')) break;
    await expect.poll(() => isOpen(fd)).toBe(false);
  });

  test('readOpened() fails with an IpvsError that names the file', async () => {
    await expect(textOf(openSync(folder, 'r'))).rejects.toMatchObject({
      code: 'ERR_IPVS_FILE',
      errno: -21,
      command: 'READ_FILE',
      message: '/proc/net/x could not be read (EISDIR)',
    });
  });

  test('readOpened() passes an error of its reader’s through unchanged', async () => {
    const fd = openSync(join(folder, 'long'), 'r');
    const reader = readOpened(fd, '/proc/net/x');
    await reader.next();
    const mine = new Error('mine');
    await expect(reader.throw(mine)).rejects.toBe(mine);
    if (isOpen(fd)) closeSync(fd);
  });
});
