// Bundles the command into dist: ipvs, which starts ipvs.cjs, and a file for each module that is imported
// only when it is needed. To find, read and link forty modules takes longer than to run them, and the less
// there is to read, the sooner the command starts.

// @ts-check

import { chmodSync, copyFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { build } from 'esbuild';

/**
 * Bundles the command from the sources.
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
    target: 'node20.19',
    define: { 'import.meta.dirname': '__dirname' },
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
