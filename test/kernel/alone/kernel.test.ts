import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { addNamespace, type Rejection, rejection, removeNamespace, run, useBed } from '../support.ts';

const bed = useBed();

const web = { protocol: 'tcp', address: '10.100.10.101', port: 80 } as const;

describe('timeouts', () => {
  test('timeouts() returns the kernel’s defaults at first', async () => {
    expect(await bed.ipvs.timeouts()).toEqual({ tcp: 900, tcpFin: 120, udp: 300 });
  });

  test('setTimeouts() keeps a timeout that is not named', async () => {
    await bed.ipvs.setTimeouts({ udp: 77 });
    expect(await bed.ipvs.timeouts()).toEqual({ tcp: 900, tcpFin: 120, udp: 77 });
    await bed.ipvs.setTimeouts({ tcp: 1, tcpFin: 8_000_000 });
    expect(await bed.ipvs.timeouts()).toEqual({ tcp: 1, tcpFin: 8_000_000, udp: 77 });
    await bed.ipvs.setTimeouts(await bed.ipvs.timeouts());
  });

  test('a timeout that this kernel cannot count is refused with the reason', async () => {
    const error = await rejection(bed.ipvs.setTimeouts({ udp: 21_474_836 })); // HZ is 250
    expect(error).toMatchObject({ code: 'ERR_IPVS_SETTING_REFUSED', errno: -22, command: 'SET_CONFIG' });
    expect(error.message).toContain('8589934 seconds at most');
  });

  test('setTimeouts() that names no timeout changes none', async () => {
    await bed.ipvs.setTimeouts({});
    expect(await bed.ipvs.timeouts()).toEqual({ tcp: 1, tcpFin: 8_000_000, udp: 77 });
  });
});

describe('schedulers', () => {
  const debian = ['rr', 'wrr', 'lc', 'wlc', 'fo', 'ovf', 'lblc', 'lblcr', 'dh', 'sh', 'mh', 'sed', 'nq'];
  const loaded = () =>
    readFileSync('/proc/modules', 'utf8')
      .split('\n')
      .flatMap(line => /^ip_vs_(?!ftp|pe_)(\w+)/.exec(line)?.[1] ?? [])
      .sort();

  test('schedulers() tells present ones from loadable ones, and loads none', async () => {
    await bed.ipvs.addService({ ...web, scheduler: 'rr' });
    await bed.ipvs.removeService(web);
    const before = loaded();
    const schedulers = await bed.ipvs.schedulers();
    expect(loaded()).toEqual(before);
    const named = (state: string) => schedulers.filter(each => each.state === state).map(({ name }) => name);
    expect(named('present').sort()).toEqual(before);
    expect([...named('present'), ...named('loadable')]).toEqual(expect.arrayContaining(debian));
    expect(schedulers).toHaveLength(named('present').length + named('loadable').length);
  });

  test('services can be added with the schedulers that schedulers() names, and with no others', async () => {
    const names = (await bed.ipvs.schedulers()).map(({ name }) => name);
    for (const scheduler of [...debian, 'twos', 'ftp', 'none-such']) {
      const outcome = await bed.ipvs.addService({ ...web, scheduler }).then(
        () => bed.ipvs.removeService(web),
        (error: Rejection) => error.code,
      );
      expect(outcome, scheduler).toBe(names.includes(scheduler) ? undefined : 'ERR_IPVS_SCHEDULER_NOT_FOUND');
    }
  });

  test('hasScheduler() has the kernel load the module, and leaves no trace in the table', async () => {
    expect(await bed.ipvs.hasScheduler('mh')).toBe(true);
    expect(loaded()).toContain('mh');
    expect(await bed.ipvs.hasScheduler('none-such')).toBe(false);
    expect(await bed.ipvs.hasScheduler('none')).toBe(true);
    expect(await bed.ipvs.services()).toEqual([]);
    expect((await rejection(bed.ipvs.hasScheduler('a name'))).message).toMatch(/^scheduler /);
  });

  test('schedulers() and hasScheduler() finish when called before close(), and reject after it', async () => {
    const ipvs = bed.client();
    const asked = [ipvs.schedulers(), ipvs.hasScheduler('rr')] as const;
    const closed = ipvs.close();
    expect((await asked[0]).map(({ name }) => name)).toEqual(expect.arrayContaining(debian));
    expect(await asked[1]).toBe(true);
    await closed;
    expect((await rejection(ipvs.schedulers())).code).toBe('ERR_IPVS_CLOSED');
    expect((await rejection(ipvs.hasScheduler('rr'))).code).toBe('ERR_IPVS_CLOSED');
  });

  test('an engine that is missing is told from a scheduler even when close() follows the call', async () => {
    const ipvs = bed.client();
    const engine = 'none-such';
    const missing = rejection(ipvs.addService({ ...web, scheduler: 'rr', persistence: { engine } }));
    await ipvs.close();
    expect((await missing).code).toBe('ERR_IPVS_ENGINE_NOT_FOUND');
  });

  test('hasScheduler() in a namespace that does not exist names the namespace', async () => {
    const error = await rejection(bed.client({ netns: 'no-such-one' }).hasScheduler('rr'));
    expect(error.message).toContain('no-such-one');
  });

  test('hasScheduler() is right even where the mark it asks with is in use', async () => {
    const mark = { fwmark: 0xffff_ffff, family: 'ipv6' } as const;
    await bed.ipvs.addService({ ...mark, scheduler: 'rr' });
    expect(await bed.ipvs.hasScheduler('rr')).toBe(true);
    expect(await bed.ipvs.hasScheduler('none-such')).toBe(false);
    expect(await bed.ipvs.services()).toHaveLength(1);
    await bed.ipvs.removeService(mark);
  });
});

