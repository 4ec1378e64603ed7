// Everything that can be said about the code without running it. `npm run check -- --fix` puts right what a formatter can.

import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs, promisify, styleText } from 'node:util';

const execute = promisify(execFile);

/** One check: resolves with what is wrong, or an empty text. */
interface Step {
  readonly name: string;
  run(): Promise<string>;
}

const { fix } = parseArgs({ options: { fix: { type: 'boolean', default: false } } }).values;

const steps: readonly Step[] = [
  { name: 'types', run: () => complaint(process.execPath, ['node_modules/typescript/bin/tsc', '--pretty']) },
  {
    name: 'style',
    run: () =>
      complaint(process.execPath, [
        'node_modules/@biomejs/biome/bin/biome',
        'check',
        ...(fix ? ['--write'] : []),
      ]),
  },
  {
    name: 'C++ style',
    run: () =>
      complaint('clang-format', [
        ...(fix ? ['-i'] : ['--dry-run', '--Werror']),
        ...[
          ...files('native', /\.(?:cc|h)$/),
          ...files('test/native', /\.(?:cc|h)$/),
          ...files('bench', /\.c$/),
        ],
      ]),
  },
  { name: 'C++ lint', run: tidy },
];

let failed = false;
for (const step of steps) {
  process.stdout.write(`${step.name.padEnd(10)} `);
  const start = performance.now();
  const wrong = await step.run().catch((error: Error) => error.message);
  const seconds = `${((performance.now() - start) / 1000).toFixed(1)} s`;
  console.log(`${wrong === '' ? styleText('green', 'ok') : styleText('red', 'wrong')} ${seconds}`);
  if (wrong === '') continue;
  failed = true;
  console.log(`\n${wrong}\n`);
}
process.exitCode = failed ? 1 : 0;

/** Runs a program and gives back what it says when it fails. */
async function complaint(program: string, args: readonly string[]): Promise<string> {
  try {
    await execute(program, args, { maxBuffer: 64 * 1024 * 1024 });
    return '';
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string };
    return `${stdout}${stderr}`.trim() || message;
  }
}

function files(directory: string, name: RegExp): string[] {
  if (!existsSync(directory)) return [];
  const found = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return found
    .filter(path => name.test(path))
    .map(path => join(directory, path))
    .sort();
}

/** clang-tidy on every source file, as many at once as there are processors. */
async function tidy(): Promise<string> {
  const flags = await compilerFlags();
  const sources = files('native', /\.cc$/);
  const wrong: string[] = [];
  const worker = async () => {
    for (let file = sources.shift(); file !== undefined; file = sources.shift()) {
      wrong.push(await complaint('clang-tidy', ['--quiet', file, '--', ...flags]));
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  // What is wrong in a header is said again for each file that includes it, and the analyzer follows calls into others' headers.
  const complaints = wrong
    .flatMap(text => text.split(/^(?=\S+:\d+:\d+: (?:warning|error):)/m))
    .map(text => text.replace(/^\d+ warnings?.* generated.*\n?/gm, '').trim())
    .filter(text => text !== '' && !text.startsWith('node_modules/'));
  return [...new Set(complaints)].join('\n');
}

/** What the addon is compiled with, others' headers as system headers: their warnings are not ours to mend. */
async function compilerFlags(): Promise<string[]> {
  const { stdout } = await execute('pkg-config', ['--cflags-only-I', 'libnl-3.0', 'libnl-genl-3.0']);
  const libnl = stdout.split(/\s+/).flatMap(flag => (flag.startsWith('-I') ? [flag.slice(2)] : []));
  const defines = /"defines": \[([^\]]*)\]/.exec(readFileSync('native/binding.gyp', 'utf8'))?.[1] ?? '';
  return [
    '-std=c++17',
    '-I.',
    ...[...defines.matchAll(/"([^"]+)"/g)].map(match => `-D${match[1]}`),
    ...['node_modules/node-addon-api', nodeHeaders(), ...libnl].flatMap(path => ['-isystem', path]),
  ];
}

/** Node's headers: those that came with it, or those that node-gyp fetched to build the addon. */
function nodeHeaders(): string {
  const own = join(dirname(dirname(process.execPath)), 'include/node');
  if (existsSync(join(own, 'node_api.h'))) return own;
  const nodedir = /"nodedir": "([^"]+)"/.exec(readFileSync('native/build/config.gypi', 'utf8'))?.[1];
  if (nodedir === undefined) throw new Error('no headers of Node.js: build the addon first');
  return join(nodedir, 'include/node');
}
