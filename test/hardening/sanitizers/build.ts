import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { cp, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runProgram } from '../../bed/program.ts';

const root = join(import.meta.dirname, '../../..');

/**
 * Builds a target of native/ with gyp's switches, by the compiler that CC and CXX name, and returns the folder that it
 * is in. That of a copy of the sources: node-gyp would build over the ordinary addon and tests.
 */
export async function build(
  name: string,
  target: string,
  switches: readonly string[],
  compiler: Readonly<Record<string, string>> = {},
): Promise<string> {
  const copy = join(root, '.cache', name);
  await mkdir(copy, { recursive: true });
  // Files that are gone would be compiled by name, as gyp lists the folder.
  const tests = filesIn(join(root, 'test/native'));
  for (const name of filesIn(join(copy, 'test/native'))) {
    if (!tests.includes(name)) await rm(join(copy, 'test/native', name));
  }
  for (const folder of ['native', 'test/native']) {
    // Objects of the last time stay: what did not change is not compiled again.
    await cp(join(root, folder), join(copy, folder), {
      recursive: true,
      filter: (from, to) => !from.startsWith(join(root, 'native/build')) && !isSame(from, to),
    });
  }
  const gyp = join(root, 'node_modules/node-gyp/bin/node-gyp.js');
  const prefix = dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : [];
  const run = (args: readonly string[], given: readonly string[] = []) =>
    runProgram(process.execPath, [gyp, ...args, '-C', join(copy, 'native'), ...headers, '--', ...given], {
      env: compiler,
    });
  await run(
    ['configure', '--debug'],
    switches.map(name => `-D${name}=1`),
  );
  await run(['build', target, '--debug', '--jobs=max']);
  return join(copy, 'native/build/Debug');
}

/** The files below a folder, by their paths from there; none where there is no such folder. */
function filesIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name =>
    statSync(join(folder, name)).isFile(),
  );
}

/** Whether two files hold the same. By their times a file that was changed in the copy would stay as it is. */
function isSame(from: string, to: string): boolean {
  return statSync(from).isFile() && existsSync(to) && readFileSync(from).equals(readFileSync(to));
}
