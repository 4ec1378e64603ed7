import { existsSync, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { architectureOf, compareReleases, type Kernel, type KernelLabel, matchesLabel } from './kernels.ts';

/** The directory of unpacked kernels: `IPVS_CACHE`, or a directory of the user's cache. */
export function cacheDirectory(): string {
  const { IPVS_CACHE, XDG_CACHE_HOME } = process.env;
  return IPVS_CACHE || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'ipvs-bed');
}

/** The newest kernel of a label among the unpacked ones. */
export function cachedKernel(label: KernelLabel): Kernel | undefined {
  const cache = cacheDirectory();
  if (!existsSync(cache) || !statSync(cache).isDirectory()) return undefined;
  const architecture = architectureOf(label);
  const version = readdirSync(cache)
    .filter(name => name.endsWith(`-${architecture}`) && matchesLabel(name, label))
    .sort(compareReleases)
    .at(-1);
  return version === undefined ? undefined : { version, architecture, directory: join(cache, version) };
}
