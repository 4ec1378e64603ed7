import { packageVersion } from '../package.ts';

/** This package's version, and whose language it speaks. */
export function versionText(): string {
  return `ipvs v${packageVersion()} (speaks ipvsadm 1.31)\n`;
}
