import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inspect } from '../../../scripts/prebuild/inspect.ts';
import { type Target, targets } from '../../../scripts/prebuild/targets.ts';

// What stops `npm run prebuild`, judged by files that the compiler makes with each fault.

const checkout = join(import.meta.dirname, '../../..');
const ours = targets.filter(target => target.arch === process.arch);
const [glibc, musl] = ours as [Target, Target];
const foreign = targets.find(target => target.arch !== process.arch)!;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipvs-inspect-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const entries =
  'void napi_register_module_v1(void) {}\nint node_api_module_get_api_version_v1(void) { return 9; }\n';
const exportsMap = `-Wl,--version-script=${join(checkout, 'native/node/exports.map')}`;
const goodFlags = ['-shared', '-fPIC', '-O1', '-s', '-Wl,-z,nodelete,-z,relro,-z,noexecstack', exportsMap];
const without = (flag: string) => goodFlags.filter(given => given !== flag);

interface Made {
  readonly name?: string;
  readonly code?: string;
  readonly flags?: readonly string[];
}

/** Compiles a file and returns what is wrong with it. */
async function faults({ name = 'ipvs.glibc.node', code = entries, flags = goodFlags }: Made, target = glibc) {
  const source = join(folder, 'source.c');
  const file = join(folder, name);
  writeFileSync(source, code);
  execFileSync('gcc', ['-o', file, source, ...flags], { stdio: 'pipe' });
  return (await inspect(file, target)).faults;
}

test('an addon as it is promised has no fault', async () => {
  expect(await faults({})).toEqual([]);
});

const thread = '#include <pthread.h>\nvoid* f(void* p) { return p; }\n';
const addons: readonly (readonly [string, Made, RegExp])[] = [
  [
    'that needs a newer glibc than promised',
    {
      code: `${thread}void napi_register_module_v1(void) { pthread_t t; pthread_create(&t, 0, f, 0); }
             int node_api_module_get_api_version_v1(void) { return 9; }`,
    },
    /^needs glibc 2\.3\d, more than 2\.28$/,
  ],
  [
    'that needs a library which not every machine has',
    { flags: [...goodFlags, '-Wl,--no-as-needed', '-lstdc++'] },
    /^needs libstdc\+\+\.so\.6/,
  ],
  [
    'that lets symbols out',
    { code: `${entries}int nl_socket_alloc(void) { return 0; }`, flags: without(exportsMap) },
    /^lets \d+ symbols out: .*nl_socket_alloc/,
  ],
  [
    'without one of the symbols that Node.js looks for',
    { code: 'void napi_register_module_v1(void) {}' },
    /^lacks node_api_module_get_api_version_v1$/,
  ],
  [
    'that may be unloaded',
    { flags: goodFlags.map(flag => flag.replace('-z,nodelete,', '')) },
    /^may be unloaded/,
  ],
  ['with symbols for debuggers', { flags: without('-s') }, /^is not stripped$/],
  ['with a search path', { flags: [...goodFlags, '-Wl,-rpath,/usr/lib'] }, /^has a search path/],
  [
    'whose tables can be written to',
    { flags: goodFlags.map(flag => flag.replace('relro', 'norelro')) },
    /^lets its tables be written to/,
  ],
  [
    'that wants a stack that can be executed',
    { flags: goodFlags.map(flag => flag.replace('noexecstack', 'execstack')) },
    /^wants a stack/,
  ],
  [
    'that tells where it was built',
    {
      code: `${entries}const char* node_api_where = "${checkout}/native/node/addon.cc";
             const char* napi_where(void) { return node_api_where; }`,
      flags: without(exportsMap),
    },
    /^names the folder it was built in/,
  ],
];
test.each(addons)('an addon %s is no addon to publish', async (_, made, fault) => {
  expect(await faults(made)).toContainEqual(expect.stringMatching(fault));
});

test.skipIf(process.arch !== 'x64')(
  'an addon with relocations in its code is no addon to publish',
  async () => {
    const code = `${entries}extern int elsewhere; int* napi_there(void) { return &elsewhere; }`;
    const flags = ['-shared', '-fno-pic', '-mcmodel=large', '-s', '-Wl,-z,notext', '-Wl,-z,nodelete'];
    expect(await faults({ code, flags })).toContain('has relocations in its code');
  },
);

test('an addon of another architecture, C library or size of pages is told from the promised one', async () => {
  expect(await faults({}, foreign)).toContainEqual(expect.stringMatching(/^is for \S/));
  expect(await faults({}, musl)).toContain('is linked to another C library than musl');
  expect(await faults({}, { ...glibc, pageSize: 1 << 20 })).toContain(
    'cannot be loaded by a kernel with pages of 1048576 bytes',
  );
});

test('ipvs-quick must be static', async () => {
  const made = { name: 'ipvs-quick', code: 'int main(void) { return 0; }' };
  expect(await faults({ ...made, flags: ['-s'] }, musl)).toContain('is not static');
  expect(await faults({ ...made, flags: ['-s', '-static'] }, musl)).not.toContain('is not static');
});
