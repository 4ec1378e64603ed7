import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { systemEnvironment } from './environment.ts';
import { unwritable } from './keep.ts';
import type { Kernel } from './kernels.ts';

/**
 * The modules that the first process needs before it sees the host's file system. Some kernels have them
 * built in.
 */
const earlyModules = ['virtio_pci', 'virtio_console', '9pnet_virtio', '9p', 'overlay'];

const guestScripts = ['init.sh', 'main.sh'].map(
  name => new URL(`guest/${name}`, pathToFileURL(import.meta.filename)),
);

/**
 * The path of a kernel's initramfs: busybox, a few modules and the guest's two scripts. Kept beside the
 * kernel until one of those changes.
 */
export async function initramfs(kernel: Kernel, busybox: string): Promise<string> {
  const scripts = await Promise.all(guestScripts.map(url => readFile(url, 'utf8')));
  const hash = createHash('sha256')
    .update(JSON.stringify([scripts, earlyModules]))
    .digest('hex')
    .slice(0, 12);
  const path = join(kernel.directory, `initramfs-${hash}.cpio`);
  if (existsSync(path)) return path;

  const work = await mkdtemp(join(kernel.directory, 'initramfs.')).catch(error => {
    throw unwritable(kernel.directory, error);
  });
  try {
    const root = join(work, 'root');
    for (const directory of ['bin', 'modules', 'proc', 'sys', 'dev', 'host', 'over', 'root']) {
      await mkdir(join(root, directory), { recursive: true });
    }
    await copyFile(busybox, join(root, 'bin/busybox'));
    await writeFile(join(root, 'init'), scripts[0]!);
    await chmod(join(root, 'init'), 0o755);
    await writeFile(join(root, 'main.sh'), scripts[1]!);
    const modules = dependencies(kernel);
    for (const module of modules) await copyFile(module, join(root, 'modules', basename(module)));
    await writeFile(join(root, 'modules/order'), modules.map(module => `${basename(module)}\n`).join(''));
    const archive = join(work, 'cpio');
    execFileSync('sh', ['-c', 'find . | cpio --quiet --create --format=newc --owner=0:0 >"$0"', archive], {
      cwd: root,
    });
    await rename(archive, path);
    return path;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The files of the early modules in the order of loading. */
function dependencies(kernel: Kernel): string[] {
  const shown = execFileSync(
    'modprobe',
    [
      '--dirname',
      kernel.directory,
      '--set-version',
      kernel.version,
      '--show-depends',
      '--all',
      ...earlyModules,
    ],
    { encoding: 'utf8', env: systemEnvironment() },
  );
  const files = [...shown.matchAll(/^insmod (\S+)/gm)].map(match => match[1]!);
  return [...new Set(files)];
}
