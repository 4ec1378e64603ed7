// npm runs this before it packs or publishes, when all files are made. A file that is missing or not expected
// in the package stops npm.

import { execFileSync } from 'node:child_process';
import { unexpectedFiles } from './prepack/contents.ts';

interface Packed {
  readonly size: number;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}

const LARGEST = 2_000_000;

const faults = judge(list());
for (const fault of faults) console.error(`The package would be wrong: ${fault}`);
process.exitCode = faults.length > 0 ? 1 : 0;

/** The files that npm would pack, as npm itself lists them. */
function list(): Packed {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const answer: unknown = JSON.parse(execFileSync('npm', args, { encoding: 'utf8', maxBuffer: 1 << 26 }));
  // The list is an array in some versions of npm, and an object by the packages' names in others.
  return Object.values(answer as Record<string, Packed>)[0]!;
}

function judge({ size, files }: Packed): readonly string[] {
  const faults = unexpectedFiles(files.map(file => file.path));
  const programs = files.filter(({ path }) => path === 'dist/ipvs' || path.endsWith('/ipvs-quick'));
  for (const { path, mode } of programs) {
    if ((mode & 0o111) === 0) faults.push(`${path} cannot be run`);
  }
  if (size > LARGEST) faults.push(`it is ${size} bytes, more than ${LARGEST}`);
  return faults;
}
