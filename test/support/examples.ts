import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { entries, valuesOf } from './entries.ts';

const lib = join(import.meta.dirname, '../../lib');

/** An example in a comment. */
export interface Example {
  /** The file and the line where it stands: `lib/client.ts:82`. */
  readonly place: string;
  readonly code: string;
}

/** Every example in the comments of lib/. */
export function examplesInComments(): Example[] {
  const files = readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'));
  return files.sort().flatMap(name => {
    const text = readFileSync(join(lib, name), 'utf8');
    return [...text.matchAll(/^ *\* @example\n *\* ```ts\n(.*?)^ *\* ```$/gms)].map(({ 1: code, index }) => ({
      place: `lib/${name}:${text.slice(0, index).split('\n').length}`,
      code: code!.replace(/^ *\* ?/gm, ''),
    }));
  });
}

const provided = ['ipvs', 'web', 'server'];
const imports = await Promise.all(
  entries.map(async entry => `import { ${(await valuesOf(entry)).join(', ')} } from '${entry.name}';`),
);

/**
 * An example as a module. It may use everything that the package exports, and what `./provided.js` does: a
 * client `ipvs`, a service `web`, and a destination `server` of it.
 */
export function moduleOf(example: string): string {
  const names = provided.filter(name => !new RegExp(`\\b(?:const|using|let) ${name}\\b`).test(example));
  return [...imports, `import { ${names.join(', ')} } from './provided.js';`, example].join('\n');
}

/** The module that examples import. */
export const providedModule = `import { Ipvs } from 'ipvs';
export const ipvs = new Ipvs({ timeout: 60_000 });
export const web = { protocol: 'tcp', address: '10.100.10.101', port: 80 } as const;
export const server = { address: '172.16.120.11', port: 80 } as const;
`;
