import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { arm64Userland } from '../bed/userland.ts';
import { type Root, runIn } from './root.ts';
import { root as checkout, unpacked } from './tarball.ts';

// What is prebuilt for arm64, on programs of that architecture that QEMU runs on this machine's kernel. On a
// kernel of arm64 it is used by the tests on kernels (IPVS_KERNEL=arm64).

/**
 * Unit tests that get as far as the addon: what TypeScript does alone is the same everywhere. Not the launcher, which asks
 * the kernel for the architecture: this one's is another.
 */
const chosen = [
  ...['columns', 'layout', 'libc', 'load', 'native'].map(name => `unit/addon/${name}`),
  ...['listing', 'shapes'].map(name => `unit/cli/${name}`),
];

async function arm64(): Promise<Required<Pick<Root, 'layers' | 'copies' | 'path' | 'architecture'>>> {
  const { root, layers } = await arm64Userland();
  const path = '/opt/node/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin';
  return { layers: [root], copies: layers, path, architecture: 'arm64' };
}

test('unit tests pass on arm64', async () => {
  const vitest = 'node_modules/vitest/vitest.mjs';
  // The compiler says nothing else there, and takes minutes.
  const options = ['--typecheck.enabled=false', '--no-file-parallelism', '--testTimeout=300000'];
  const { status, stdout, stderr } = await runIn(
    await arm64(),
    ['node', vitest, 'run', '--project', 'unit', ...options, ...chosen],
    { cwd: checkout, timeout: 900, env: { NO_COLOR: '1' } },
  );
  expect(status, stdout + stderr).toBe(0);
}, 900_000);

test('the installed package finds its addon on arm64, and is told that an emulator has no generic netlink', async () => {
  const project = unpacked('arm64');
  copyFileSync(join(import.meta.dirname, 'programs/told.mjs'), join(project, 'told.mjs'));
  const { layers, path, architecture, copies } = await arm64();
  const root: Root = {
    layers,
    path,
    architecture,
    copies: { '/opt/node': copies['/opt/node']!, '/project': project },
  };
  const { stdout, stderr } = await runIn(root, ['node', 'told.mjs'], { cwd: '/project' });
  expect(stderr).toBe('');
  const { services } = JSON.parse(stdout) as {
    readonly services: { readonly code: string; readonly message: string };
  };
  expect(services.code).toBe('ERR_IPVS_NOT_AVAILABLE');
  expect(services.message).toMatch(/no generic netlink, and so no IPVS.*\(EPROTONOSUPPORT\)$/);
});
