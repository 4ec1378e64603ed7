// Runs the native tests with a sanitizer that those of `npm run unit` lack: npm run test:tsan.
//
//   native.ts [--test-case=PATTERN …]

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runProgram } from '../../bed/program.ts';

const root = join(import.meta.dirname, '../../..');

/** A copy of the sources: node-gyp would build over the ordinary addon and tests. */
const copy = join(root, '.cache/tsan');

async function build(): Promise<string> {
  await mkdir(copy, { recursive: true });
  for (const folder of ['native', 'test/native']) {
    const target = join(copy, folder);
    // Objects of the last time stay: what did not change is not compiled again.
    await cp(join(root, folder), target, {
      recursive: true,
      preserveTimestamps: true,
      filter: path => !path.startsWith(join(root, 'native/build')),
    });
  }
  const gyp = join(root, 'node_modules/node-gyp/bin/node-gyp.js');
  const prefix = dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : [];
  const run = (args: readonly string[], switches: readonly string[] = []) =>
    runProgram(process.execPath, [gyp, ...args, '-C', join(copy, 'native'), ...headers, '--', ...switches]);
  await run(['configure', '--debug'], ['-Dbuild_tests=1', '-Denable_tsan=1']);
  await run(['build', 'ipvs-native-test', '--debug', '--jobs=max']);
  return join(copy, 'native/build/Debug/ipvs-native-test');
}

// Files that are gone would be compiled by name, as gyp lists the folder.
await rm(join(copy, 'test/native'), { recursive: true, force: true });
const program = await build();
const { status } = spawnSync(program, process.argv.slice(2), {
  stdio: 'inherit',
  env: { ...process.env, TSAN_OPTIONS: 'halt_on_error=1:second_deadlock_stack=1' },
});
process.exitCode = status ?? 1;
