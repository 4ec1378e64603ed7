import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, copyFile, cp, mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDirectory } from '../../test/bed/cache.ts';
import { keep, writableCache } from '../../test/bed/keep.ts';
import { withLock } from '../../test/bed/lock.ts';
import { runProgram } from '../../test/bed/program.ts';
import { say } from '../../test/bed/say.ts';
import { libnlSource, sourceVersions, zigProgram } from './sources.ts';
import { filesOf, type Target } from './targets.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The version of Node.js whose headers are used. Any would do, as addons use only Node-API. */
const NODE = '20.19.0';

/** A target's files in prebuilds/. */
export interface Provided {
  readonly files: readonly string[];
  /** Whether the files were in the cache. */
  readonly cached: boolean;
}

/** Puts a target's files into prebuilds/, from the cache if none of their sources changed. */
export async function provide(target: Target): Promise<Provided> {
  await mkdir(join(root, '.cache'), { recursive: true });
  const onWait = () => say(`${target.name}: another process is making it, waiting`);
  const { signal } = new AbortController();
  // Two at once would take each other's third_party away.
  return await withLock(join(root, '.cache/prebuild.lock'), { onWait, signal }, () => provideAlone(target));
}

async function provideAlone(target: Target): Promise<Provided> {
  await bringLibnl();
  await bringHeaders();
  const name = `prebuilt-${target.arch}-${target.libc}-${await fingerprint(target)}`;
  const cached = existsSync(join(cacheDirectory(), name));
  const folder = await keep(name, async work => await compile(target, work));
  const files: string[] = [];
  for (const file of filesOf(target)) {
    const path = join(root, file);
    await mkdir(dirname(path), { recursive: true });
    await copyFile(join(folder, file), path);
    files.push(path);
  }
  const now = new Date();
  await utimes(folder, now, now);
  await forgetOld(`prebuilt-${target.arch}-${target.libc}-`);
  return { files, cached };
}

/**
 * Puts libnl's licence and the sources that are compiled where libnl.gyp expects them. The published package
 * has these too: the LGPL requires that users get the library's source, and can make the addon with another
 * version of it.
 */
async function bringLibnl(): Promise<void> {
  const source = await libnlSource();
  const gyp = await readFile(join(root, 'native/libnl/libnl.gyp'), 'utf8');
  const compiled = [...gyp.matchAll(/"\.\.\/third_party\/libnl\/(\S+\.c)"/g)].map(match => match[1]!);
  await bring('libnl', source, ['COPYING', ...(await withHeaders(source, compiled))]);
}

/**
 * Puts node-addon-api's headers where binding.gyp looks for them first: an installed package must compile
 * without the package node-addon-api.
 */
async function bringHeaders(): Promise<void> {
  const headers = ['napi.h', 'napi-inl.h', 'napi-inl.deprecated.h'];
  await bring('node-addon-api', join(root, 'node_modules/node-addon-api'), [...headers, 'LICENSE.md']);
}

/**
 * Copies files to a folder of native/third_party, which gets its name when it is whole: an ordinary build, which takes
 * what is there, must not find half of it after a failure.
 */
async function bring(name: string, source: string, files: readonly string[]): Promise<void> {
  const target = join(root, 'native/third_party', name);
  const work = `${target}.partial`;
  await rm(work, { recursive: true, force: true });
  for (const path of files) {
    await mkdir(dirname(join(work, path)), { recursive: true });
    await copyFile(join(source, path), join(work, path));
  }
  await rm(target, { recursive: true, force: true });
  await rename(work, target);
}

/** C files of a source, and the source's own headers that they include, directly or not. */
async function withHeaders(source: string, files: readonly string[]): Promise<readonly string[]> {
  const found = new Set(files);
  for (const file of found) {
    const text = await readFile(join(source, file), 'utf8');
    for (const [, name = ''] of text.matchAll(/^\s*#\s*include\s*[<"]([^>"]+)[>"]/gm)) {
      const folders = [dirname(file), 'include', 'include/linux-private'];
      const own = folders.map(folder => join(folder, name)).find(path => existsSync(join(source, path)));
      if (own !== undefined) found.add(own);
    }
  }
  return [...found];
}

/**
 * Runs prebuildify in a copy of the sources, as it would replace the developer's own build in native/build.
 */
async function compile(target: Target, folder: string): Promise<void> {
  const zig = await zigProgram();
  // The place is always the same, so that zig's cache knows what was compiled before.
  const work = join(root, '.cache/prebuild', `${target.arch}-${target.libc}`);
  await rm(work, { recursive: true, force: true });
  await cp(join(root, 'native'), join(work, 'native'), {
    recursive: true,
    filter: path => path !== join(root, 'native/build'),
  });
  const zigCache = join(await writableCache(), 'zig-cache');
  const prefix = dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, 'include/node/node_api.h')) ? { npm_config_nodedir: prefix } : {};
  const env = {
    ...headers,
    CC: `${zig} cc -target ${target.triple}`,
    CXX: `${zig} c++ -target ${target.triple}`,
    AR: `${zig} ar`,
    LDFLAGS: '-s',
    ZIG_GLOBAL_CACHE_DIR: zigCache,
    ZIG_LOCAL_CACHE_DIR: zigCache,
    npm_config_prebuilt: '1',
    npm_config_jobs: 'max',
    PREBUILD_NODE_GYP: join(root, 'node_modules/.bin/node-gyp'),
    PREBUILD_LIBC: target.libc,
  };
  const copyQuick = `cp build/Release/ipvs-quick-${target.arch} ${join(work, filesOf(target).at(-1)!)}`;
  await runProgram(
    join(root, 'node_modules/.bin/prebuildify'),
    [
      ...['--napi', '--tag-libc', '--name', 'ipvs', '--target', NODE, '--arch', target.arch],
      ...['--cwd', join(work, 'native'), '--out', work],
      ...(target.makesQuick ? ['--postinstall', copyQuick] : []),
    ],
    { cwd: root, env },
  );
  // The cache may lie on another file system, where prebuildify could not have moved it.
  for (const file of filesOf(target)) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await copyFile(join(work, file), join(folder, file));
    await chmod(join(folder, file), 0o755);
  }
}

/** A text that changes with everything that a target's files are made of. */
async function fingerprint(target: Target): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([target, sourceVersions, process.version]));
  const paths = [
    ...(await filesIn(join(root, 'native'), join(root, 'native/build'))),
    ...['build.ts', 'sources.ts', 'targets.ts'].map(name => join(root, 'scripts/prebuild', name)),
    ...['node-gyp', 'prebuildify'].map(name => join(root, 'node_modules', name, 'package.json')),
  ];
  for (const path of paths) {
    const content = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
    hash.update(`${relative(root, path)} ${content}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}

async function filesIn(folder: string, except?: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (path === except) continue;
    found.push(...(entry.isDirectory() ? await filesIn(path) : [path]));
  }
  return found.sort();
}

/** Removes the cache's folders whose names begin with a prefix, except the newest three. */
async function forgetOld(prefix: string): Promise<void> {
  const cache = cacheDirectory();
  const found: { readonly path: string; readonly time: number }[] = [];
  for (const name of await readdir(cache)) {
    if (!name.startsWith(prefix) || name.endsWith('.partial')) continue;
    const path = join(cache, name);
    found.push({ path, time: (await stat(path)).mtimeMs });
  }
  found.sort((a, b) => b.time - a.time);
  for (const { path } of found.filter(({ path }) => !path.endsWith('.lock')).slice(3)) {
    await rm(path, { recursive: true, force: true });
    await rm(`${path}.lock`, { force: true });
  }
}
