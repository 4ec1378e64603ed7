import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { firstCall } from './project.ts';
import { root as checkout, scratch, unpacked } from './tarball.ts';

// Other libnl's in the process: neither they nor the one within the prebuilt addon get each other's calls.

const programs = join(import.meta.dirname, 'programs');
let project = '';
let stranger = '';
let second = '';
beforeAll(() => {
  project = unpacked('symbols');
  const folder = scratch('symbols-compiled');
  const gcc = (...args: readonly string[]) => execFileSync('gcc', ['-shared', '-fPIC', '-w', ...args]);
  stranger = join(folder, 'libnl-stranger.so');
  gcc('-o', stranger, join(programs, 'other-libnl.c'));
  second = join(folder, 'second.node');
  gcc('-o', second, join(programs, 'second-addon.c'), '-Wl,--no-as-needed', '-lnl-genl-3', '-lnl-3');
});

/** Runs a program in Node.js; it may require() what `project` has. */
function node(code: string, env: Readonly<Record<string, string>> = {}) {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['-e', code], {
    cwd: project,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return { status, signal, stdout: stdout.trim(), stderr };
}

const call = `import('ipvs').then(async ({ Ipvs }) => {
  const ipvs = new Ipvs();
  console.log(await ipvs.services().then(rows => rows.length + ' services', error => error.code));
  await ipvs.close();
})`;

/** A program that loads a file as process.dlopen() does, its symbols seen by all that is loaded later. */
const loadForAll = (file: string) => `{
  const module = { exports: {} };
  const { RTLD_NOW, RTLD_GLOBAL } = os.constants.dlopen;
  process.dlopen(module, ${JSON.stringify(file)}, RTLD_NOW | RTLD_GLOBAL);
  console.log(typeof module.exports === 'string' ? module.exports : Object.keys(module.exports).includes('Client'));
}`;
const prebuilt = () => join(project, `node_modules/ipvs/prebuilds/linux-${process.arch}/ipvs.glibc.node`);

test('a libnl that was preloaded into the process gets no call of the prebuilt addon', () => {
  expect(node(call, { LD_PRELOAD: stranger })).toMatchObject({ status: 0, stdout: firstCall });
  // It does get those of an addon that is linked to the system's libnl, as one that was compiled here.
  expect(node(loadForAll(second), { LD_PRELOAD: stranger }).signal).toBe('SIGILL');
  const compiled = join(project, 'node_modules/ipvs/native/build/Release');
  cpSync(join(checkout, 'native/build/Release/ipvs.node'), join(compiled, 'ipvs.node'));
  expect(node(call, { LD_PRELOAD: stranger }).signal).toBe('SIGILL');
  rmSync(compiled, { recursive: true });
});

test.each([
  ['behind', (): readonly string[] => [prebuilt(), second]],
  ['before', (): readonly string[] => [second, prebuilt()]],
])('an addon with the system’s libnl gets that one, loaded %s the prebuilt addon', (_, files) => {
  const { status, stdout, stderr } = node(`${files().map(loadForAll).join('\n')}\n${call}`);
  expect(status, stderr).toBe(0);
  const told = stdout.split('\n');
  expect(told).toHaveLength(3);
  expect(told).toEqual(
    expect.arrayContaining([expect.stringMatching(/\/libnl-3\.so\.200/), firstCall, 'true']),
  );
});
