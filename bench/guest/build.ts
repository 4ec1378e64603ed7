/** Entries of a build besides its main file, which an older one may lack. */
export interface BuildParts {
  readonly metrics: typeof import('../../lib/metrics/index.ts') | undefined;
}

/** Loads what stands beside a build's main file. */
export async function loadParts(main: URL): Promise<BuildParts> {
  return { metrics: await import(new URL('metrics/index.js', main).href).catch(() => undefined) };
}
