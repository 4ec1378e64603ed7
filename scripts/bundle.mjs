// The command's files in dist: ipvs, which starts ipvs.cjs, and one for each module that is imported when it
// is wanted only. To find, read and link forty modules takes longer than to run them, and the less there is
// to read, the sooner the command starts.

// @ts-check

import { chmodSync, copyFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { build } from 'esbuild';

/**
 * Makes the command from the sources, beside what is compiled of them.
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
    format: 'cjs', // Node.js takes longer to start with a module of the other kind, and to import() than to require().
    supported: { 'dynamic-import': false },
    target: 'node20.19',
    define: { 'import.meta.dirname': '__dirname' },
    minify: true,
    logLevel: 'silent',
  };
  /**
   * @type {Map<string, string>} The source of each file that is imported when it is wanted only, by the name
   * of its bundle.
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
