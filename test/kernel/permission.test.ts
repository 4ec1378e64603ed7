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
