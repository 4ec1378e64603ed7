import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import {
  type DirectedService,
  Director,
  type DirectorEvent,
  type DirectorOptions,
  type NamedCheck,
  type Revision,
} from '../../lib/director/index.ts';
import { recordsOf, rejection, useBed } from './support.ts';

const bed = useBed();

const web = { protocol: 'tcp', address: '10.1.0.1', port: 80 } as const;
const at = (host: number, port = 80) => ({ address: `127.0.1.${host}`, port });

/** Servers that fail their checks, by the last number of their addresses. */
const failing = new Set<number>();
let checks = 0;

const check: NamedCheck = {
  name: 'told',
  key: 'told',
  async check({ address }) {
    checks++;
    if (failing.has(Number(address.split('.')[3]))) throw new Error('a test says so');
  },
};

const policy = { interval: 30, fasterInterval: 10, timeout: 5000, rise: 2, fall: 2, jitter: 0 };

function service(hosts: readonly number[], rest: Partial<DirectedService> = {}): DirectedService {
  const destinations = hosts.map(host => ({ ...at(host), weight: 10 }));
  return { ...web, scheduler: 'wrr', destinations, ...rest } as DirectedService;
}

const directors: Director[] = [];
const events: DirectorEvent[] = [];

/** Makes a director whose events are kept. */
function make(options: Omit<DirectorOptions, 'ipvs'>): Director {
  const director = new Director({
    ipvs: bed.ipvs,
    checks: [check],
    defaults: { policy },
    drain: { idleFor: 0, poll: 20 },
    driftInterval: 100,
    suspicion: false,
    ...options,
  });
  directors.push(director);
  (async () => {
    for await (const event of director.events()) events.push(event);
  })();
  return director;
}

/** Makes a director and starts it. */
async function start(options: Omit<DirectorOptions, 'ipvs'>): Promise<Director> {
  const director = make(options);
  await director.start();
  return director;
}

afterEach(async () => {
  await Promise.all(directors.splice(0).map(director => director.close()));
  await bed.ipvs.flush();
  rmSync(recordsOf(bed.netns), { recursive: true, force: true });
  failing.clear();
  events.length = 0;
});

/** For what follows what is seen in the kernel, on an emulated machine. */
const patience = { timeout: 30_000 };

