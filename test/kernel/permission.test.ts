import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { install } from '../support/install.ts';
import { useBed } from './support.ts';

const bed = useBed();

const program = fileURLToPath(new URL('programs/unprivileged.mjs', import.meta.url));

const installation = install();
afterAll(() => installation.remove());

const denied = {
  services: 'ERR_IPVS_PERMISSION',
  service: 'ERR_IPVS_PERMISSION',
  addService: 'ERR_IPVS_PERMISSION',
  flush: 'ERR_IPVS_PERMISSION',
  info: 'ERR_IPVS_PERMISSION',
  daemons: 'ERR_IPVS_PERMISSION',
  setSettings: 'ERR_IPVS_PERMISSION',
};

test('a process without CAP_NET_ADMIN may read files, and nothing over netlink', () => {
  const output = bed.run(
    'setpriv',
    '--reuid=65534',
    '--regid=65534',
    '--clear-groups',
    installation.node,
    installation.add(program),
  );
  expect(JSON.parse(output)).toEqual({
    ...denied,
    settings: 'resolved',
    totals: 'resolved',
    connections: 'resolved',
  });
});

test('CAP_NET_ADMIN in a user namespace alone, as a rootless container has it, is of no use', () => {
  const output = bed.run('unshare', '--user', '--map-root-user', process.execPath, program);
  // Settings are files, for which the owner's permission is enough.
  const { setSettings, ...netlink } = denied;
  expect(setSettings).toBeDefined();
  expect(JSON.parse(output)).toMatchObject(netlink);
});

const told = `import { Ipvs } from 'ipvs';
  const ipvs = new Ipvs();
  const calls = { services: ipvs.services(), settings: ipvs.settings(), totals: ipvs.totals() };
  const told = {};
  for (const [name, call] of Object.entries(calls))
    told[name] = await call.then(() => 'resolved', ({ code, message }) => code + ': ' + message);
  console.log(JSON.stringify(told));`;

/** What calls come to in a process that is started through other programs. */
function toldThrough(first: string, ...through: readonly string[]): Readonly<Record<string, string>> {
  const script = 'cd "$0" && exec "$@"';
  const node = [installation.node, '--input-type=module', '-e', told];
  return JSON.parse(bed.run(first, ...through, 'sh', '-c', script, installation.folder, ...node)) as Readonly<
    Record<string, string>
  >;
}

test('root without CAP_NET_ADMIN, as in a container, is told how a container gets it', () => {
  const { services, settings } = toldThrough('setpriv', '--bounding-set=-net_admin', '--inh-caps=-net_admin');
  expect(services).toMatch(
    /^ERR_IPVS_PERMISSION: GET_SERVICE needs CAP_NET_ADMIN in the initial user namespace, .*--cap-add=NET_ADMIN/,
  );
  expect(settings).toBe('resolved');
});

test('calls over netlink work without /proc, and those that read there ask to mount it', () => {
  const { services, settings, totals } = toldThrough(
    'unshare',
    '--mount',
    'sh',
    '-c',
    // Over it, not taken away: below may lie the /proc of the machine that the bed runs on.
    'mount -t tmpfs none /proc && exec "$@"',
    'sh',
  );
  expect(services).toBe('resolved');
  for (const message of [settings, totals]) expect(message).toMatch(/^ERR_IPVS_FILE: .*; mount \/proc/);
});
