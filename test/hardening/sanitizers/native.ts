// Runs the native tests under the sanitizer of threads, which those of `npm run unit` lack, or kernel tests and a soak
// with the addon under it, on a booted kernel: npm run test:tsan.
//
//   native.ts [--test-case=PATTERN …]
//   native.ts --addon [--brief] [FILE…]

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { build } from './build.ts';
import { briefTests, passes, type Sanitizer, wholeTests } from './on-kernel.ts';

const switches = ['build_tests', 'enable_tsan'];
const options = 'second_deadlock_stack=1';

const sanitizer: Sanitizer = {
  name: 'tsan',
  // With the tests' switch, as those are built: what both are made of is compiled once.
  switches,
  library: 'libtsan.so',
  environment: log => ({
    // Reports are judged by what is in them (reports.ts): the sanitizer does not see how Node.js' own threads agree.
    // A worker_thread that is terminated leaves the thread of a call that is still in the kernel.
    TSAN_OPTIONS: `log_path=${log}:exitcode=0:report_thread_leaks=0:die_after_fork=0:${options}`,
  }),
};

async function addonPasses(words: readonly string[]): Promise<boolean> {
  const brief = words.includes('--brief');
  const files = words.filter(word => word !== '--brief');
  const tests = files.length > 0 ? files : brief ? briefTests : wholeTests;
  return passes(sanitizer, { tests, soak: brief ? 20 : 120 });
}

async function nativeTestsPass(words: readonly string[]): Promise<boolean> {
  const folder = await build(sanitizer.name, 'ipvs-native-test', switches);
  const env = { ...process.env, TSAN_OPTIONS: `halt_on_error=1:${options}` };
  return spawnSync(join(folder, 'ipvs-native-test'), words, { stdio: 'inherit', env }).status === 0;
}

const [first, ...rest] = process.argv.slice(2);
const passed = first === '--addon' ? await addonPasses(rest) : await nativeTestsPass(process.argv.slice(2));
process.exitCode = passed ? 0 : 1;
