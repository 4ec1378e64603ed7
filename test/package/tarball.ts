import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from '../bed/program.ts';

export const root = join(import.meta.dirname, '../..');

/** The folder in which tests of the package leave what later ones use. */
export const workFolder = join(root, '.cache/package');

/** The folder that holds the package as `npm pack` makes it, and what it depends on. */
export const shelf = join(workFolder, 'shelf');

/** Packs the package and its dependencies. Returns the package's path. */
export async function pack(): Promise<string> {
  rmSync(workFolder, { recursive: true, force: true });
  mkdirSync(shelf, { recursive: true });
  await runProgram('npm', ['pack', '--silent', '--pack-destination', shelf], { cwd: root });
  const [own] = readdirSync(shelf);
  for (const name of ['bindings', 'file-uri-to-path']) {
    const folder = join(root, 'node_modules', name);
    await runProgram('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', shelf, folder]);
  }
  return join(shelf, own!);
}

/** A folder whose node_modules has the package and its dependencies, as npm would install them. */
export function unpacked(name: string): string {
  const folder = scratch(name);
  for (const file of readdirSync(shelf)) {
    const to = join(folder, 'node_modules', file.replace(/-\d+\.\d+\.\d+\.tgz$/, ''));
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
