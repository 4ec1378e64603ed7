import { pack } from './tarball.ts';

/** Packs what the tests of the package are about, once. */
export async function setup(): Promise<void> {
  await pack();
}
