import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** This package's folder: this module's parent, be it lib, dist or the command that was bundled into dist. */
export function packageRoot(): string {
  return dirname(import.meta.dirname);
}

/** This package's version. */
export function packageVersion(): string {
  const text = readFileSync(join(packageRoot(), 'package.json'), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}
