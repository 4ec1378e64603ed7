// Makes a machine ready for an npm script, and does nothing when it is ready. Plain JavaScript, since it runs
// before `npm ci`. Without a part it installs what package-lock.json lists.
//
//   node scripts/setup.mjs [addon] [native] [failures] [counting] [dist] [prebuild] [unit] [package] [bed] [arm64]
//     [style] [tidy] [clang] [fuzz] [mutants]

// @ts-check

import { spawn, spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {'addon' | 'native' | 'failures' | 'counting' | 'dist' | 'prebuild' | 'unit' | 'package' | 'bed' | 'arm64' |
 *   'style' | 'tidy' | 'clang' | 'fuzz' | 'mutants'} Part
 */
/**
 * @typedef {{ package: string, present: () => boolean }} Need Something from the system, and the Debian
 * package that has it.
 */
/** @typedef {{ what: string, run: () => Promise<void> }} Step */

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const addonFile = join(root, 'native/build/Release/ipvs.node');
const nativeTests = join(root, 'native/build/Debug/ipvs-native-test');
// Libraries that are preloaded.
const failingCalls = join(root, 'native/build/failing-calls.so');
const failingCallsSource = join(root, 'test/hardening/failures/failing-calls.c');
const countingMalloc = join(root, 'native/build/counting-malloc.so');
const countingMallocSource = join(root, 'test/hardening/soak/counting-malloc.c');
const fuzzTargets = join(root, 'native/build/Fuzz/ipvs-fuzz');
const stryker = join(root, '.cache/mutants');
const strykerPackages = join(root, 'test/hardening/mutants/stryker');
const debianKeyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
const compileCommands = join(root, 'native/build/Release/compile_commands.json');

/** @type {Need[]} */
const compilerNeeds = [
  program('g++', 'g++'),
  program('pkg-config', 'pkg-config'),
  library('libnl-3-dev', 'libnl-3.0'),
  library('libnl-genl-3-dev', 'libnl-genl-3.0'),
];

const buildNeeds = [...compilerNeeds, program('make', 'make'), program('python3', 'python3')];
const doctest = { package: 'doctest-dev', present: () => existsSync('/usr/include/doctest/doctest.h') };

const clangNeeds = [program('clang', 'clang++'), { package: 'libclang-rt-dev', present: hasLibFuzzer }];

const promtool = program('prometheus', 'promtool');
const openMetricsParser = {
  package: 'python3-prometheus-client',
  present: () => existsSync('/usr/lib/python3/dist-packages/prometheus_client/openmetrics/parser.py'),
};

// Of what prebuilt addons are made.
const prebuildNeeds = [
  program('make', 'make'),
  program('python3', 'python3'),
  program('binutils', 'readelf'),
  { package: 'debian-archive-keyring', present: () => existsSync(debianKeyring) },
];

/** @type {Record<Part, Need[]>} */
const needs = {
  addon: buildNeeds,
  native: [...buildNeeds, doctest],
  failures: [program('gcc', 'gcc')],
  counting: [program('gcc', 'gcc')],
  dist: [],
  prebuild: prebuildNeeds,
  // Completion is tested in these shells; the text of metrics, rules and OpenMetrics by Prometheus' own programs.
  unit: [program('zsh', 'zsh'), program('fish', 'fish'), promtool, openMetricsParser],
  // Root file systems are made for installing the package.
  package: [
    program('debootstrap', 'debootstrap'),
    { package: 'busybox-static', present: hasStaticBusybox },
    program('iproute2', 'ip'),
    program('qemu-user-static', 'qemu-aarch64-static'),
  ],
  bed: [
    ...machineNeeds(),
    program('kmod', 'modprobe'),
    program('iproute2', 'ip'),
    program('iptables', 'iptables'),
    program('procps', 'sysctl'),
    program('nftables', 'nft'),
    program('iputils-arping', 'arping'),
    program('ipvsadm', 'ipvsadm'),
    program('keepalived', 'keepalived'),
    program('curl', 'curl'),
    promtool,
    program('prometheus-node-exporter', 'prometheus-node-exporter'),
  ],
  // Another architecture's kernel, with the addon that was prebuilt for it.
  arm64: [...prebuildNeeds, program('qemu-system-arm', 'qemu-system-aarch64')],
  style: [program('clang-format', 'clang-format'), program('shellcheck', 'shellcheck')],
  tidy: [...compilerNeeds, program('python3', 'python3'), doctest, program('clang-tidy', 'clang-tidy')],
  // The native tests as another compiler makes them.
  clang: [...buildNeeds, doctest, ...clangNeeds],
  fuzz: [...compilerNeeds, program('make', 'make'), ...clangNeeds, program('llvm', 'llvm-cov')],
  mutants: [...buildNeeds, doctest],
};

await main(/** @type {Part[]} */ (process.argv.slice(2)));

/** @param {Part[]} parts */
async function main(parts) {
  const unknown = parts.filter(part => !(part in needs));
  if (unknown.length > 0)
    fail(`unknown part ${unknown.join(', ')}: known are ${Object.keys(needs).join(', ')}`);
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (process.platform !== 'linux') fail(`IPVS is a part of Linux, and this is ${process.platform}`);
  if (major < 20 || (major === 20 && minor < 19))
    fail(`Node.js ${process.versions.node} is too old: 20.19 is needed`);

  if (steps(parts).length === 0) return;
  // Two processes at once would build over each other. One that had to wait looks again at what is left to
  // do.
  const { IPVS_SETUP_LOCKED } = process.env;
  if (!IPVS_SETUP_LOCKED) {
    mkdirSync(join(root, '.cache'), { recursive: true });
    const lock = join(root, '.cache/setup.lock');
    const again = spawnSync('flock', [lock, process.execPath, ...process.argv.slice(1)], {
      stdio: 'inherit',
      env: { ...process.env, IPVS_SETUP_LOCKED: '1' },
    });
    process.exit(again.status ?? 1);
  }
  for (const step of steps(parts)) {
    const start = Date.now();
    process.stderr.write(`setup: ${step.what}`);
    try {
      await step.run();
    } catch (error) {
      process.stderr.write(' failed\n');
      fail(/** @type {Error} */ (error).message);
    }
    const seconds = (Date.now() - start) / 1000;
    process.stderr.write(seconds > 2 ? ` (${seconds.toFixed(1)} s)\n` : '\n');
  }
}

/**
 * The steps that are left to do.
 * @param {Part[]} parts
 * @returns {Step[]}
 */
function steps(parts) {
  /** @type {Step[]} */
  const todo = [];
  const missing = parts.flatMap(part => needs[part]).filter(need => !need.present());
  const packages = [...new Set(missing.map(need => need.package))];
  if (packages.length > 0) {
    if (!isProgram('apt-get')) fail(`Install first what these Debian packages hold: ${packages.join(' ')}`);
    if (process.getuid?.() !== 0) {
      fail(`Run this first: sudo apt-get install --no-install-recommends ${packages.join(' ')}`);
    }
    todo.push({ what: `installing ${packages.join(' ')}`, run: () => installPackages(packages) });
  }
  if (isOlder(join(root, 'node_modules/.package-lock.json'), [join(root, 'package-lock.json')])) {
    todo.push({ what: 'installing what package-lock.json lists', run: installModules });
  }
  const native = join(root, 'native');
  const sources = readdirSync(native)
    .filter(name => name !== 'build' && name !== 'third_party')
    .map(name => join(native, name));
  if (parts.includes('native') && isOlder(nativeTests, [...sources, join(root, 'test/native')])) {
    todo.push({ what: 'building the native tests', run: buildNativeTests });
  }
  if (parts.includes('addon') && isOlder(addonFile, sources)) {
    todo.push({ what: 'building the addon', run: buildAddon });
  }
  if (parts.includes('failures') && isOlder(failingCalls, [failingCallsSource])) {
    const run = () => buildPreloaded(failingCalls, failingCallsSource);
    todo.push({ what: 'building the library that makes calls fail', run });
  }
  if (parts.includes('counting') && isOlder(countingMalloc, [countingMallocSource])) {
    const run = () => buildPreloaded(countingMalloc, countingMallocSource);
    todo.push({ what: 'building the library that counts what is allocated', run });
  }
  if (parts.includes('tidy') && isOlder(compileCommands, [...sources, join(root, 'test/native')])) {
    todo.push({ what: 'writing down how C++ is compiled', run: writeCompileCommands });
  }
  if (parts.includes('fuzz') && isOlder(fuzzTargets, [...sources, join(root, 'test/native')])) {
    todo.push({ what: 'building the fuzz targets', run: buildFuzzTargets });
  }
  if (
    parts.includes('mutants') &&
    isOlder(join(stryker, 'node_modules/.package-lock.json'), [join(strykerPackages, 'package-lock.json')])
  ) {
    todo.push({ what: 'installing Stryker', run: installStryker });
  }
  const dist = join(root, 'dist');
  if (
    parts.includes('dist') &&
    isOlder(
      join(dist, 'index.js'),
      ['lib', 'tsconfig.build.json', 'scripts/bundle.mjs', 'scripts/declarations.mjs'].map(name =>
        join(root, name),
      ),
    )
  ) {
    todo.push({ what: 'compiling lib to dist', run: compileLibrary });
  }
  return todo;
}

/** @param {string[]} packages */
async function installPackages(packages) {
  const policy = '/usr/sbin/policy-rc.d';
  const ownPolicy = !existsSync(policy);
  // Some packages are daemons. This policy keeps Debian from starting them at installation.
  if (ownPolicy) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    const options = ['-y', '-q', '-o', 'Dpkg::Use-Pty=0', '-o', 'DPkg::Lock::Timeout=300'];
    // One of several sources may be out of reach.
    await run('apt-get', [...options, 'update']).catch(() => {});
    await run('apt-get', [...options, 'install', '--no-install-recommends', ...packages]);
  } finally {
    if (ownPolicy) rmSync(policy, { force: true });
  }
}

