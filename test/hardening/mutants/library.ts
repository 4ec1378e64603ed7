import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Score } from './score.ts';

const root = join(import.meta.dirname, '../../..');
/** Where scripts/setup.mjs installs Stryker, and what it is told. */
const program = join(root, '.cache/mutants/node_modules/@stryker-mutator/core/bin/stryker.js');
const config = 'test/hardening/mutants/stryker/config.json';
const report = join(root, '.cache/mutants/report.json');

/** What is read of Stryker's report (mutation-testing-report-schema). */
interface Report {
  readonly files: Readonly<Record<string, { readonly mutants: readonly Mutant[] }>>;
}

interface Mutant {
  readonly status: string;
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly location: { readonly start: { readonly line: number; readonly column: number } };
}

/** What Stryker says of a mutant that a test noticed, and of one that none did. */
const noticed = new Set(['Killed', 'Timeout']);
const unnoticed = new Set(['Survived', 'NoCoverage']);

/**
 * Has Stryker mutate what is in the places, folders or files of lib/, and returns the score of each. Prints the mutants
 * that no test noticed.
 */
export async function mutate(places: readonly string[], signal: AbortSignal): Promise<readonly Score[]> {
  const patterns = places.map(place => (isFolder(place) ? `${place}/**/*.ts` : place));
  const child = spawn(process.execPath, [program, 'run', config, '--mutate', patterns.join(',')], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const end = () => void child.kill();
  signal.addEventListener('abort', end);
  const [status] = (await once(child, 'close')) as [number | null];
  signal.throwIfAborted();
  if (status !== 0) throw new Error(`Stryker ended with status ${status}`);
  const { files } = JSON.parse(readFileSync(report, 'utf8')) as Report;
  return places.map(place => {
    const own = Object.entries(files).filter(([file]) => `${file}/`.startsWith(`${place}/`));
    for (const [file, { mutants }] of own) printUnnoticed(file, mutants);
    const mutants = own.flatMap(([, file]) => file.mutants);
    const count = (statuses: ReadonlySet<string>) =>
      mutants.filter(({ status }) => statuses.has(status)).length;
    return { place, noticed: count(noticed), all: count(noticed) + count(unnoticed) };
  });
}

function isFolder(place: string): boolean {
  if (!existsSync(join(root, place))) throw new RangeError(`there is no ${place}`);
  return statSync(join(root, place)).isDirectory();
}

function printUnnoticed(file: string, mutants: readonly Mutant[]): void {
  for (const { status, mutatorName, replacement, location } of mutants) {
    if (!unnoticed.has(status)) continue;
    const { line, column } = location.start;
    const what = replacement === undefined ? '' : `: ${replacement.replace(/\s+/g, ' ')}`;
    console.log(`unnoticed: ${file}:${line}:${column} ${mutatorName}${what}`);
  }
}
