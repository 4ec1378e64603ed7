// Bundles the library and the command into dist. To find, read and link a hundred modules takes several times
// as long as to run them, and the less there is to read, the sooner a program starts.

// @ts-check

import { chmodSync, copyFileSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { build } from 'esbuild';

/** The least Node.js there is, as package.json says. */
const target = 'node20.19';

/**
 * Bundles the library from the sources: a file for each entry that package.json exports, and what several of
 * them share in files of its own. Names stay, for the sake of whoever reads a stack.
 * @param {string} root the package's folder
 * @param {string} outdir where the files go
 */
export async function bundleLibrary(root, outdir = 'dist') {
  await bundleModules(root, entriesOf(root), outdir);
}

/**
 * Bundles what kernel tests import, in their own process: the library, the command line and the addon's loader,
 * which share their modules. To compile and import them one by one takes an emulated processor seconds for each
 * test file.
 * @param {string} root the package's folder
 */
export async function bundleForTests(root) {
  const entries = [...entriesOf(root), 'lib/cli/run.ts', 'lib/addon/load.ts'];
  await bundleModules(root, entries, 'built');
}

/**
 * The sources of what package.json exports.
 * @param {string} root
 */
function entriesOf(root) {
  /** @type {{ exports: Record<string, string | { default: string }> }} */
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return Object.values(exports)
    .map(entry => (typeof entry === 'string' ? entry : entry.default))
    .filter(file => file.startsWith('./dist/') && file.endsWith('.js'))
    .map(file => file.replace('./dist/', 'lib/').replace(/\.js$/, '.ts'));
}

/**
 * @param {string} root
 * @param {string[]} entryPoints
 * @param {string} outdir a folder of the package's own: modules find the package above them
 */
async function bundleModules(root, entryPoints, outdir) {
  await build({
    absWorkingDir: root,
    outdir,
    entryPoints,
    outbase: 'lib',
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target,
    minifySyntax: true,
    legalComments: 'none',
    logLevel: 'silent',
  });
}

/**
 * Bundles the command from the sources: ipvs, which starts ipvs.cjs, and a file for each module that is
 * imported only when it is needed.
 * @param {string} root the package's folder
 */
export async function bundleCommand(root) {
  /** @type {import('esbuild').BuildOptions} */
  const bundle = {
    absWorkingDir: root,
    outdir: 'dist',
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    format: 'cjs', // Node.js starts ES modules more slowly, and import() takes longer than require()
    supported: { 'dynamic-import': false },
    target,
    define: { 'import.meta.dirname': '__dirname' },
    external: ['yaml'], // an optional peer, which only some have
    minify: true,
    logLevel: 'silent',
  };
  /**
   * @type {Map<string, string>} The sources of modules imported only when needed, by the names of their
   * bundles.
   */
  const seldom = new Map();
  const apart = {
    name: 'apart',
    /** @param {import('esbuild').PluginBuild} hooks */
    setup(hooks) {
      hooks.onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, ({ kind, path, importer }) => {
        if (kind !== 'dynamic-import') return undefined;
        const name = `ipvs-${basename(path, '.ts')}`;
        seldom.set(name, relative(root, join(dirname(importer), path)));
        return { path: `./${name}.cjs`, external: true };
      });
    },
  };
  await build({ ...bundle, entryPoints: { ipvs: 'lib/cli/main.ts' }, plugins: [apart] });
  await build({
    ...bundle,
    entryPoints: Object.fromEntries(seldom),
  });
  copyFileSync(join(root, 'lib/cli/ipvs.sh'), join(root, 'dist/ipvs'));
  chmodSync(join(root, 'dist/ipvs'), 0o755);
}