async function installModules() {
  await npmCi([]);
}

/**
 * Installs what one command alone takes, 64 MB, apart from what each `npm ci` does. Without its peers: there is one
 * vitest, the project's.
 */
async function installStryker() {
  mkdirSync(stryker, { recursive: true });
  for (const name of ['package.json', 'package-lock.json']) {
    copyFileSync(join(strykerPackages, name), join(stryker, name));
  }
  await npmCi(['--legacy-peer-deps', '--prefix', stryker]);
}

/** @param {string[]} options */
async function npmCi(options) {
  const { npm_execpath: npm } = process.env;
  const args = ['ci', '--no-audit', '--no-fund', ...options];
  await (npm?.endsWith('.js') ? run(process.execPath, [npm, ...args]) : run('npm', args));
}

async function buildAddon() {
  await nodeGyp(['configure', 'build', '--jobs=max']);
  touch(addonFile);
}

/** Builds the tests of native/ with sanitizers, which end them at undefined uses of memory and arithmetic. */
async function buildNativeTests() {
  const switches = ['build_tests', 'enable_asan', 'enable_ubsan'].map(name => `-D${name}=1`);
  await nodeGyp(['configure', '--debug'], switches);
  await nodeGyp(['build', 'ipvs-native-test', '--debug', '--jobs=max']);
  // The configuration left behind is the one by which `node-gyp build` makes an ordinary addon.
  await nodeGyp(['configure']);
  touch(nativeTests);
}

