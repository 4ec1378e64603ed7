import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Apt, isolatedApt } from './apt.ts';
import { cacheDirectory, cachedKernel } from './cache.ts';
import { writableCache } from './keep.ts';
import {
  type Architecture,
  architectureOf,
  type Kernel,
  type KernelLabel,
  type KernelRelease,
  kernelSuites,
  newestKernel,
  type Suite,
} from './kernels.ts';
import { withLock } from './lock.ts';
import { debianMirror } from './mirror.ts';
import { runProgram } from './program.ts';
import { progress, say } from './say.ts';
import type { Mirror } from './sources.ts';

/**
 * The folders of modules that are kept: networking, and file systems that a bed or a test may mount. The rest
 * is three quarters of a package.
 */
const keptModules = [
  'arch crypto lib mm net fs/9p fs/fscache fs/fuse fs/netfs fs/overlayfs',
  'drivers/block drivers/char drivers/virtio drivers/net/bonding drivers/net/ipvlan drivers/net/wireguard',
].flatMap(names => names.split(' '));

/** A kernel ready to boot: the one in the cache, or else the newest of the machine's Debian mirror. */
export async function provideKernel(label: KernelLabel, signal: AbortSignal): Promise<Kernel> {
  const cached = cachedKernel(label);
  if (cached !== undefined) return cached;
  if (process.arch !== 'x64') {
    throw new Error(
      `booting a kernel needs an x86-64 machine, and this one is ${process.arch}; try IPVS_KERNEL=host`,
    );
  }
  const cache = await writableCache();
  const onWait = () => say(`kernel ${label}: another process is fetching it, waiting`);
  const fetch = async () => cachedKernel(label) ?? (await fetchKernel(label, signal));
  return await withLock(join(cache, `${label}.lock`), { onWait, signal }, fetch);
}

async function fetchKernel(label: KernelLabel, signal: AbortSignal): Promise<Kernel> {
  const mirror = debianMirror();
  const architecture = architectureOf(label);
  // Folders are left over only where a process was killed, since the lock is held.
  const work = join(cacheDirectory(), `${label}.partial`);
  await rm(work, { recursive: true, force: true });
  await mkdir(work);
  try {
    for (const suite of kernelSuites[label]) {
      say(`kernel ${label}: reading the index of ${suite.name}`);
      const apt = await suiteApt(mirror, suite, architecture, await mkdtemp(join(work, 'apt.')));
      const found = await readIndex(apt, label, signal);
      if (found !== undefined) return await unpackKernel(apt, found, architecture, work, signal);
    }
  } finally {
    await rm(work, { recursive: true, force: true, maxRetries: 3 });
  }
  const suites = kernelSuites[label].map(suite => suite.name).join(' and ');
  throw new Error(`no kernel ${label} in ${suites} of ${mirror.archive}`);
}

function suiteApt(mirror: Mirror, suite: Suite, architecture: Architecture, directory: string): Promise<Apt> {
  return isolatedApt(directory, mirror[suite.archive], suite.name, { architecture });
}

async function readIndex(
  apt: Apt,
  label: KernelLabel,
  signal: AbortSignal,
): Promise<KernelRelease | undefined> {
  await apt.run('apt-get', ['update'], { signal });
  const names = (await apt.run('apt-cache', ['pkgnames', 'linux-'], { signal }))
    .split('\n')
    .filter(name => /^linux-(?:image|binary|modules|base)-\d/.test(name));
  if (names.length === 0) return undefined;
  return newestKernel(await apt.run('apt-cache', ['show', '--no-all-versions', ...names], { signal }), label);
}

async function unpackKernel(
  apt: Apt,
  found: KernelRelease,
  architecture: Architecture,
  work: string,
  signal: AbortSignal,
): Promise<Kernel> {
  const version = `${found.release}-${architecture}`;
  const megabytes = Math.round(found.size / 1e6);
  const onProgress = progress(`kernel ${version}: downloading ${megabytes} MB`);
  await apt.run('apt-get', ['download', ...found.packages], { cwd: work, signal, onProgress });
  onProgress(100);
  say(`kernel ${version}: unpacking`);
  const unpacked = join(work, 'unpacked');
  for (const name of await readdir(work)) {
    if (name.endsWith('.deb'))
      await runProgram('dpkg-deb', ['--extract', join(work, name), unpacked], { signal });
  }
  const kernel = { version, architecture, directory: join(work, 'kernel') };
  await arrange(unpacked, kernel, signal);
  const directory = join(cacheDirectory(), version);
  // A process that comes second finds the same kernel there and leaves it.
  if (!existsSync(directory)) await rename(kernel.directory, directory);
  return { ...kernel, directory };
}

/** Picks the needed files from unpacked packages, whose layout changed over the releases. */
async function arrange(unpacked: string, kernel: Kernel, signal: AbortSignal): Promise<void> {
  const first = (...paths: readonly string[]): string => {
    const found = paths.map(path => join(unpacked, path)).find(existsSync);
    if (found === undefined)
      throw new Error(`kernel ${kernel.version}: its packages hold none of ${paths.join(', ')}`);
    return found;
  };
  const { version } = kernel;
  const source = first(`usr/lib/modules/${version}`, `lib/modules/${version}`);
  const target = join(kernel.directory, 'lib/modules', version);
  await mkdir(target, { recursive: true });
  await rename(
    first(`boot/vmlinuz-${version}`, `usr/lib/modules/${version}/vmlinuz`, `lib/modules/${version}/vmlinuz`),
    join(kernel.directory, 'vmlinuz'),
  );
  for (const name of ['modules.builtin', 'modules.builtin.modinfo', 'modules.order']) {
    const list = [source, join(unpacked, 'usr/lib/modules', version), join(unpacked, 'lib/modules', version)]
      .map(parent => join(parent, name))
      .find(existsSync);
    if (list !== undefined) await rename(list, join(target, name));
  }
  for (const name of keptModules) await keep(join(source, 'kernel', name), join(target, 'kernel', name));
  const net = 'kernel/drivers/net';
  for (const name of await readdir(join(source, net))) {
    if (/\.ko(?:\.\w+)?$/.test(name)) await keep(join(source, net, name), join(target, net, name));
  }
  // Packed modules would be unpacked again at each boot by an emulated processor.
  await runProgram(
    'sh',
    ['-c', 'find "$0" -name "*.ko.xz" -print0 | xargs -0r -n 64 -P 2 xz --decompress', target],
    { signal },
  );
  await runProgram('depmod', ['--basedir', kernel.directory, version], { signal });
}

async function keep(from: string, to: string): Promise<void> {
  if (!existsSync(from)) return;
  await mkdir(join(to, '..'), { recursive: true });
  await rename(from, to);
}
