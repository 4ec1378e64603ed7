import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findMirror, type Mirror, parseDeb822, parseList, type Source } from './sources.ts';

/** The Debian mirror in this machine's apt sources. Throws where they have none. */
export function debianMirror(): Mirror {
  const mirror = findMirror(machineSources());
  if (mirror !== undefined) return mirror;
  throw new Error(
    'kernels to boot, and sources, come from the Debian mirror in the apt sources, and this machine has none there; ' +
      'to test, load IPVS into its own kernel (modprobe ip_vs) and use IPVS_KERNEL=host',
  );
}

function machineSources(): Source[] {
  const directory = '/etc/apt/sources.list.d';
  const names = existsSync(directory)
    ? readdirSync(directory)
        .sort()
        .map(name => join(directory, name))
    : [];
  return ['/etc/apt/sources.list', ...names].filter(existsSync).flatMap(path => {
    if (path.endsWith('.list')) return parseList(readFileSync(path, 'utf8'));
    return path.endsWith('.sources') ? parseDeb822(readFileSync(path, 'utf8')) : [];
  });
}