describe('sync daemons', () => {
  test('no sync daemon runs at first', async () => {
    expect(await bed.ipvs.daemons()).toEqual([]);
  });

  test('a daemon that is stopped before the kernel ran its thread is known to be stopped', async () => {
    const busy = Array.from({ length: 6 }, () => spawn('sh', ['-c', 'while :; do :; done']));
    try {
      for (let i = 0; i < 5; i++) {
        await bed.ipvs.startDaemon({ role: 'backup', interface: 'lo', syncId: 7 });
        await bed.ipvs.stopDaemon('backup');
      }
    } finally {
      for (const program of busy) program.kill();
    }
    expect(await bed.ipvs.daemons()).toEqual([]);
  });

  test('a master and a backup daemon run at the same time, with defaults or with every option', async () => {
    bed.run('ip', 'link', 'add', 'sync0', 'type', 'dummy');
    bed.run('ip', 'addr', 'add', '192.168.77.1/24', 'dev', 'sync0');
    bed.run('ip', 'link', 'set', 'sync0', 'up');
    await bed.ipvs.startDaemon({ role: 'master', interface: 'sync0' });
    const backup = {
      role: 'backup',
      interface: 'sync0',
      syncId: 255,
      maxLength: 1400,
      group: '224.0.0.99',
      port: 9000,
      ttl: 7,
    } as const;
    await bed.ipvs.startDaemon(backup);
    const daemons = await bed.ipvs.daemons();
    expect(daemons).toHaveLength(2);
    expect(daemons).toContainEqual({
      role: 'master',
      interface: 'sync0',
      syncId: 0,
      maxLength: 1472, // the MTU of 1500 without 28 bytes of headers
      group: '224.0.0.81',
      port: 8848,
      ttl: 1,
    });
    expect(daemons).toContainEqual(backup);
  });

  test('a second master daemon is refused while one runs', async () => {
    const error = await rejection(bed.ipvs.startDaemon({ role: 'master', interface: 'sync0' }));
    expect(error).toMatchObject({
      code: 'ERR_IPVS_DAEMON_EXISTS',
      message: 'the master sync daemon runs already; stop it first to change it (EEXIST)',
    });
  });

  test('a destination of another family is refused while sync daemons run', async () => {
    await bed.ipvs.addService(web);
    const crossed = { address: 'fd00::1', port: 80, forwarding: 'tunnel' } as const;
    const error = await rejection(bed.ipvs.addDestination(web, crossed));
    expect(error.code).toBe('ERR_IPVS_DESTINATION_REFUSED');
    expect(error.message).toContain('sync daemon');
  });

  test('stopDaemon() stops one daemon and leaves the other, and fails where none runs', async () => {
    await bed.ipvs.stopDaemon('master');
    expect(await bed.ipvs.daemons()).toMatchObject([{ role: 'backup' }]);
    await bed.ipvs.stopDaemon('backup');
    expect(await bed.ipvs.daemons()).toEqual([]);
    expect((await rejection(bed.ipvs.stopDaemon('master'))).code).toBe('ERR_IPVS_DAEMON_NOT_FOUND');
  });

  test('a sync daemon is refused while a destination of another family is there', async () => {
    await bed.ipvs.addDestination(web, { address: 'fd00::1', port: 80, forwarding: 'tunnel' });
    const error = await rejection(bed.ipvs.startDaemon({ role: 'master', interface: 'sync0' }));
    expect(error.code).toBe('ERR_IPVS_DAEMON_REFUSED');
    await bed.ipvs.flush();
  });

  test('a sync daemon takes an IPv6 group', async () => {
    await bed.ipvs.startDaemon({ role: 'backup', interface: 'sync0', group: 'ff02::1:9' });
    expect(await bed.ipvs.daemons()).toMatchObject([{ role: 'backup', group: 'ff02::1:9' }]);
    await bed.ipvs.stopDaemon('backup');
  });

  test('a sync daemon keeps an id for which messages have no room', async () => {
    for (const syncId of [256, 0xffff_ffff]) {
      await bed.ipvs.startDaemon({ role: 'backup', interface: 'sync0', syncId });
      expect(await bed.ipvs.daemons()).toMatchObject([{ role: 'backup', syncId }]);
      await bed.ipvs.stopDaemon('backup');
    }
  });

  test('a sync daemon is refused on an interface that is absent or down', async () => {
    const absent = await rejection(bed.ipvs.startDaemon({ role: 'master', interface: 'nosuch0' }));
    expect(absent).toMatchObject({ code: 'ERR_IPVS_INTERFACE_NOT_FOUND' });
    expect(absent.message).toContain("no interface 'nosuch0'");
    bed.run('ip', 'link', 'add', 'down0', 'type', 'dummy');
    const down = await rejection(bed.ipvs.startDaemon({ role: 'master', interface: 'down0' }));
    expect(down.code).toBe('ERR_IPVS_DAEMON_REFUSED');
    expect(down.message).toContain('is the interface up?');
  });
});