/**
 * @param {string} library
 * @param {string} source
 */
async function buildPreloaded(library, source) {
  mkdirSync(dirname(library), { recursive: true });
  // C++'s exceptions pass through.
  const options = ['-shared', '-fPIC', '-O2', '-fexceptions', '-Wall', '-Wextra', '-Werror'];
  await run('gcc', [...options, '-o', library, source, '-ldl']);
}

async function buildFuzzTargets() {
  await run('make', ['-f', 'test/native/fuzz/Makefile', `-j${availableParallelism()}`]);
  touch(fuzzTargets);
}

/** Writes compile_commands.json, tests included, for clang-tidy and for editors, which look for it there. */
async function writeCompileCommands() {
  await nodeGyp(['configure'], ['-f', 'compile_commands_json', '-Dbuild_tests=1']);
  /** @type {{ command: string }[]} */
  const entries = JSON.parse(readFileSync(compileCommands, 'utf8'));
  // clang-tidy takes node-gyp's definition of this name for a subtraction.
  const commands = entries.map(entry => ({
    ...entry,
    command: entry.command.replace(/"-DNODE_GYP_MODULE_NAME=.*?" /, ''),
  }));
  writeFileSync(compileCommands, JSON.stringify(commands, null, 2));
}

/**
 * @param {string[]} args
 * @param {string[]} [switches] for gyp itself
 */
