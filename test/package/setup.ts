import { pack } from './tarball.ts';

/** Packs the package once for all its tests. */
export async function setup(): Promise<void> {
  await pack();
}
