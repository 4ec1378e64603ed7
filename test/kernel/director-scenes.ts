import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect } from 'vitest';
import { type Mode, PORT, type Stage } from './director-stage.ts';
import { addNamespace, type Bed, removeNamespace, run } from './support.ts';
import { startTraffic, type Traffic } from './traffic.ts';

/** One way in which a server fails, with servers and virtual IPs of its own: scenes run side by side. */
export interface Scene {
  readonly name: string;
  /** The virtual IPs of the director, and of keepalived. */
  readonly ours: string;
  readonly theirs: string;
  readonly forwarding: 'masquerade' | 'direct';
  /** Three servers, of which the second fails. */
  readonly hosts: readonly [string, string, string];
  readonly port: number;
  /** Where clients come from, where that is not the kernel's to choose. */
  readonly source?: string;
  /** Has the second server fail, or fare well again; when that was, in milliseconds since 1970. */
  fail(): Promise<number>;
  mend(): Promise<number>;
}

/** Lengths of the queues of connections that nobody has accepted: of the server that hangs, and what fills it. */
const [BACKLOG, ENOUGH] = [16, 64];

const frame = (number: number) => ({
  ours: `10.1.${number}.1`,
  theirs: `10.1.${number}.2`,
  hosts: [`127.0.${number}.1`, `127.0.${number}.2`, `127.0.${number}.3`] as const,
  forwarding: 'masquerade' as const,
  port: PORT,
});

/**
 * Makes the scenes that have one of these texts in their names, before the tests of a file. Call it once, at the
 * top, after useStage().
 */
export function useScenes(bed: Bed, stage: Stage, wanted: readonly string[]): readonly Scene[] {
  const made = [
    simple(stage, 'refuses connections', 1, 'closed'),
    simple(stage, 'is silent', 2, 'mute'),
    simple(stage, 'answers with 500', 3, 'errors'),
    fullBacklog(bed, stage),
    brokenVirtualIp(bed),
  ].filter(({ scene }) => wanted.some(text => scene.name.includes(text)));
  // An emulated machine takes seconds to start a process.
  beforeAll(async () => void (await Promise.all(made.map(({ begin }) => begin()))));
  afterAll(() => {
    for (const { end } of made) end();
  });
  return made.map(({ scene }) => scene);
}

/** A scene with what sets it up and removes that. */
interface Made {
  readonly scene: Scene;
  begin(): Promise<void>;
  end(): void;
}

/** A server of which the stage's program knows how it fails. */
function simple(stage: Stage, name: string, number: number, mode: Mode): Made {
  const scene = frame(number);
  const [, fallen] = scene.hosts;
  return {
    scene: {
      ...scene,
      name,
      fail: () => stage.mode(fallen, mode),
      mend: () => stage.mode(fallen, 'well'),
    },
    // The stage serves its own.
    begin: async () =>
      void (number > 1 && (await stage.traffic.tell('serve', { hosts: scene.hosts, port: PORT }))),
    end() {},
  };
}

/** A server that hangs: the kernel takes connections for it until its queue is full, and drops those after. */
function fullBacklog(bed: Bed, stage: Stage): Made {
  const scene = frame(4);
  const [first, fallen, third] = scene.hosts;
  let server: Traffic;
  const queue = () => {
    const [, length] = bed.run('ss', '-Hltn', 'src', `${fallen}:${PORT}`).trim().split(/\s+/);
    return Number(length);
  };
  const played: Scene = {
    ...scene,
    name: 'has a full backlog',
    async fail() {
      server.child.kill('SIGSTOP');
      const time = Date.now();
      await stage.traffic.tell('fill', { host: fallen, port: PORT, count: ENOUGH });
      await expect.poll(queue, { timeout: 30_000 }).toBeGreaterThan(BACKLOG);
      return time;
    },
    async mend() {
      await stage.traffic.tell('endFill');
      server.child.kill('SIGCONT');
      return Date.now();
    },
  };
  return {
    scene: played,
    async begin() {
      await stage.traffic.tell('serve', { hosts: [first, third], port: PORT });
      server = await startTraffic(bed.netns, 'director-traffic.mjs');
      await server.tell('serve', { hosts: [fallen], port: PORT, backlog: BACKLOG });
    },
    end: () => server.end(),
  };
}

/** Runs commands of `ip` in a network namespace. */
function batch(netns: string, lines: readonly string[]): void {
  execFileSync('ip', ['-n', netns, '-batch', '-'], { input: lines.join('\n') });
}

function set(netns: string, settings: readonly string[]): void {
  run('ip', 'netns', 'exec', netns, 'sysctl', '-qw', ...settings.map(one => `net.ipv4.conf.${one}`));
}

