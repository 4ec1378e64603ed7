// Runs kernel tests, and a soak, with the addon under the sanitizers of addresses and undefined behaviour, on a booted
// kernel: npm run test:asan.
//
//   addon.ts [--brief] [FILE…]
//
// Unless it is to be brief, the native tests run first as clang compiles them: its sanitizers see what g++'s, which
// `npm run unit` has, do not, as references into packed structs.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runOnBed } from '../../bed/bed.ts';
import { catchSignals } from '../../bed/signals.ts';
import { build } from './build.ts';
import { reportsIn } from './reports.ts';

const root = join(import.meta.dirname, '../../..');

/** The tests of clients, threads and what crosses into C++. */
const whole = [
  ...['lifecycle', 'services', 'destinations', 'update-service', 'arguments', 'sampler', 'connections'],
  ...['descriptors', 'dial', 'every-row', 'alone/lists', 'alone/socket-buffers', 'alone/module'],
].map(name => `test/kernel/${name}.test.ts`);

/** Those of a process that ends with calls under way, and of worker threads that are terminated amid calls. */
const brief = ['test/kernel/lifecycle.test.ts', '--testNamePattern', 'after 30 ms|worker threads'];

/** Seconds of the soak, which ends with a search for leaks. */
const SOAK = { brief: 20, whole: 120 };

const { values, positionals } = parseArgs({
  options: { brief: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const files = positionals.length > 0 ? positionals : values.brief ? brief : whole;
const addon = join(await build('asan', 'ipvs', ['enable_asan', 'enable_ubsan']), 'ipvs.node');
const runtime = execFileSync('gcc', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim();
const reports = mkdtempSync(join(tmpdir(), 'ipvs-asan-'));
const stop = catchSignals();

/** Runs Node.js on a booted kernel, where the addon is the one with sanitizers. Returns the exit status. */
async function runNode(name: string, ...words: readonly string[]): Promise<number> {
  // Reports have the numbers of processes, which are the same again on the next machine.
  const log = `log_path=${join(reports, name)}`;
  const { exitStatus } = await runOnBed({
    command: [
      ...['sh', '-c', 'mount --bind "$1" "$2" && shift 2 && exec env "$@"', 'sh'],
      ...[addon, join(root, 'native/build/Release/ipvs.node')],
      ...[`LD_PRELOAD=${runtime}`, process.execPath, ...words],
    ],
    cwd: root,
    env: {
      // Leaks are judged by their reports (reports.ts): those of Node.js must not fail each program.
      ASAN_OPTIONS: `${log}:detect_leaks=1`,
      LSAN_OPTIONS: 'exitcode=0',
      UBSAN_OPTIONS: `${log}:print_stacktrace=1`,
    },
    outputDirectory: reports,
    deadline: 1800,
    signal: stop.signal,
  });
  return exitStatus;
}

/** Runs the native tests as clang compiles them. Returns the exit status. */
async function runNativeTests(): Promise<number> {
  const switches = ['build_tests', 'enable_asan', 'enable_ubsan'];
  const folder = await build('clang', 'ipvs-native-test', switches, { CC: 'clang', CXX: 'clang++' });
  const env = { ...process.env, UBSAN_OPTIONS: 'print_stacktrace=1' };
  return spawnSync(join(folder, 'ipvs-native-test'), { cwd: root, stdio: 'inherit', env }).status ?? 1;
}

try {
  const native = values.brief || positionals.length > 0 ? 0 : await runNativeTests();
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const projects = ['--project', 'kernel', '--project', 'alone'];
  const tested = await runNode('tests', vitest, 'run', ...projects, ...files);
  const seconds = values.brief ? SOAK.brief : SOAK.whole;
  const soak = join(root, 'test/hardening/soak/soak.ts');
  const soaked = await runNode('soak', '--expose-gc', '--import', 'tsx', soak, String(seconds), '--unjudged');
  const wrong = reportsIn(reports);
  for (const report of wrong) console.error(`\n${report}`);
  console.log(`sanitizers: ${wrong.length} reports`);
  process.exitCode = native !== 0 || tested !== 0 || soaked !== 0 || wrong.length > 0 ? 1 : 0;
} finally {
  rmSync(reports, { recursive: true, force: true });
}
