import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { load, type Platform } from '../../../lib/addon/load.ts';
import { IpvsError } from '../../../lib/index.ts';

const here = join(import.meta.dirname, '../../..');
let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ipvs-load-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const usual: Platform = { platform: 'linux', arch: process.arch, nodeVersion: '20.19.0', libc: 'glibc' };

function failing(platform: Partial<Platform> = {}): IpvsError {
  try {
    load(root, { ...usual, ...platform });
  } catch (error) {
    expect(error).toBeInstanceOf(IpvsError);
    return error as IpvsError;
  }
  return expect.fail('it loaded');
}

/** Puts a file where the prebuilt addon of glibc is looked for. */
function prebuilt(content: string | Buffer): string {
  const file = join(root, `prebuilds/linux-${process.arch}/ipvs.glibc.node`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

const compiling = /compile one with `npx node-gyp rebuild -C \S+\/native`, which needs .*libnl-genl-3-dev/;

test.each([
  ['another operating system', { platform: 'darwin' }, /^IPVS is a part of Linux, and this is darwin: /],
  [
    'a Node.js that is too old',
    { nodeVersion: '18.20.4' },
    /^ipvs needs Node.js 20.19 or later, and this is 18.20.4/,
  ],
  ['the last Node.js that is too old', { nodeVersion: '20.18.3' }, /and this is 20.18.3: update Node.js$/],
  [
    'an architecture without a prebuilt addon',
    { arch: 'riscv64' },
    /for x64 and arm64, and this is riscv64: /,
  ],
  ['an architecture without a prebuilt addon: how to compile', { arch: 'riscv64' }, compiling],
  ['a C library that cannot be told', { libc: undefined }, /cannot tell whether \S+ runs on glibc or musl/],
  [
    'a package without its addons',
    {},
    /lacks prebuilds\/linux-\w+\/ipvs.glibc.node in \S+: install the package again, or /,
  ],
] as const)('%s is explained in one sentence', (_, platform, sentence) => {
  const { code, message } = failing(platform);
  expect(code).toBe('ERR_IPVS_ADDON_MISSING');
  expect(message).toMatch(sentence);
  expect(message).not.toContain('\n');
});

const compiled = join(here, 'native/build/Release/ipvs.node');
const foreign = () => {
  const content = readFileSync(compiled);
  content.writeUInt16LE(process.arch === 'x64' ? 183 : 62, 18); // e_machine
  return content;
};
test.each([
  ['an empty file', () => '', 'is no addon for this machine and its C library'],
  ['a file that is no ELF file', () => 'not an ELF file', 'is no addon for this machine and its C library'],
  ['an addon cut off in its code', () => readFileSync(compiled).subarray(0, 20_000), 'is cut short'],
  ['an addon cut off in its header', () => readFileSync(compiled).subarray(0, 100), 'is cut short'],
  ['the addon of another architecture', foreign, `is made for another machine than ${process.arch}`],
])('%s in place of the addon is named by its path, and the process goes on', (_, content, what) => {
  const file = prebuilt(content());
  const { code, message } = failing();
  expect(code).toBe('ERR_IPVS_ADDON_MISSING');
  expect(message.startsWith(`${file} ${what}: install the package `)).toBe(true);
});

test('an addon compiled in the package is preferred to the prebuilt one', () => {
  prebuilt('not an ELF file');
  mkdirSync(join(root, 'native/build/Release'), { recursive: true });
  cpSync(compiled, join(root, 'native/build/Release/ipvs.node'));
  expect(load(root, usual)).toBeDefined();
});

test('Node.js without permission to load addons is told which option gives it', () => {
  cpSync(compiled, prebuilt(''));
  const program = `
    import { load } from ${JSON.stringify(join(here, 'lib/addon/load.ts'))};
    try { load(${JSON.stringify(root)}, ${JSON.stringify(usual)}); } catch (error) { console.log(error.message); }`;
  const output = execFileSync(
    process.execPath,
    ['--no-addons', '--import', 'tsx', '--input-type=module', '-e', program],
    {
      cwd: here,
      encoding: 'utf8',
    },
  );
  expect(output).toBe('Node.js runs without permission to load addons: start it with --allow-addons\n');
});

test('the package without an addon can be imported, and keys and rules work for IPv6 too', () => {
  cpSync(join(here, 'lib'), join(root, 'lib'), { recursive: true });
  cpSync(join(here, 'package.json'), join(root, 'package.json'));
  symlinkSync(join(here, 'node_modules'), join(root, 'node_modules'));
  const program = join(root, 'program.ts');
  writeFileSync(
    program,
    `import { formatRules, Ipvs, parseRules, serviceKey } from './lib/index.ts';
     console.log(serviceKey({ protocol: 'tcp', address: '0:0::1', port: 80 }));
     console.log(formatRules(parseRules('-A -t [FD00:0::1]:53')));
     await new Ipvs().services().catch(error => console.log(error.code));`,
  );
  const output = execFileSync(process.execPath, ['--import', 'tsx', program], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(output).toBe('tcp [::1]:80\n-A -t [fd00::1]:53 -s wlc\n\nERR_IPVS_ADDON_MISSING\n');
});
