import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { Plugin } from 'vitest/config';

/**
 * Has tests import modules of lib/ from the bundle for tests, where it has them (`bundleForTests` in
 * scripts/bundle.mjs): an emulated processor would take seconds for each test file to compile two hundred modules.
 */
export function built(root: string): Plugin {
  const lib = join(root, 'lib');
  return {
    name: 'built',
    enforce: 'pre',
    resolveId(source, importer) {
      if (importer === undefined || !source.startsWith('.')) return undefined;
      const file = relative(lib, resolve(importer, '..', source));
      const id = join(root, 'built', file.replace(/\.ts$/, '.js'));
      return file.startsWith('..') || !existsSync(id) ? undefined : { id, external: true };
    },
  };
}