/** A server that lacks the virtual IP, to which direct routing sends packets, and is healthy by its own address. */
function brokenVirtualIp(bed: Bed): Made {
  const [ours, theirs] = ['10.1.5.1', '10.1.5.2'];
  const well = { device: 'lan1', here: '10.9.1.1', hosts: ['10.9.1.2', '10.9.1.3'] } as const;
  const failing = { device: 'lan2', here: '10.9.2.1', hosts: ['10.9.2.2'] } as const;
  const servers: { readonly netns: string; readonly traffic: Traffic }[] = [];
  let broken: string;
  const virtual = (what: 'add' | 'del', netns: string) =>
    batch(
      netns,
      [ours, theirs].map(vip => `address ${what} ${vip}/32 dev lo`),
    );

  async function serve({ device, here, hosts }: typeof well | typeof failing): Promise<string> {
    const netns = addNamespace();
    const has = (address: string) => `address add ${address}/24 dev ${device}`;
    const up = `link set ${device} up`;
    const link = `link add ${device} type veth peer name ${device} netns ${netns}`;
    batch(bed.netns, [link, has(here), up]);
    batch(netns, [...hosts.map(has), up, `route add default via ${here}`]);
    // The servers' answers come from an address that is the director's own, too.
    set(bed.netns, ['all.rp_filter=0', `${device}.rp_filter=0`, `${device}.accept_local=1`]);
    set(netns, ['all.rp_filter=0', `${device}.rp_filter=0`, 'all.arp_ignore=1', 'all.arp_announce=2']);
    virtual('add', netns);
    const traffic = await startTraffic(netns, 'director-traffic.mjs');
    servers.push({ netns, traffic });
    await traffic.tell('serve', { hosts: ['0.0.0.0'], port: 80 });
    return netns;
  }

  return {
    scene: {
      name: 'lacks the virtual IP',
      ours,
      theirs,
      forwarding: 'direct',
      hosts: [well.hosts[0], failing.hosts[0], well.hosts[1]],
      port: 80,
      source: well.here,
      async fail() {
        virtual('del', broken);
        return Date.now();
      },
      async mend() {
        virtual('add', broken);
        return Date.now();
      },
    },
    async begin() {
      const [, netns] = await Promise.all([serve(well), serve(failing)]);
      broken = netns;
    },
    end() {
      for (const { netns, traffic } of servers) {
        traffic.end();
        removeNamespace(netns);
      }
    },
  };
}

/** Which servers take connections, by virtual IPs, and since when. */
export interface Presence {
  /**
   * Waits until a server is in, or out, and tells since when, in milliseconds since 1970; Infinity: it was not so
   * within a minute.
   */
  since(vip: string, host: string, isIn: boolean): Promise<number>;
  isIn(vip: string, host: string): boolean;
  /** The longest time since a moment for which this process could not look, in milliseconds. */
  gap(since: number): number;
  end(): Promise<void>;
}

/** Looks at the table all the time. */
export function watchPresence(bed: Bed): Presence {
  const known = new Map<string, { readonly isIn: boolean; readonly time: number }>();
  const keyOf = (vip: string, host: string) => `${vip} ${host}`;
  const looks: number[] = [];
  let isOver = false;
  const look = async () => {
    const table = await bed.ipvs.snapshot();
    const time = Date.now();
    looks.push(time);
    const present = new Set<string>();
    for (const service of table) {
      const { address: vip } = service;
      if (vip === undefined) continue;
      for (const { address, weight = 0 } of service.destinations) {
        if (weight > 0) present.add(keyOf(vip, address));
      }
    }
    for (const key of new Set([...present, ...known.keys()])) {
      const isIn = present.has(key);
      if (known.get(key)?.isIn !== isIn) known.set(key, { isIn, time });
    }
  };
  const looking = (async () => {
    for (; !isOver; await sleep(40)) await look();
  })();
  looking.catch(() => {}); // end() tells
  return {
    async since(vip, host, isIn) {
      for (const begun = Date.now(); Date.now() - begun < 60_000; await sleep(10)) {
        const found = known.get(keyOf(vip, host));
        if (found?.isIn === isIn) return found.time;
      }
      return Number.POSITIVE_INFINITY;
    },
    isIn: (vip, host) => known.get(keyOf(vip, host))?.isIn === true,
    gap: since => Math.max(...looks.map((time, i) => (time < since ? 0 : time - (looks[i - 1] ?? time)))),
    async end() {
      isOver = true;
      await looking;
    },
  };
}
