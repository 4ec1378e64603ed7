import { existsSync, statSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheDirectory } from './cache.ts';
import { withLock } from './lock.ts';
import { say } from './say.ts';

/**
 * The path of an entry of the cache. `make` fills the folder of a missing one, which gets its name when it is
 * whole. One process makes an entry while others wait.
 */
export async function keep(
  name: string,
  make: (folder: string) => Promise<void>,
  signal: AbortSignal = new AbortController().signal,
): Promise<string> {
  const cache = await writableCache();
  const path = join(cache, name);
  if (existsSync(path)) return path;
  const onWait = () => say(`${name}: another process is making it, waiting`);
  return await withLock(join(cache, `${name}.lock`), { onWait, signal }, async () => {
    if (existsSync(path)) return path;
    const work = join(cache, `${name}.partial`);
    await rm(work, { recursive: true, force: true });
    try {
      await mkdir(work);
      await make(work);
      await rename(work, path);
    } finally {
      await rm(work, { recursive: true, force: true, maxRetries: 3 });
    }
    return path;
  });
}

/** The cache's folder. Throws an error that says what to do where it cannot be written. */
export async function writableCache(): Promise<string> {
  const cache = cacheDirectory();
  try {
    await makeFolder(cache);
    await mkdir(join(cache, `.${process.pid}`));
    await rm(join(cache, `.${process.pid}`), { recursive: true });
  } catch (error) {
    throw unwritable(cache, error);
  }
  return cache;
}

/**
 * Makes a folder and those around it. Node.js' own `mkdir()` with `recursive` never ends in /proc: there a folder that
 * cannot be made is ENOENT, which it takes for a missing parent.
 */
async function makeFolder(path: string): Promise<void> {
  const make = (): Promise<void> =>
    mkdir(path).catch(error => {
      if (error.code !== 'EEXIST' || !statSync(path).isDirectory()) throw error;
    });
  const parent = dirname(path);
  await make().catch(async error => {
    if (error.code !== 'ENOENT' || parent === path) throw error;
    await makeFolder(parent);
    await make();
  });
}

/** The error of a folder of the cache in which nothing can be made, with what to do. */
export function unwritable(folder: string, error: unknown): Error {
  const { code } = error as NodeJS.ErrnoException;
  return new Error(`the cache ${folder} cannot be written (${code}): name another folder in IPVS_CACHE`);
}
