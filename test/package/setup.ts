import { pack } from './tarball.ts';

/** Packs the package once for all its tests. */
export async function setup(): Promise<void> {
  await pack().catch((error: Error) => {
    // vitest 4.1 with modules cached on disk fails at showing an error of a setup's, and so shows nothing of it.
    console.error(error.message);
    throw error;
  });
}
