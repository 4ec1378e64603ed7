import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { provideKernel } from '../../bed/fetch.ts';
import { initramfs } from '../../bed/initramfs.ts';
import { keep } from '../../bed/keep.ts';
import { withLock } from '../../bed/lock.ts';

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

// In a process of its own, which ends where Node.js' own mkdir() would try for ever.
test.runIf(process.arch === 'x64').each(['/proc/ipvs-no-cache', '/proc/ipvs-no-cache/below'])(
  'a bed whose cache %s is to lie where nobody can make a folder ends with 125 and a sentence',
  cache => {
    const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'test/bed/cli.ts', 'true'], {
      env: { ...process.env, IPVS_CACHE: cache, IPVS_KERNEL: '6.1' },
      encoding: 'utf8',
      timeout: 20_000,
      killSignal: 'SIGKILL',
    });
    expect(stderr.trim()).toMatch(new RegExp(`${sentence(cache, 'ENOENT').replaceAll(/[()]/g, '\\$&')}$`));
    expect(status).toBe(125);
  },
);

test('a lock that cannot be had is an error that names its file, and nothing waits for it', async () => {
  const path = join(folder, 'a.lock');
  mkdirSync(path);
  const run = async () => 'run';
  const options = { onWait: () => {}, signal };
  await expect(withLock(join(path, 'x/y'), options, run)).rejects.toThrow(
    `${join(path, 'x/y')}: no lock could be had: flock`,
  );
  await expect(withLock(join(folder, 'b.lock'), options, run)).resolves.toBe('run');
});

test('a kernel beside which no initramfs can be made is refused in a sentence', async () => {
  const directory = join(folder, 'file');
  writeFileSync(directory, '');
  const kernel = { version: '6.1.0-1-amd64', architecture: 'amd64', directory } as const;
  await expect(initramfs(kernel, '/bin/busybox')).rejects.toThrow(sentence(directory, 'ENOTDIR'));
});