describe('settings', () => {
  test('settings() returns the kernel’s settings, typed', async () => {
    const settings = await bed.ipvs.settings();
    expect(settings).toMatchObject({
      conntrack: false,
      connReuseMode: 1,
      syncThreshold: { threshold: 3, period: 50 },
      syncPorts: 1,
      amemthresh: 1024,
    });
    const files = bed.run('ls', '/proc/sys/net/ipv4/vs').trim().split('\n');
    expect(Object.keys(settings)).toHaveLength(files.length);
  });

  test('setSettings() sets those of the client’s namespace and no other', async () => {
    const file = '/proc/sys/net/ipv4/vs/expire_nodest_conn';
    const outside = readFileSync(file, 'utf8');
    await bed.ipvs.setSettings({
      expireNodestConn: true,
      syncThreshold: { threshold: 1, period: 10 },
      dropEntry: 3,
      syncPorts: 4,
    });
    expect(await bed.ipvs.settings()).toMatchObject({
      expireNodestConn: true,
      syncThreshold: { threshold: 1, period: 10 },
      dropEntry: 3,
      syncPorts: 4,
    });
    expect(bed.run('cat', file)).toBe('1\n');
    expect(readFileSync(file, 'utf8')).toBe(outside);
  });

  test('setSettings() takes both ends of each setting’s range', async () => {
    const before = await bed.ipvs.settings();
    const ends = {
      secureTcp: [3, 0],
      dropEntry: [3, 0],
      dropPacket: [3, 0],
      syncVersion: [0, 1],
      syncPorts: [64, 1],
      syncRetries: [3, 0],
      estNice: [-20, 19],
      connLfactor: [-8, 8],
      svcLfactor: [-8, 8],
    } as const;
    for (const end of [0, 1]) {
      const settings = Object.fromEntries(
        Object.entries(ends).flatMap(([name, values]) => (name in before ? [[name, values[end]]] : [])),
      );
      await bed.ipvs.setSettings(settings);
      expect(await bed.ipvs.settings()).toMatchObject(settings);
    }
    await bed.ipvs.setSettings(before);
  });

  test('setSettings() sets nothing where the kernel refuses one of the values', async () => {
    await bed.ipvs.hasScheduler('lblc'); // loads lblc: the kernel keeps its expiration in clock ticks
    const before = await bed.ipvs.settings();
    const settings = { conntrack: !before.conntrack, lblcExpiration: 2 ** 31 - 1 };
    const error = await rejection(bed.ipvs.setSettings(settings));
    expect(error.code).toBe('ERR_IPVS_SETTING_REFUSED');
    expect(error.message).toContain('lblc_expiration');
    expect(await bed.ipvs.settings()).toEqual(before);
  });

  test('setSettings() takes a sync threshold without a period', async () => {
    await bed.ipvs.setSettings({ syncThreshold: { threshold: 5, period: 0 } });
    const { syncThreshold } = await bed.ipvs.settings();
    expect(syncThreshold).toEqual({ threshold: 5, period: 0 });
    await bed.ipvs.setSettings({ syncThreshold });
  });

  test('setSettings() takes what settings() returned', async () => {
    const before = await bed.ipvs.settings();
    await bed.ipvs.setSettings(before);
    expect(await bed.ipvs.settings()).toEqual(before);
  });

  test('setSettings() sets nothing where the kernel lacks one of the settings', async () => {
    const error = await rejection(bed.ipvs.setSettings({ cacheBypass: true, debugLevel: 3 }));
    expect(error).toMatchObject({
      code: 'ERR_IPVS_SETTING_NOT_FOUND',
      message: 'this kernel has no setting net.ipv4.vs.debug_level (ENOENT)',
    });
    expect(await bed.ipvs.settings()).toMatchObject({ cacheBypass: false });
  });
});

