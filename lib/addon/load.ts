import { existsSync } from 'node:fs';
import { join } from 'node:path';
import loadBinding from 'bindings';
import { IpvsError, type IpvsErrorCode } from '../model/errors.ts';
import { packageRoot, packageVersion } from '../package.ts';
import { readElf } from './elf.ts';
import { type Libc, processLibc } from './libc.ts';
import type { Native } from './native.ts';

/** What this process is, as far as it matters for which addon it can load. */
export interface Platform {
  readonly platform: string;
  readonly arch: string;
  /** Of Node.js, or which Node.js another runtime is compatible with. */
  readonly nodeVersion: string;
  /** Undefined where it cannot be told. */
  readonly libc: Libc | undefined;
}

/** The architectures that the published package has addons for, and how ELF files name them. */
const machines: Readonly<Record<string, number>> = { x64: 62, arm64: 183 };

let loaded: Native | undefined;

/**
 * The addon, loaded at its first use: importing this package never fails, so that programs can offer IPVS
 * where they can. Throws ERR_IPVS_ADDON_MISSING or ERR_IPVS_LIBRARY_MISSING, each saying what to do.
 */
export function native(): Native {
  loaded ??= load();
  return loaded;
}

/**
 * Finds and loads a package's addon: what was compiled in its folder, else the prebuilt one of this platform.
 */
export function load(root?: string, platform: Platform = currentPlatform()): Native {
  const [major = 0, minor = 0] = platform.nodeVersion.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw missing(`ipvs needs Node.js 20.19 or later, and this is ${platform.nodeVersion}: update Node.js`);
  }
  if (platform.platform !== 'linux') {
    throw missing(`IPVS is a part of Linux, and this is ${platform.platform}: run the program on Linux`);
  }
  const folder = root ?? packageRoot();
  const compiled = join(folder, 'native/build/Release');
  if (existsSync(join(compiled, 'ipvs.node')))
    return loadFile(folder, ['native', 'build', 'Release'], 'ipvs.node', platform.arch);

  const { arch, libc } = platform;
  if (!Object.hasOwn(machines, arch)) {
    throw missing(
      `ipvs comes with addons for ${Object.keys(machines).join(' and ')}, and this is ${arch}: ${toCompile(folder)}`,
    );
  }
  if (libc === undefined) {
    throw missing(
      `ipvs cannot tell whether ${process.execPath} runs on glibc or musl, for which it has addons: ${toCompile(folder)}`,
    );
  }
  const file = `prebuilds/linux-${arch}/ipvs.${libc}.node`;
  if (!existsSync(join(folder, file))) {
    throw missing(
      `ipvs ${packageVersion()} lacks ${file} in ${folder}: install the package again, or ${toCompile(folder)}`,
    );
  }
  return loadFile(folder, ['prebuilds', `linux-${arch}`], `ipvs.${libc}.node`, arch);
}

function currentPlatform(): Platform {
  const { platform, arch, versions } = process;
  return {
    platform,
    arch,
    nodeVersion: versions.node,
    // Only needed on Linux, and only where nothing was compiled.
    get libc() {
      return processLibc();
    },
  };
}

/** Loads the one file that will do: another would be for another machine. */
function loadFile(root: string, folder: readonly string[], name: string, arch: string): Native {
  const file = join(root, ...folder, name);
  const elf = readElf(file);
  // The process would end there and then, by a signal.
  if (elf?.truncated) throw missing(`${file} is cut short: install the package again`);
  if (elf !== undefined && machines[arch] !== undefined && elf.machine !== machines[arch]) {
    throw missing(
      `${file} is made for another machine than ${arch}: install the package on the kind of machine that it is to run on`,
    );
  }
  try {
    return loadBinding({
      bindings: name,
      module_root: root,
      try: [['module_root', ...folder, 'bindings']],
    }) as Native;
  } catch (error) {
    throw explain(error, root, file);
  }
}

/**
 * What stops a file that is there from being loaded, by what the dynamic linker or the runtime says of it.
 */
function explain(error: unknown, root: string, file: string): IpvsError {
  const text = error instanceof Error ? error.message : String(error);
  const library = /(libnl[\w-]*\.so[.\d]*)/.exec(text)?.[1];
  if (library !== undefined) {
    return problem(
      'ERR_IPVS_LIBRARY_MISSING',
      `ipvs was compiled here and needs ${library} of the operating system: install libnl-3-200 and libnl-genl-3-200 (Debian, Ubuntu), libnl3 (Fedora, RHEL, Alpine) or libnl (Arch)`,
      error,
    );
  }
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (code === 'ERR_DLOPEN_DISABLED') {
    return missing(`Node.js runs without permission to load addons: start it with --allow-addons`, error);
  }
  if (/\bffi access\b|--allow-ffi/.test(text)) {
    return missing(`Deno runs without permission to load addons: start it with --allow-ffi`, error);
  }
  const needed = /version [`']?(GLIBC\w*_[\d.]+)/.exec(text)?.[1];
  if (needed !== undefined) {
    return missing(
      `${file} needs ${needed}, which this operating system is too old for: ${toCompile(root)}`,
      error,
    );
  }
  if (/Permission denied|EACCES/.test(text)) {
    return missing(`${file} may not be read by this process: give it permission to`, error);
  }
  if (/failed to map segment|Operation not permitted/.test(text)) {
    return missing(
      `${file} lies on a file system that programs may not be run from (mounted noexec): install the package elsewhere`,
      error,
    );
  }
  return missing(
    `${file} is no addon for this machine and its C library: install the package again, on the kind of machine that it is to run on`,
    error,
  );
}

/** How to compile the addon in an installed package. */
function toCompile(root: string): string {
  return `compile one with \`npx node-gyp rebuild -C ${join(root, 'native')}\`, which needs g++, make, python3, pkg-config, libnl-3-dev and libnl-genl-3-dev (Debian's names)`;
}

function missing(message: string, cause?: unknown): IpvsError {
  return problem('ERR_IPVS_ADDON_MISSING', message, cause);
}

function problem(code: IpvsErrorCode, message: string, cause: unknown): IpvsError {
  return new IpvsError(code, message, { cause });
}