/** The records of a kind. */
function recorded(kind: 'drains' | 'directors'): readonly string[] {
  const folder = join(recordsOf(bed.netns), kind);
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** The weights in the kernel by the last number of addresses; nothing where there is no service. */
async function weights(id: DirectedService | typeof web = web): Promise<Readonly<Record<string, number>>> {
  const [entry] = (await bed.ipvs.snapshot()).filter(({ port }) => port === id.port);
  const rows = (entry?.destinations ?? []).map(({ address, weight }) => [address.split('.')[3]!, weight]);
  return Object.fromEntries(rows);
}

/** Waits until the weights in the kernel are these. */
async function reach(
  wanted: Readonly<Record<string, number>>,
  id: DirectedService | typeof web = web,
): Promise<void> {
  const text = JSON.stringify(wanted);
  for (let i = 0; i < 500; i++) {
    if (JSON.stringify(await weights(id)) === text) return;
    await sleep(10);
  }
  expect(await weights(id)).toEqual(wanted);
}

const told = (type: DirectorEvent['type']) => events.filter(event => event.type === type);

describe('health', () => {
  test('a director takes a failing server out, has it back when it recovers, and tells both', async () => {
    const director = await start({ desired: [service([1, 2, 3])] });
    await reach({ 1: 10, 2: 10, 3: 10 });
    failing.add(2);
    await reach({ 1: 10, 2: 0, 3: 10 });
    const [state] = director.state().services;
    expect(state).toMatchObject({ isUp: true, tier: 0, isPanicking: false });
    expect(state?.destinations[1]).toMatchObject({
      weight: 0,
      configured: 10,
      reason: 'down',
      health: 'down',
      isPresent: true,
      checks: [{ name: 'told', health: { state: 'down', reason: 'a test says so' } }],
    });
    failing.clear();
    await reach({ 1: 10, 2: 10, 3: 10 });
    const changes = told('weight').filter(
      event => 'destination' in event && event.destination.address === '127.0.1.2',
    );
    expect(changes).toMatchObject([
      { from: 0, to: 10, reason: 'up' },
      { from: 10, to: 0, reason: 'down' },
      { from: 0, to: 10, reason: 'up' },
    ]);
    expect(director.statistics).toMatchObject({ applies: { failed: 0 }, drift: 0, panic: 0 });
    expect(director.state()).toMatchObject({ phase: 'running', isConverged: true, problems: [] });
  });

  test('half of a service stays in when all of its servers fail, and the event panic names them', async () => {
    const director = await start({ desired: [service([1, 2])] });
    await reach({ 1: 10, 2: 10 });
    failing.add(1);
    await reach({ 1: 0, 2: 10 });
    failing.add(2);
    while (told('panic').length === 0) await sleep(10);
    expect(told('panic')).toMatchObject([{ kept: [at(2)] }]);
    expect(await weights()).toEqual({ 1: 0, 2: 10 });
    expect(director.statistics.panic).toBe(1);
    failing.clear();
    await reach({ 1: 10, 2: 10 });
    expect(told('panic').at(-1)).toMatchObject({ kept: [] });
  });

  test('a spare takes over from failed servers, and is put aside when one is back', async () => {
    const destinations = [
      { ...at(1), weight: 10 },
      { ...at(9), weight: 1, tier: 1, checks: [] },
    ];
    await start({ desired: [service([], { destinations })] });
    await reach({ 1: 10, 9: 0 });
    failing.add(1);
    await reach({ 1: 0, 9: 1 });
    failing.clear();
    await reach({ 1: 10, 9: 0 });
    expect(told('service').map(event => 'tier' in event && event.tier)).toContain(1);
  });

  test('a failed server of a hashing scheduler without fallback is removed, and comes back', async () => {
    await start({ desired: [service([1, 2], { scheduler: 'mh' })] });
    await reach({ 1: 10, 2: 10 });
    failing.add(2);
    await reach({ 1: 10 });
    failing.clear();
    await reach({ 1: 10, 2: 10 });
  });
});

describe('the start of a director', () => {
  test('a director that starts over changes nothing: weights stay until a check says otherwise', async () => {
    failing.add(3);
    const first = await start({ desired: [service([1, 2, 3])] });
    await reach({ 1: 10, 2: 10, 3: 0 });
    await first.close();
    expect(await weights()).toEqual({ 1: 10, 2: 10, 3: 0 });
    failing.clear();
    events.length = 0;
    const slow = { ...policy, jitter: 1, interval: 60_000, fasterInterval: 60_000 };
    const second = await start({ desired: [service([1, 2, 3], { policy: slow })], random: () => 0.9 });
    expect(await weights()).toEqual({ 1: 10, 2: 10, 3: 0 });
    expect(told('applied')).toEqual([]);
    expect(second.state().services[0]?.destinations.map(({ reason }) => reason)).toEqual([
      'up',
      'up',
      'unchecked',
    ]);
  });

  test('a director that starts over drains on what is not desired any more', async () => {
    const first = await start({ desired: [service([1, 2, 3], { checks: [] })] });
    await first.close();
    await start({ desired: [service([1, 2], { checks: [] })] });
    await reach({ 1: 10, 2: 10 });
    expect(told('drained')).toMatchObject([{ destination: at(3), isIdle: true, connections: 0 }]);
  });

  test('a director takes over services that another program made', async () => {
    bed.run('ipvsadm', '-A', '-t', '10.1.0.1:80', '-s', 'wrr');
    bed.run('ipvsadm', '-a', '-t', '10.1.0.1:80', '-r', '127.0.1.1:80', '-w', '4');
    failing.add(1);
    await start({ desired: [service([1, 2], { maxUnhealthy: 1 })] });
    await reach({ 1: 0, 2: 10 });
    expect(told('weight')).toContainEqual(expect.objectContaining({ from: 4, to: 0, destination: at(1) }));
  });

  test('what operators say holds over restarts until it is taken back', async () => {
    const desired = [service([1, 2], { checks: [] })];
    const first = await start({ desired });
    await first.admin(web, at(1), 'maintenance');
    await first.setWeight(web, at(2), 3);
    await reach({ 1: 0, 2: 3 });
    await first.close();
    const second = await start({ desired });
    expect(await weights()).toEqual({ 1: 0, 2: 3 });
    expect(second.state().services[0]?.destinations).toMatchObject([
      { reason: 'maintenance', admin: 'maintenance' },
      { reason: 'up', override: 3 },
    ]);
    expect(await second.adminAddress('127.0.1.1', undefined)).toEqual([{ service: web, destination: at(1) }]);
    await second.setWeight(web, at(2), undefined);
    await reach({ 1: 10, 2: 10 });
    expect(await second.adminAddress('127.9.9.9', 'drain')).toEqual([]);
  });

  test('a server in maintenance is not checked, and its checks begin anew afterwards', async () => {
    const director = await start({ desired: [service([1])] });
    await reach({ 1: 10 });
    await director.admin(web, at(1), 'maintenance');
    await reach({ 1: 0 });
    const before = checks;
    await sleep(100);
    expect(checks).toBeLessThanOrEqual(before + 1);
    failing.add(1);
    await director.admin(web, at(1), undefined);
    // It fails, and stays in all the same: it is the only one.
    await reach({ 1: 10 });
    expect(director.state().services[0]).toMatchObject({ isPanicking: true });
    failing.clear();
    await reach({ 1: 10 });
  });
});

describe('desired states', () => {
  test('a desired state that is wrong, removes too much or is empty is refused, and the last one stays', async () => {
    const director = await start({ desired: [service([1, 2, 3, 4], { checks: [] })] });
    const all = { 1: 10, 2: 10, 3: 10, 4: 10 };
    const wrong = await rejection(director.update([service([1], { quorum: -1 })]));
    expect(wrong).toMatchObject({ code: 'ERR_IPVS_DESIRED' });
    expect(await rejection(director.update([service([1], { checks: [] })]))).toMatchObject({
      code: 'ERR_IPVS_LIMIT',
    });
    expect(await rejection(director.update([]))).toMatchObject({ code: 'ERR_IPVS_LIMIT' });
    await sleep(50);
    expect(await weights()).toEqual(all);
    expect(director.state().problems).toMatchObject([{ code: 'desired' }]);
    expect(told('refused')).toHaveLength(3);
    await director.update([service([2], { checks: [] })], { force: true, revision: 'forced' });
    await reach({ 2: 10 });
    expect(director.state()).toMatchObject({ revision: 'forced', problems: [] });
    expect(director.statistics).toMatchObject({ generation: 2, refused: 3 });
  });

  test('a start with a wrong desired state rejects, and the kernel’s table is untouched', async () => {
    await bed.ipvs.addService({ ...web, port: 99 });
    expect(await rejection(make({ desired: [service([1], { quorum: 0 })] }).start())).toMatchObject({
      code: 'ERR_IPVS_DESIRED',
    });
    expect(await bed.ipvs.services()).toHaveLength(1);
  });

  test('a source’s newest state wins, and a source that fails is asked again', async () => {
    let asked = 0;
    async function* source(signal: AbortSignal): AsyncGenerator<Revision> {
      if (asked++ === 0) throw new Error('not yet');
      for (let i = 1; i <= 20; i++) yield { desired: [service([1, 2], { checks: [] })], revision: `${i}` };
      yield { desired: [service([1, 2, 3], { checks: [] })], revision: 'last' };
      await new Promise(resolve => signal.addEventListener('abort', resolve));
    }
    const director = await start({ source });
    await reach({ 1: 10, 2: 10, 3: 10 });
    expect(asked).toBe(2);
    expect(director.state()).toMatchObject({ revision: 'last', problems: [] });
    expect(director.statistics.generation).toBeLessThan(10);
    expect(told('problem')).toMatchObject([
      { problem: { code: 'source', message: 'not yet' }, isOver: false },
      { isOver: true },
    ]);
  });

  test('a director refuses services of another owner, and has no part of the state', async () => {
    await bed.ipvs.apply([{ ...web, destinations: [] }], { owner: 'somebody' });
    const error = await rejection(
      make({ desired: [service([1]), service([1], { port: 81 } as never)] }).start(),
    );
    expect(error).toMatchObject({ code: 'ERR_IPVS_OWNED' });
    expect(await bed.ipvs.services()).toHaveLength(1);
  });

  test('a service that is desired no more is drained and goes, and may come back meanwhile', async () => {
    const other = service([1], { port: 81, checks: [] } as never);
    const desired = [service([1, 2], { checks: [] }), other];
    const director = await start({ desired, maxRemovals: 100 });
    await director.update([desired[0]!]);
    await director.update(desired);
    await reach({ 1: 10, 2: 10 });
    await reach({ 1: 10 }, other);
    await director.update([desired[0]!]);
    while ((await bed.ipvs.services()).length > 1) await sleep(10);
    expect(director.statistics).toMatchObject({ drains: 0, drained: 1 });
    await expect.poll(() => recorded('drains'), patience).toEqual([]);
  });
});

describe('drift', () => {
  test('what another program changes is repaired, and told as drift', async () => {
    const director = await start({ desired: [service([1, 2], { checks: [] })] });
    bed.run('ipvsadm', '-e', '-t', '10.1.0.1:80', '-r', '127.0.1.1:80', '-w', '77');
    await reach({ 1: 10, 2: 10 });
    expect(told('drift')).toMatchObject([
      { rows: ['change-destination tcp 10.1.0.1:80 127.0.1.1:80'], isRepaired: true },
    ]);
    expect(director.statistics.drift).toBe(1);
  });

  test('a change writes its own service, and leaves what others did elsewhere to the next look', async () => {
    const other = service([1], { port: 81, checks: [] } as Partial<DirectedService>);
    const director = await start({ desired: [service([1, 2]), other], driftInterval: 60_000 });
    await reach({ 1: 10, 2: 10 });
    await bed.ipvs.updateDestination({ ...web, port: 81 }, at(1), { weight: 77 });
    failing.add(2);
    await reach({ 1: 10, 2: 0 });
    bed.run('ipvsadm', '-D', '-t', '10.1.0.1:80');
    failing.clear();
    await reach({ 1: 10, 2: 10 });
    expect(await weights(other)).toEqual({ 1: 77 });
    expect(director.statistics).toMatchObject({ drift: 0, applies: { failed: 0 } });
    await director.close({ mode: 'remove' });
    expect(await bed.ipvs.services()).toEqual([]);
  });

  test('drift that is only to be reported is told once, and left while the director changes other rows', async () => {
    const director = await start({ desired: [service([1, 2], { checks: [] })], drift: 'report' });
    bed.run('ipvsadm', '-d', '-t', '10.1.0.1:80', '-r', '127.0.1.1:80');
    await sleep(500);
    expect(told('drift')).toMatchObject([{ isRepaired: false }]);
    expect(await weights()).toEqual({ 2: 10 });
    await director.setWeight(web, at(2), 7);
    await reach({ 2: 7 });
    bed.run('ipvsadm', '-e', '-t', '10.1.0.1:80', '-r', '127.0.1.2:80', '-w', '77');
    await director.setWeight(web, at(2), undefined);
    await reach({ 2: 10 });
    await director.setWeight(web, at(1), 3);
    await reach({ 1: 3, 2: 10 });
  });
});

describe('the end of a director', () => {
  test('close() leaves the table, drains it or removes it, and only what is the director’s own', async () => {
    await bed.ipvs.addService({ ...web, port: 99 });
    const desired = [service([1, 2], { checks: [] })];
    await (await start({ desired })).close();
    expect(await weights()).toEqual({ 1: 10, 2: 10 });
    await (await start({ desired })).close({ mode: 'drain' });
    expect((await bed.ipvs.services()).map(({ port }) => port)).toEqual([99]);
    await (await start({ desired })).close({ mode: 'remove' });
    expect((await bed.ipvs.services()).map(({ port }) => port)).toEqual([99]);
  });

  test('a closed director ends its events, and rejects what is asked of it', async () => {
    const director = await start({ desired: [service([1])] });
    const reading = (async () => {
      for await (const _ of director.events());
    })();
    await director.close();
    await reading;
    expect(director.state().phase).toBe('closed');
    expect(await rejection(director.update([]))).toMatchObject({ code: 'ERR_IPVS_CLOSED' });
    expect(await rejection(director.admin(web, at(1), 'drain'))).toMatchObject({ code: 'ERR_IPVS_CLOSED' });
    const other = make({ desired: [service([1])] });
    await other.close();
    expect(await rejection(other.start())).toMatchObject({ code: 'ERR_IPVS_CLOSED' });
    expect(await rejection(other.ready)).toMatchObject({ code: 'ERR_IPVS_CLOSED' });
  });

  test('drain() of a director waits until a destination is idle, and leaves it at weight 0', async () => {
    const director = await start({ desired: [service([1, 2], { checks: [] })] });
    expect(await director.drain(web, at(1), { idleFor: 0, poll: 20 })).toMatchObject({ outcome: 'kept' });
    expect(await weights()).toEqual({ 1: 0, 2: 10 });
    expect(recorded('drains')).toHaveLength(1);
    await director.admin(web, at(1), undefined);
    await reach({ 1: 10, 2: 10 });
    await expect.poll(() => recorded('drains'), patience).toEqual([]);
    expect(await director.drainAddress(at(2).address, { idleFor: 0, poll: 20 })).toMatchObject([
      { service: web, destination: at(2), outcome: 'kept' },
    ]);
    expect(await weights()).toEqual({ 1: 10, 2: 0 });
  });

  test('a director that is closed with all it has leaves no drain recorded, but what operators said', async () => {
    const desired = [service([1, 2], { checks: [] })];
    const director = await start({ desired });
    await director.drain(web, at(1), { idleFor: 0, poll: 20 });
    await director.close({ mode: 'remove' });
    expect(recorded('drains')).toEqual([]);
    expect(recorded('directors')).toEqual(['director.json']);
    await start({ desired });
    await reach({ 1: 0, 2: 10 });
  });
});