async function nodeGyp(args, switches = []) {
  const gyp = join(root, 'node_modules/node-gyp/bin/node-gyp.js');
  const prefix = dirname(dirname(process.execPath));
  // Headers beside this Node.js need not be downloaded.
  const headers = existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : [];
  await run(process.execPath, [gyp, ...args, '-C', 'native', ...headers, '--', ...switches]);
}

async function compileLibrary() {
  for (const folder of ['dist', 'built']) rmSync(join(root, folder), { recursive: true, force: true });
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json']);
  const { bundleCommand, bundleForTests, bundleLibrary } = await import('./bundle.mjs');
  const { keepDeclarations } = await import('./declarations.mjs');
  keepDeclarations(join(root, 'dist'), typesOf(join(root, 'package.json')));
  await Promise.all([bundleLibrary(root), bundleCommand(root), bundleForTests(root)]);
  touch(join(root, 'dist/index.js'));
}

/**
 * The declarations of what package.json exports, from dist.
 * @param {string} file
 */
function typesOf(file) {
  /** @type {{ exports: Record<string, string | { types: string }> }} */
  const { exports } = JSON.parse(readFileSync(file, 'utf8'));
  return Object.values(exports).flatMap(entry =>
    typeof entry === 'string' ? [] : [entry.types.replace('./dist/', '')],
  );
}

/**
 * Runs a program in silence. When it fails its output is the error's message.
 * @param {string} command
 * @param {string[]} args
 */
async function run(command, args) {
  const child = spawn(command, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (log += chunk));
  const status = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (status !== 0) throw new Error(`${log.trimEnd()}\n${command} ended with status ${status}`);
}

/**
 * @param {string} name
 * @param {string} command
 * @returns {Need}
 */
function program(name, command) {
  return { package: name, present: () => isProgram(command) };
}

/**
 * @param {string} name
 * @param {string} module
 * @returns {Need}
 */
function library(name, module) {
  return { package: name, present: () => spawnSync('pkg-config', ['--exists', module]).status === 0 };
}

/**
 * The programs that booting another kernel needs.
 * @returns {Need[]}
 */
function machineNeeds() {
  const { IPVS_KERNEL } = process.env;
  if (IPVS_KERNEL === 'host') return [];
  return [
    ...(IPVS_KERNEL === 'arm64' ? [...prebuildNeeds, program('qemu-system-arm', 'qemu-system-aarch64')] : []),
    program('qemu-system-x86', 'qemu-system-x86_64'),
    { package: 'busybox-static', present: hasStaticBusybox },
    program('cpio', 'cpio'),
    program('xz-utils', 'xz'),
    { package: 'debian-archive-keyring', present: () => existsSync(debianKeyring) },
  ];
}

/** Whether busybox is static: the usual one needs a C library, which an initramfs lacks. */
function hasStaticBusybox() {
  const path = '/bin/busybox';
  return existsSync(path) && !readFileSync(path).subarray(0, 4096).includes('/ld-linux');
}

/** Whether the machine's clang has libFuzzer, which some distributions pack apart from it. */
function hasLibFuzzer() {
  const { status } = spawnSync('clang++', ['-fsanitize=fuzzer', '-x', 'c++', '-o', '/dev/null', '-'], {
    input:
      '#include <cstddef>\nextern "C" int LLVMFuzzerTestOneInput(const unsigned char*, size_t) { return 0; }',
  });
  return status === 0;
}

/** @param {string} command */
function isProgram(command) {
  const { PATH = '' } = process.env;
  const directories = [...PATH.split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return directories.some(directory => {
    try {
      accessSync(join(directory, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Tells whether a file is missing or older than any of its sources, files or whole directories.
 * @param {string} target
 * @param {string[]} sources
 */
function isOlder(target, sources) {
  if (!existsSync(target)) return true;
  const made = statSync(target).mtimeMs;
  return sources.some(source => newest(source) > made);
}

/**
 * @param {string} path
 * @returns {number}
 */
function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map(name => newest(join(path, name))));
}

/**
 * Marks a file as made now, though its builder may have found nothing to change.
 * @param {string} path
 */
function touch(path) {
  const now = new Date();
  utimesSync(path, now, now);
}

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
