import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from '../bed/program.ts';

export const root = join(import.meta.dirname, '../..');

/** The folder in which tests of the package leave what later ones use. */
export const workFolder = join(root, '.cache/package');

/** The folder that holds the package as `npm pack` makes it, and what it depends on. */
export const shelf = join(workFolder, 'shelf');

/** Packs the package, what it depends on, and what is wanted to compile it. Returns the package's path. */
export async function pack(): Promise<string> {
  rmSync(workFolder, { recursive: true, force: true });
  mkdirSync(shelf, { recursive: true });
  await runProgram('npm', ['pack', '--silent', '--pack-destination', shelf], { cwd: root });
  const [own] = readdirSync(shelf);
  const folders = [...withDependencies(['bindings', 'node-gyp'])].map(path => join(root, path));
  const args = ['pack', '--silent', '--ignore-scripts', '--pack-destination', shelf, ...folders];
  await runProgram('npm', args);
  return join(shelf, own!);
}

interface Locked {
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** Packages of package-lock.json, by their folders, and all that they depend on. */
function withDependencies(names: readonly string[]): ReadonlySet<string> {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, Locked>>;
  };
  const found = new Set(names.map(name => `node_modules/${name}`));
  for (const path of found) {
    for (const name of Object.keys(lock.packages[path]?.dependencies ?? {})) found.add(folderOf(name, path));
  }
  return found;

  /** The folder of a package that another one asks for: the nearest above, as Node.js looks for it. */
  function folderOf(name: string, from: string): string {
    for (
      let folder = from;
      folder !== '';
      folder = folder.replace(/\/?node_modules\/(?:@[^/]+\/)?[^/]+$/, '')
    ) {
      const path = `${folder}/node_modules/${name}`;
      if (lock.packages[path] !== undefined) return path;
    }
    return `node_modules/${name}`;
  }
}

/** A folder whose node_modules has the package and its dependencies, as npm would install them. */
export function unpacked(name: string): string {
  const folder = scratch(name);
  // Otherwise the folder would belong to the checkout, which is a package of that name too.
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  for (const file of readdirSync(shelf)) {
    const package_ = /^(ipvs|bindings|file-uri-to-path)-\d/.exec(file)?.[1];
    if (package_ === undefined) continue;
    const to = join(folder, 'node_modules', package_);
    mkdirSync(to, { recursive: true });
    execFileSync('tar', ['-xf', join(shelf, file), '--strip-components=1', '-C', to]);
  }
  return folder;
}

/** An empty folder for one test. */
export function scratch(name: string): string {
  const folder = join(workFolder, 'scratch', name.replaceAll(/\W+/g, '-'));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}
