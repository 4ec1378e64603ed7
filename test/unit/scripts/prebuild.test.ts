import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { targets } from '../../../scripts/prebuild/targets.ts';

const checkout = join(import.meta.dirname, '../../..');
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipvs-prebuild-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test.skipIf(process.arch !== 'x64')(
  'prebuilding fails for every target that cannot be made, and says which and why',
  () => {
    const cache = join(folder, 'file/cache');
    writeFileSync(join(folder, 'file'), '');
    const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'scripts/prebuild.ts'], {
      cwd: checkout,
      encoding: 'utf8',
      env: { ...process.env, IPVS_CACHE: cache },
    });
    expect(status).toBe(1);
    const why = `the cache ${cache} cannot be written (ENOTDIR): name another folder in IPVS_CACHE`;
    // A busy machine takes a second to see that nobody else is at it.
    const said = stderr.split('\n').filter(line => line !== '' && !line.endsWith('is making it, waiting'));
    expect(said).toEqual(targets.map(({ name }) => `${name}: ${why}`));
  },
);

// npm runs a script named prebuild before the one named build, and tells neither from the other.
test.each([
  ['run build', false],
  ['run-script build', false],
  ['run --silent build -- --flag', false],
  ['run prebuild', true],
  ['run-script prebuild', true],
  ['run prebuild -- build', true],
])('`npm %s` runs the script prebuild for itself: %s', (words, prebuilds) => {
  const hook = join(checkout, 'scripts/prebuild/hook-of-build.mjs');
  const scripts = { prebuild: `node ${hook} || echo prebuilding #`, build: 'echo building #' };
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'a', version: '1.0.0', scripts }));
  const { stdout } = spawnSync('npm', words.split(' '), { cwd: folder, encoding: 'utf8' });
  expect(stdout).toMatch(words.includes('prebuild') ? /./ : /^building$/m);
  expect(/^prebuilding$/m.test(stdout)).toBe(prebuilds);
});
