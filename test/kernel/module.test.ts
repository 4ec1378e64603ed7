import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { rejection, run, useBed } from './support.ts';

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

// Unloading the module of a machine that is in use would take its services along. Said aloud, and never so on
// a booted kernel.
const ownKernel = process.env['IPVS_BED'] !== 'host';
if (!ownKernel)
  console.warn('not unloading ip_vs of the host: the tests of module loading need a booted kernel');

describe.runIf(ownKernel)('the module ip_vs', () => {
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

  test('a kernel that cannot have it says so, and what to do', async () => {
    await bed.ipvs.flush();
    unload();
    // The program that the kernel runs to load a module.
    const modprobe = readFileSync('/proc/sys/kernel/modprobe', 'utf8');
    writeFileSync('/proc/sys/kernel/modprobe', '/bin/false');
    try {
      await using ipvs = bed.client();
      const error = await rejection(ipvs.services());
      expect(error.code).toBe('ERR_IPVS_NOT_AVAILABLE');
      expect(error.message).toContain('modprobe ip_vs');
      expect((await rejection(ipvs.settings())).code).toBe('ERR_IPVS_NOT_AVAILABLE');
      // Nor does a client that had it take a family that is gone for a destination that is.
      const server = { address: '10.0.0.1', port: 80 };
      expect((await rejection(bed.ipvs.removeDestination(web, server))).code).toBe('ERR_IPVS_NOT_AVAILABLE');
    } finally {
      writeFileSync('/proc/sys/kernel/modprobe', modprobe);
    }
    expect(await bed.ipvs.services()).toEqual([]);
  });
});
