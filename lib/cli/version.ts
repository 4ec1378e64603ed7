import { readFileSync } from 'node:fs';

/** This package's version, and whose language it speaks. */
export function versionText(): string {
  const file = new URL('../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string };
  return `ipvs v${version} (speaks ipvsadm 1.31)\n`;
}
