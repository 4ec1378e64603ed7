// Root file systems and programs that the package's tests need, fetched once and kept in the cache of the
// beds.

import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zigProgram } from '../../scripts/prebuild/sources.ts';
import { keep, writableCache } from '../bed/keep.ts';
import { debianMirror } from '../bed/mirror.ts';
import { npmPackage, unpackDebian } from '../bed/packages.ts';
import { runProgram } from '../bed/program.ts';
import { say } from '../bed/say.ts';

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** A root file system of Debian as debootstrap makes it: without a compiler and libnl, but for what is asked for. */
export async function debianRoot(
  suite: 'bookworm' | 'bullseye',
  packages: readonly string[] = [],
): Promise<string> {
  const kind = packages.length === 0 ? suite : `${suite}-with-${packages.join('-')}`;
  return await keep(`root-${kind}`, async work => {
    say(`making a root file system of ${kind}`);
    const { archive } = debianMirror();
    const include = packages.length === 0 ? [] : [`--include=${packages.join(',')}`];
    await runProgram('debootstrap', [
      ...['--variant=minbase', `--keyring=${keyring}`, ...include],
      ...[suite, work, archive],
    ]);
    for (const folder of ['var/cache/apt', 'var/lib/apt/lists', 'usr/share/doc', 'usr/share/locale']) {
      await rm(join(work, folder), { recursive: true, force: true });
    }
  });
}

/** A layer for Debian's root file systems that has the library libatomic. */
export async function libatomic(suite: 'bookworm' | 'bullseye'): Promise<string> {
  return await keep(
    `layer-libatomic-${suite}`,
    async work => await unpackDebian({ suite, packages: ['libatomic1'] }, work),
  );
}

/**
 * A root file system on musl, with busybox and Node.js. The npm registry's only Node.js for musl is inside
 * pnpm's program for such systems. It needs a libstdc++: Debian's will do, with what programs/musl-shim.c
 * adds to Debian's musl. Node.js' own images of Alpine would need none of this.
 */
export async function muslRoot(): Promise<string> {
  return await keep('root-musl', async work => {
    say('making a root file system of musl');
    const program = join(await npmPackage('@pnpm/linuxstatic-x64@11.21.0'), 'pnpm');
    for (const folder of ['bin', 'lib', 'usr/lib', 'usr/bin', 'tmp', 'proc', 'dev', 'sys', 'root', 'etc']) {
      await mkdir(join(work, folder), { recursive: true });
    }
    await unpackDebian({ suite: 'bookworm', packages: ['musl'] }, join(work, 'debian'));
    await unpackDebian({ suite: 'trixie', packages: ['libstdc++6', 'libgcc-s1'] }, join(work, 'debian'));
    const loader = 'lib/ld-musl-x86_64.so.1';
    await copyFile(join(work, 'debian/lib/x86_64-linux-musl/libc.so'), join(work, loader));
    await symlink('ld-musl-x86_64.so.1', join(work, 'lib/libc.musl-x86_64.so.1'));
    for (const name of ['libstdc++.so.6', 'libgcc_s.so.1']) {
      await copyFile(join(work, 'debian/usr/lib/x86_64-linux-gnu', name), join(work, 'usr/lib', name));
    }
    await rm(join(work, 'debian'), { recursive: true });

    // A fuse makes the program run the script that it contains, pnpm. With the fuse reset it is plain
    // Node.js.
    const node = await readFile(program);
    const fuse = node.indexOf('NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:1');
    if (fuse < 0) throw new Error(`${program} is no program of Node.js that has a fuse`);
    node.write('0', fuse + 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:'.length, 'latin1');
    await writeFile(join(work, 'usr/bin/node'), node, { mode: 0o755 });

    const shim = join(work, 'usr/lib/ld-linux-x86-64.so.2');
    const cache = join(await writableCache(), 'zig-cache');
    await runProgram(
      await zigProgram(),
      [
        ...['cc', '-target', 'x86_64-linux-musl', '-shared', '-O2', '-Wl,-soname,ld-linux-x86-64.so.2'],
        ...['-o', shim, join(import.meta.dirname, 'programs/musl-shim.c')],
      ],
      { env: { ZIG_GLOBAL_CACHE_DIR: cache, ZIG_LOCAL_CACHE_DIR: cache } },
    );
    await copyFile('/bin/busybox', join(work, 'bin/busybox'));
    execFileSync('chroot', [work, '/bin/busybox', '--install', '-s', '/bin']);
  });
}
