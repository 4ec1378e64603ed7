import { execFileSync } from 'node:child_process';
import { accessSync, constants, cpSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/**
 * This package as npm installs it, in a folder that every user can read: the checkout may be in a home of
 * mode 0700.
 */
export interface Installation {
  readonly folder: string;
  /** The command's launcher. */
  readonly command: string;
  /** Node.js where every user can run it. */
  readonly node: string;
  /** Copies a program to where it can import the package. Returns its path. */
  add(program: string): string;
  remove(): void;
}

/** Installs what was built. */
export function install(): Installation {
  // Not os.tmpdir(), which may be one user's own.
  const folder = mkdtempSync('/tmp/ipvs-installed-');
  const modules = join(folder, 'node_modules');
  const copy = (from: string, to: string) => {
    mkdirSync(dirname(to), { recursive: true });
    cpSync(from, to, { recursive: true });
    execFileSync('chmod', ['-R', 'a+rX', folder]);
    return to;
  };
  for (const part of [
    'package.json',
    'dist',
    'native/build/Release/ipvs.node',
    `native/build/Release/ipvs-quick-${process.arch}`,
  ]) {
    copy(join(root, part), join(modules, 'ipvs', part));
  }
  for (const name of ['bindings', 'file-uri-to-path']) {
    copy(join(root, 'node_modules', name), join(modules, name));
  }
  return {
    folder,
    command: join(modules, 'ipvs/dist/ipvs'),
    node: isForAnyone(process.execPath) ? process.execPath : copy(process.execPath, join(folder, 'bin/node')),
    add: program => copy(program, join(folder, basename(program))),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Whether every user can run a program. Version managers keep Node.js in one user's home. */
function isForAnyone(program: string): boolean {
  accessSync(program, constants.X_OK);
  for (let path = program; ; path = dirname(path)) {
    if ((statSync(path).mode & 0o001) === 0) return false;
    if (path === dirname(path)) return true;
  }
}
