// Makes the package twice, in two folders, at two times and with nothing taken from the other's caches, and compares
// every file and the whole: npm run test:reproducible.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cacheDirectory } from '../test/bed/cache.ts';
import { libnlSource, zigProgram } from './prebuild/sources.ts';

const root = join(import.meta.dirname, '..');

/** Where the package is made: folders of different lengths, since their names might be in what is made there. */
const places = ['one', 'another/folder/further/down'];

const work = mkdtempSync(join(tmpdir(), 'ipvs-reproducible-'));
try {
  // What is downloaded is pinned by its hash, and shared.
  const downloads = [dirname(await zigProgram()), await libnlSource()];
  const packages = places.map((place, i) => make(join(work, place), downloads, i));
  process.exitCode = compare(packages.map(unpack)) ? 0 : 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** Makes the package of a copy of the sources. Returns the archive's path. */
function make(folder: string, downloads: readonly string[], time: number): string {
  const listed = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const sources = execFileSync('git', listed, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
  for (const path of sources.split('\0').filter(name => name !== '')) {
    cpSync(join(root, path), join(folder, path), { preserveTimestamps: true, verbatimSymlinks: true });
    // A day later each time, but for what tells whether modules are to be installed anew.
    const then = new Date(Date.UTC(2020, 1, 1 + time));
    if (path.startsWith('native/') || path.startsWith('lib/')) utimesSync(join(folder, path), then, then);
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const cache = join(folder, '.cache/beds');
  mkdirSync(cache, { recursive: true });
  for (const download of downloads) {
    symlinkSync(download, join(cache, download.slice(cacheDirectory().length + 1)));
  }
  const start = performance.now();
  const out = join(folder, '.cache');
  execFileSync('npm', ['pack', '--pack-destination', out], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, IPVS_CACHE: cache },
  });
  const archive = readdirSync(out).find(name => name.endsWith('.tgz'));
  if (archive === undefined) throw new Error(`npm pack left no archive in ${out}`);
  console.log(`${folder}: ${((performance.now() - start) / 1000).toFixed(0)} s`);
  return join(out, archive);
}

/** The hashes of an archive and of all files in it, by their names. */
function unpack(archive: string): ReadonlyMap<string, string> {
  const folder = `${archive}.files`;
  mkdirSync(folder);
  execFileSync('tar', ['--extract', '--file', archive], { cwd: folder });
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name));
  return new Map([
    ['the archive', sha256(archive)],
    ...files.map(path => [path.slice(folder.length + 1), sha256(path)] as const),
  ]);
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** Prints what differs, or the one hash. Returns whether all is the same. */
function compare([one, other]: readonly ReadonlyMap<string, string>[]): boolean {
  const names = [...new Set([...one!.keys(), ...other!.keys()])];
  const different = names.filter(name => one!.get(name) !== other!.get(name));
  for (const name of different) console.error(`differs: ${name}`);
  for (const name of names.filter(path => path.includes('/prebuilds/')))
    console.log(`${one!.get(name)}  ${name}`);
  console.log(
    different.length === 0
      ? `${names.length - 1} files, all the same; the archive's hash is ${one!.get('the archive')}`
      : `${different.length} of ${names.length} differ`,
  );
  return different.length === 0;
}
