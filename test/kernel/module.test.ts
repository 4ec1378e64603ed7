import { expect, test } from 'vitest';
import { run, useBed } from './support.ts';

const bed = useBed();

const web = { protocol: 'tcp', address: '10.100.10.101', port: 80 } as const;

/** Unloads IPVS with all that hangs on it: as after a package's upgrade, or by hand. */
function unload(): void {
  const loaded = run('lsmod')
    .split('\n')
    .map(line => line.split(/\s+/)[0] ?? '')
    .filter(name => name.startsWith('ip_vs_'));
  run('modprobe', '-r', ...loaded, 'ip_vs');
  expect(run('lsmod')).not.toMatch(/^ip_vs /m);
}

test('a client outlives the module: the new one’s family id is found, and the call repeated', async () => {
  await bed.ipvs.addService({ ...web, scheduler: 'rr' });
  await bed.ipvs.flush();
  unload();
  run('modprobe', 'ip_vs');
  expect(await bed.ipvs.services()).toEqual([]);
  unload();
  run('modprobe', 'ip_vs');
  await bed.ipvs.addService({ ...web, scheduler: 'rr' });
  expect(await bed.ipvs.service(web)).toMatchObject(web);
  await bed.ipvs.flush();
  unload();
  run('modprobe', 'ip_vs');
  expect(await bed.ipvs.service(web)).toBeUndefined();
});

test('the kernel loads the module when it is first asked', async () => {
  await bed.ipvs.flush();
  unload();
  await using ipvs = bed.client();
  expect(await ipvs.services()).toEqual([]);
  expect(run('lsmod')).toMatch(/^ip_vs /m);
});

test('an open client finds the module gone, and gets it back', async () => {
  await bed.ipvs.services();
  unload();
  await bed.ipvs.addService({ ...web, scheduler: 'rr' });
  expect(await bed.ipvs.services()).toHaveLength(1);
});

test('settings, too, load it', async () => {
  await bed.ipvs.flush();
  unload();
  await using ipvs = bed.client();
  expect(await ipvs.settings()).toMatchObject({ conntrack: false });
});
