import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { compareReleases, type KernelLabel, matchesLabel } from './kernels.ts';

/** A kernel unpacked and ready to boot. */
export interface Kernel {
  /** As `uname -r` says it. */
  readonly version: string;
  /** Holds `vmlinuz` and `lib/modules/VERSION`. */
  readonly directory: string;
}

/** Where unpacked kernels are kept: `IPVS_CACHE`, or a directory of the user's cache. */
export function cacheDirectory(): string {
  const { IPVS_CACHE, XDG_CACHE_HOME } = process.env;
  return IPVS_CACHE || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'ipvs-bed');
}

/** The newest kernel of a label among the unpacked ones. */
export function cachedKernel(label: KernelLabel): Kernel | undefined {
  const cache = cacheDirectory();
  if (!existsSync(cache)) return undefined;
  const version = readdirSync(cache)
    .filter(name => /^\d.*-amd64$/.test(name) && matchesLabel(name, label))
    .sort(compareReleases)
    .at(-1);
  return version === undefined ? undefined : { version, directory: join(cache, version) };
}
