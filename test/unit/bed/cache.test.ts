import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { provideKernel } from '../../bed/fetch.ts';
import { initramfs } from '../../bed/initramfs.ts';
import { keep } from '../../bed/keep.ts';

// A file stands where a folder should be: for root no folder is read-only.

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipvs-cache-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const { signal } = new AbortController();
const sentence = (path: string, code: string) =>
  `the cache ${path} cannot be written (${code}): name another folder in IPVS_CACHE`;

test.runIf(process.arch === 'x64').each(['file', 'file/cache'])(
  'what is to be kept in the cache %s, which cannot be a folder, is refused in a sentence',
  async name => {
    writeFileSync(join(folder, 'file'), '');
    const cache = join(folder, name);
    vi.stubEnv('IPVS_CACHE', cache);
    const code = name === 'file' ? 'EEXIST' : 'ENOTDIR';
    await expect(provideKernel('6.1', signal)).rejects.toThrow(sentence(cache, code));
    await expect(keep('entry', async () => {}, signal)).rejects.toThrow(sentence(cache, code));
  },
);

test('a kernel beside which no initramfs can be made is refused in a sentence', async () => {
  const directory = join(folder, 'file');
  writeFileSync(directory, '');
  const kernel = { version: '6.1.0-1-amd64', architecture: 'amd64', directory } as const;
  await expect(initramfs(kernel, '/bin/busybox')).rejects.toThrow(sentence(directory, 'ENOTDIR'));
});
