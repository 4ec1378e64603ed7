import { expect, test } from 'vitest';
import { arm64Userland } from '../bed/userland.ts';
import { type Root, runIn } from './root.ts';
import { root as checkout } from './tarball.ts';

// What is prebuilt for arm64, on programs of that architecture that QEMU runs on this machine's kernel. On a
// kernel of arm64 it is used by the tests on kernels (IPVS_KERNEL=arm64).

/** Unit tests that get as far as the addon, or compute: what TypeScript does alone is the same everywhere. */
const chosen = [
  'unit/addon',
  'unit/cli/listing',
  'unit/cli/shapes',
  'unit/cli/launcher',
  'unit/statistics',
  'unit/types',
];

async function arm64(): Promise<Root> {
  const { root, layers } = await arm64Userland();
  const path = '/opt/node/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin';
  return { layers: [root], copies: layers, path, architecture: 'arm64' };
}

test('unit tests pass on arm64', async () => {
  const vitest = 'node_modules/vitest/vitest.mjs';
  const { status, stdout, stderr } = await runIn(
    await arm64(),
    ['node', vitest, 'run', '--project', 'unit', '--no-file-parallelism', '--testTimeout=300000', ...chosen],
    { cwd: checkout, timeout: 900, env: { NO_COLOR: '1' } },
  );
  expect(status, stdout + stderr).toBe(0);
  console.log(stdout);
});
