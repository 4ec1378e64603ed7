import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** A module that users import. */
export interface Entry {
  /** As users import it: `ipvs/health`. */
  readonly name: string;
  /** Its source, from the root: `lib/health/index.ts`. */
  readonly source: string;
  /** Where it is bundled to, from dist/: `health/index.js`. */
  readonly output: string;
}

/** Every module that package.json exports. */
export const entries: readonly Entry[] = entriesOf(
  JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')),
);

function entriesOf({ exports }: { readonly exports: Readonly<Record<string, unknown>> }): Entry[] {
  return Object.entries(exports).flatMap(([path, entry]) => {
    if (typeof entry !== 'object' || entry === null || !('default' in entry)) return [];
    const output = String(entry.default).replace('./dist/', '');
    return [{ name: join('ipvs', path), source: `lib/${output.replace(/\.js$/, '.ts')}`, output }];
  });
}

/** The names of what a module exports besides types. */
export async function valuesOf({ source }: Entry): Promise<readonly string[]> {
  return Object.keys((await import(join(root, source))) as object);
}