describe('namespaces', () => {
  test('a client takes a file that becomes a namespace, as `ip netns add` makes it', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'ipvs-netns-')), 'lb');
    writeFileSync(file, '');
    const ipvs = bed.client({ netns: file });
    expect((await rejection(ipvs.services())).code).toBe('ERR_IPVS_NAMESPACE_FAILED');
    run('mount', '--bind', `/run/netns/${bed.netns}`, file);
    try {
      expect(await ipvs.services()).toEqual(await bed.ipvs.services());
    } finally {
      await ipvs.close();
      run('umount', file);
      rmSync(dirname(file), { recursive: true });
    }
  });

  test('a client opens a namespace by name, path, descriptor or process', async () => {
    await bed.ipvs.addService({ ...web, scheduler: 'rr' });
    const path = `/run/netns/${bed.netns}`;
    const { openSync, closeSync } = await import('node:fs');
    const { spawn } = await import('node:child_process');
    const fd = openSync(path, 'r');
    const inside = spawn('ip', ['netns', 'exec', bed.netns, 'sleep', '30'], { stdio: 'ignore' });
    try {
      // `ip` is in the namespace once it has become `sleep`.
      await expect
        .poll(() => readFileSync(`/proc/${inside.pid}/comm`, 'utf8').trim(), { timeout: 10_000 })
        .toBe('sleep');
      for (const netns of [bed.netns, path, fd, { pid: inside.pid! }]) {
        const ipvs = bed.client({ netns });
        if (netns === fd) closeSync(fd); // the client has a descriptor of its own
        expect(await ipvs.services()).toMatchObject([web]);
      }
    } finally {
      inside.kill();
    }
    await bed.ipvs.flush();
  });

  test('a namespace that is absent, or a file that is none, is an error', async () => {
    const absent = await rejection(bed.client({ netns: 'ipvs-no-such' }).services());
    expect(absent).toMatchObject({ code: 'ERR_IPVS_NAMESPACE_NOT_FOUND', errno: -2 });
    expect(absent.message).toContain('ipvs-no-such');
    const file = await rejection(bed.client({ netns: '/etc/passwd' }).services());
    expect(file).toMatchObject({ code: 'ERR_IPVS_NAMESPACE_FAILED' });
    expect((await rejection(bed.client({ netns: 'ipvs-no-such' }).settings())).code).toBe(
      'ERR_IPVS_NAMESPACE_NOT_FOUND',
    );
  });

  test('a client keeps its namespace when its name goes, and one of that name again is another', async () => {
    const name = addNamespace();
    const ipvs = bed.client({ netns: name });
    await ipvs.addService({ ...web, scheduler: 'rr' });
    const inode = statSync(`/run/netns/${name}`).ino;
    run('ip', 'netns', 'del', name);
    expect(await ipvs.services()).toMatchObject([web]);
    await ipvs.apply([{ ...web, scheduler: 'wlc', destinations: [{ address: '127.0.0.2', port: 80 }] }], {
      owner: 'a-test',
      force: true,
    });
    expect(await ipvs.snapshot()).toMatchObject([{ scheduler: 'wlc', destinations: [{ port: 80 }] }]);
    expect((await ipvs.settings()).expireNodestConn).toBe(false);
    expect((await ipvs.totals()).connections).toBe(0);
    for await (const connection of ipvs.connections()) expect.fail(`a connection ${connection.client}`);
    const rejected = await rejection(bed.client({ netns: name }).services());
    expect(rejected.code).toBe('ERR_IPVS_NAMESPACE_NOT_FOUND');
    run('ip', 'netns', 'add', name);
    try {
      expect(statSync(`/run/netns/${name}`).ino).not.toBe(inode);
      expect(await bed.client({ netns: name }).services()).toEqual([]);
      expect(await ipvs.services()).toMatchObject([web]);
      await ipvs.apply([], { owner: 'a-test', force: true });
      expect(await ipvs.services()).toEqual([]);
      await ipvs.close();
    } finally {
      removeNamespace(name);
    }
  });

  test('no thread of this process stays in another namespace', async () => {
    const { readdirSync, readlinkSync } = await import('node:fs');
    await Promise.all([bed.ipvs.services(), bed.ipvs.settings(), bed.ipvs.totals()]);
    const own = readlinkSync('/proc/self/ns/net');
    const threads = readdirSync('/proc/self/task').map(id => readlinkSync(`/proc/self/task/${id}/ns/net`));
    expect(new Set(threads)).toEqual(new Set([own]));
  });
});
