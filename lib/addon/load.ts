import { existsSync } from 'node:fs';
import { join } from 'node:path';
import loadBinding from 'bindings';
import { IpvsError } from '../model/errors.ts';
import { packageRoot, packageVersion } from '../package.ts';
import type { Native } from './native.ts';

let loaded: Native | undefined;

/**
 * The addon, loaded at its first use: importing this package never fails, so that programs can offer IPVS where they can.
 * Throws ERR_IPVS_ADDON_MISSING or ERR_IPVS_LIBRARY_MISSING, each saying what to install.
 */
export function native(): Native {
  loaded ??= load(packageRoot());
  return loaded;
}

/** Finds and loads the addon under a package's folder: its own build first, then the prebuilt one of this platform. */
export function load(root: string): Native {
  try {
    return loadBinding({
      bindings: 'ipvs.node',
      module_root: root,
      try: [
        // To find out the C library takes longer than to load the addon.
        existsSync(join(root, 'native/build/Release/ipvs.node'))
          ? ['module_root', 'native', 'build', 'Release', 'bindings']
          : ['module_root', 'prebuilds', `${process.platform}-${process.arch}`, `ipvs${libc()}.node`],
      ],
    }) as Native;
  } catch (error) {
    throw explain(error, root);
  }
}

/** prebuildify's tag of the C library. Only the right one is tried: loading the other's would fail at once, not fall through. */
function libc(): string {
  const report: NodeJS.ProcessReport & { excludeNetwork?: boolean } = process.report; // since 20.13, missing in its types
  const before = report.excludeNetwork ?? false;
  report.excludeNetwork = true; // otherwise the report looks up the names of all connections' peers
  const { header } = report.getReport() as { readonly header: { readonly glibcVersionRuntime?: string } };
  report.excludeNetwork = before;
  return header.glibcVersionRuntime === undefined ? '.musl' : '.glibc';
}

function explain(error: unknown, root: string): IpvsError {
  const text = error instanceof Error ? error.message : String(error);
  if (process.platform !== 'linux') {
    return new IpvsError('ERR_IPVS_ADDON_MISSING', `IPVS is a part of Linux; this is ${process.platform}`, {
      cause: error,
    });
  }
  const library = /(libnl[\w-]*\.so[.\d]*)/.exec(text)?.[1];
  if (library !== undefined) {
    return new IpvsError(
      'ERR_IPVS_LIBRARY_MISSING',
      `ipvs needs ${library} of the operating system: install libnl-3-200 and libnl-genl-3-200 (Debian, Ubuntu), libnl3 (Fedora, RHEL, Alpine) or libnl (Arch)`,
      { cause: error },
    );
  }
  return new IpvsError(
    'ERR_IPVS_ADDON_MISSING',
    `ipvs ${packageVersion()} has no addon for linux-${process.arch}${libc()} in ${root}: build it with \`npx node-gyp rebuild\` there, which needs g++, make, python3, pkg-config, libnl-3-dev and libnl-genl-3-dev (Debian's names)`,
    { cause: error },
  );
}
