// Runs kernel tests, and a soak, with the addon under the sanitizers of addresses and undefined behaviour, on a booted
// kernel: npm run test:asan.
//
//   addon.ts [--brief] [FILE…]
//
// Unless it is to be brief, the native tests run first as clang compiles them: its sanitizers see what g++'s, which
// `npm run unit` has, do not, as references into packed structs.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './build.ts';
import { briefTests, passes, type Sanitizer, wholeTests } from './on-kernel.ts';

const sanitizer: Sanitizer = {
  name: 'asan',
  switches: ['enable_asan', 'enable_ubsan'],
  library: 'libasan.so',
  environment: log => ({
    // Leaks are judged by their reports (reports.ts): those of Node.js must not fail each program.
    ASAN_OPTIONS: `log_path=${log}:detect_leaks=1`,
    LSAN_OPTIONS: 'exitcode=0',
    UBSAN_OPTIONS: `log_path=${log}:print_stacktrace=1`,
  }),
};

const { values, positionals } = parseArgs({
  options: { brief: { type: 'boolean', default: false } },
  allowPositionals: true,
});

/** Runs the native tests as clang compiles them, and tells whether they pass. */
async function nativeTestsPass(): Promise<boolean> {
  const switches = ['build_tests', 'enable_asan', 'enable_ubsan'];
  const folder = await build('clang', 'ipvs-native-test', switches, { CC: 'clang', CXX: 'clang++' });
  const env = { ...process.env, UBSAN_OPTIONS: 'print_stacktrace=1' };
  const program = join(folder, 'ipvs-native-test');
  return (
    spawnSync(program, { cwd: join(import.meta.dirname, '../../..'), stdio: 'inherit', env }).status === 0
  );
}

const native = values.brief || positionals.length > 0 || (await nativeTestsPass());
const tests = positionals.length > 0 ? positionals : values.brief ? briefTests : wholeTests;
const passed = await passes(sanitizer, { tests, soak: values.brief ? 20 : 120 });
process.exitCode = native && passed ? 0 : 1;
