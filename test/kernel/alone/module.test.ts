import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { addNamespace, rejection, removeNamespace, run, shellEnvironment, useBed } from '../support.ts';

const bed = useBed();

const web = { protocol: 'tcp', address: '10.100.10.101', port: 80 } as const;

/** Unloads IPVS and all modules that use it, as a package's upgrade or an administrator does. */
function unload(): void {
  const loaded = run('lsmod')
    .split('\n')
    .map(line => line.split(/\s+/)[0] ?? '')
    .filter(name => name.startsWith('ip_vs_'));
  run('modprobe', '-r', ...loaded, 'ip_vs');
  expect(run('lsmod')).not.toMatch(/^ip_vs /m);
}

/** Whether IPVS could be unloaded. */
function isUnloaded(): boolean {
  try {
    unload();
    return true;
  } catch {
    return false;
  }
}

// Unloading the host's module would remove services in use there, so that these tests run on booted kernels
// alone.
const ownKernel = process.env['IPVS_BED'] !== 'host';
if (!ownKernel)
  console.warn('not unloading ip_vs of the host: the tests of module loading need a booted kernel');

describe.runIf(ownKernel)('the module ip_vs', () => {
  // The namespace of another file's traffic keeps IPVS in use until its last socket is gone.
  beforeAll(() => vi.waitUntil(isUnloaded, { timeout: 240_000, interval: 1000 }));

  test('a client outlives the module: the new family id is found, and the call repeated', async () => {
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

  test('an open client that finds the module gone has it loaded again', async () => {
    await bed.ipvs.services();
    unload();
    await bed.ipvs.addService({ ...web, scheduler: 'rr' });
    expect(await bed.ipvs.services()).toHaveLength(1);
  });

  test('a scheduler whose module was unloaded is loaded again at its next use, alone or among others', async () => {
    await bed.ipvs.flush();
    for (let round = 0; round < 3; round++) {
      await bed.ipvs.addService({ ...web, scheduler: 'rr' });
      await bed.ipvs.updateService(web, { scheduler: 'wrr' });
      run('modprobe', '-r', 'ip_vs_rr');
      await bed.ipvs.addService({ ...web, port: 81, scheduler: 'rr' });
      await bed.ipvs.flush();
      run('modprobe', '-r', 'ip_vs_rr', 'ip_vs_wrr');
      const ports = [82, 83, 84];
      const made = ports.map(port =>
        bed.ipvs.addService({ ...web, port, scheduler: port % 2 ? 'rr' : 'wrr' }),
      );
      await Promise.all(made);
      expect((await bed.ipvs.services()).map(({ port }) => port).sort()).toEqual(ports);
      await bed.ipvs.flush();
    }
  });

  /** Unloads modules whenever they are not in use, until `work` is done, which is told how often that was. */
  async function besideUnloading(
    modules: string,
    work: (unloaded: () => number) => Promise<void>,
  ): Promise<void> {
    const script = `while :; do for module in ${modules}; do rmmod $module && echo unloaded; done 2>/dev/null; sleep 0.03; done`;
    const unloading = spawn('sh', ['-c', script], {
      env: shellEnvironment(),
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    let unloaded = 0;
    unloading.stdout.on('data', (chunk: Buffer) => {
      unloaded += chunk.toString().split('\n').length - 1;
    });
    const ended = once(unloading, 'exit');
    try {
      await work(() => {
        if (unloading.exitCode !== null || unloading.signalCode !== null)
          throw new Error('what unloads modules has ended');
        return unloaded;
      });
    } finally {
      process.kill(-unloading.pid!, 'SIGKILL');
      await ended;
    }
  }

  test.each([
    ['ip_vs_rr', 30],
    ['ip_vs_rr ip_vs_wrr ip_vs', 15],
  ])(
    'beside %s unloaded again and again, no service is refused for want of its scheduler or of IPVS',
    async (modules, rounds) => {
      await bed.ipvs.flush();
      await besideUnloading(modules, async unloaded => {
        // A quick machine is done with the rounds before a module could be unloaded between two of them.
        for (let round = 0; round < rounds || unloaded() < 2; round++) {
          await bed.ipvs.addService({ ...web, scheduler: 'rr' });
          await bed.ipvs.updateService(web, { scheduler: 'wrr' });
          await bed.ipvs.removeService(web);
          if (round >= rounds) await setTimeout(50);
        }
      });
      expect(await bed.ipvs.services()).toEqual([]);
    },
  );

  test('beside ip_vs unloaded and loaded again, every list and sample is read to its end, and has no row twice', async () => {
    await bed.ipvs.flush();
    const ports = Array.from({ length: 30 }, (_, i) => 1000 + i);
    const server = { address: '10.0.0.1', port: 80 };
    const ended = new AbortController();
    const lists = { read: 0, withRows: 0 };
    const whole = (keys: readonly number[]) => {
      lists.read++;
      if (keys.length > 0) lists.withRows++;
      expect(new Set(keys).size).toBe(keys.length);
      for (const port of keys) expect(ports).toContain(port);
    };
    const reading = async () => {
      await using ipvs = bed.client();
      const sampler = ipvs.sampler();
      while (!ended.signal.aborted) {
        whole((await ipvs.services()).map(({ port }) => port!));
        whole((await ipvs.snapshot()).map(({ port }) => port!));
        whole((await sampler.read()).services.ids.map(({ port }) => port!));
      }
    };
    const readers = [reading(), reading()];
    await besideUnloading('ip_vs_rr ip_vs', async unloaded => {
      for (let round = 0; round < 5 || unloaded() < 3; round++) {
        const added = ports.flatMap(port => [
          bed.ipvs.addService({ ...web, port, scheduler: 'rr' }),
          bed.ipvs.addDestination({ ...web, port }, server),
        ]);
        await Promise.all(added);
        expect(await bed.ipvs.services()).toHaveLength(ports.length);
        await bed.ipvs.flush();
        await setTimeout(40);
      }
    });
    ended.abort();
    await Promise.all(readers);
    expect(lists.read).toBeGreaterThan(8);
    expect(lists.withRows).toBeGreaterThan(0);
  });

  // Up to 6.12 the kernel would load it while it holds IPVS' lock, for which the removal waits, and for the removal
  // the module: no call to IPVS would be answered any more (native/netlink/modules.h).
  test('the module of lblc is loaded while a namespace is removed', async () => {
    await bed.ipvs.flush();
    run('modprobe', '-r', 'ip_vs_lblc');
    const modprobe = readFileSync('/proc/sys/kernel/modprobe', 'utf8');
    const slow = join(tmpdir(), 'modprobe-slow');
    writeFileSync(slow, `#!/bin/sh\nsleep 2\nexec ${modprobe.trim()} "$@"\n`, { mode: 0o755 });
    writeFileSync('/proc/sys/kernel/modprobe', slow);
    try {
      const leaving = addNamespace();
      const adding = bed.client({ timeout: 30_000 }).addService({ ...web, scheduler: 'lblc' });
      await setTimeout(200);
      removeNamespace(leaving);
      await adding;
    } finally {
      writeFileSync('/proc/sys/kernel/modprobe', modprobe);
      rmSync(slow);
    }
    expect(await bed.ipvs.service(web)).toMatchObject({ scheduler: 'lblc' });
  });

  test('settings() has the module loaded', async () => {
    await bed.ipvs.flush();
    unload();
    await using ipvs = bed.client();
    expect(await ipvs.settings()).toMatchObject({ conntrack: false });
  });

  test('a kernel that cannot load the module is an error that says what to do', async () => {
    await bed.ipvs.flush();
    unload();
    // The kernel runs this program to load a module.
    const modprobe = readFileSync('/proc/sys/kernel/modprobe', 'utf8');
    writeFileSync('/proc/sys/kernel/modprobe', '/bin/false');
    try {
      await using ipvs = bed.client();
      const error = await rejection(ipvs.services());
      expect(error.code).toBe('ERR_IPVS_NOT_AVAILABLE');
      expect(error.message).toContain('modprobe ip_vs');
      expect((await rejection(ipvs.settings())).code).toBe('ERR_IPVS_NOT_AVAILABLE');
      // A client that knew the family must not take its absence for that of a destination.
      const server = { address: '10.0.0.1', port: 80 };
      expect((await rejection(bed.ipvs.removeDestination(web, server))).code).toBe('ERR_IPVS_NOT_AVAILABLE');
    } finally {
      writeFileSync('/proc/sys/kernel/modprobe', modprobe);
    }
    expect(await bed.ipvs.services()).toEqual([]);
  });
});
