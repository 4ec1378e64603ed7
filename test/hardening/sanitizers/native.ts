// Runs the native tests with a sanitizer that those of `npm run unit` lack: npm run test:tsan.
//
//   native.ts [--test-case=PATTERN …]

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { build } from './build.ts';

const folder = await build('tsan', 'ipvs-native-test', ['build_tests', 'enable_tsan']);
const { status } = spawnSync(join(folder, 'ipvs-native-test'), process.argv.slice(2), {
  stdio: 'inherit',
  env: { ...process.env, TSAN_OPTIONS: 'halt_on_error=1:second_deadlock_stack=1' },
});
process.exitCode = status ?? 1;
