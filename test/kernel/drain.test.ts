import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { DestinationId, DrainProgress, ServiceSpec, TableEntry } from '../../lib/index.ts';
import { recordsOf, rejection, useBed } from './support.ts';
import { type Storm, startTraffic, type Traffic } from './traffic.ts';

const bed = useBed();

const web = { protocol: 'tcp', address: '10.1.0.1', port: 80 } as const;
const dns = { protocol: 'udp', address: '10.1.0.1', port: 53 } as const;

const at = (host: number, port = 8080): DestinationId => ({ address: `127.0.1.${host}`, port });

function entry(service: ServiceSpec, hosts: readonly number[]): TableEntry {
  const destinations = hosts.map(host => ({ ...at(host), forwarding: 'masquerade' as const }));
  return { ...service, destinations } as TableEntry;
}

let traffic: Traffic;

beforeAll(async () => {
  bed.run('ip', 'addr', 'add', '10.1.0.1/32', 'dev', 'lo');
  traffic = await startTraffic(bed.netns, 'drain-traffic.mjs');
});

afterAll(() => {
  traffic.end();
});

afterEach(async () => {
  // A destination that is added again has the connections that its predecessor left: with this setting none
  // outlives it.
  await bed.ipvs.setSettings({ expireNodestConn: true });
  await bed.ipvs.flush();
  for (const host of [1, 2, 3]) await close(host);
  while (connectionsLeft() > 0) await sleep(10);
  await bed.ipvs.setSettings({ expireQuiescentTemplate: false, expireNodestConn: false, connReuseMode: 1 });
  rmSync(recordsOf(bed.netns), { recursive: true, force: true });
});

/** The number of connections in the kernel, templates and those of removed destinations included. */
function connectionsLeft(): number {
  return bed.run('cat', '/proc/net/ip_vs_conn').trim().split('\n').length - 1;
}

/** Has the traffic do something. */
const tell = <T>(what: string, rest?: object) => traffic.tell<T>(what, rest);

/** Opens connections that stay; the servers that they went to. */
const open = (count: number) => tell<string[]>('open', { count });
const close = (host: number) => tell('close', { host: at(host).address });

async function weightOf(host: number): Promise<number | undefined> {
  return (await bed.ipvs.destinations(web)).find(({ address }) => address === at(host).address)?.weight;
}

const quick = { idleFor: 0, poll: 50 };
// biome-ignore lint/suspicious/noThenProperty: the option's name; its value is a text, which nothing awaits
const keeping = { ...quick, then: 'keep' } as const;

test('a drain keeps connections, sends new ones elsewhere, and removes the idle destination', async () => {
  await bed.ipvs.apply([entry({ ...web, scheduler: 'rr' }, [1, 2])]);
  expect((await open(6)).filter(name => name === at(1).address)).toHaveLength(3);
  const told: DrainProgress[] = [];
  let settled = false;
  const draining = bed.ipvs
    .drain(web, at(1), { ...quick, idleFor: 200, onProgress: progress => void told.push(progress) })
    .finally(() => {
      settled = true;
    });
  while (told.length < 3) await sleep(20);
  expect(await weightOf(1)).toBe(0);
  expect(told.at(-1)).toMatchObject({
    waitingFor: 3,
    activeConnections: 3,
    destination: at(1),
    left: undefined,
  });
  expect(new Set(await open(4))).toEqual(new Set([at(2).address]));
  expect(settled).toBe(false);
  await close(1);
  expect(await draining).toMatchObject({
    outcome: 'removed',
    activeConnections: 0,
    service: web,
    destination: at(1),
    traps: [],
  });
  expect(await weightOf(1)).toBeUndefined();
  const idle = told.filter(({ waitingFor }) => waitingFor === 0);
  expect(idle.at(-1)!.elapsed - idle[0]!.elapsed).toBeGreaterThanOrEqual(150);
  expect(idle[0]).toMatchObject({ estimate: 0 });
});

test('a drained destination can be kept at weight 0, and undrain() restores its weight', async () => {
  await bed.ipvs.apply([entry({ ...web, scheduler: 'rr' }, [1, 2])]);
  await bed.ipvs.updateDestination(web, at(1), { weight: 7 });
  const kept = await bed.ipvs.drain(web, at(1), keeping);
  expect(kept.outcome).toBe('kept');
  expect(await weightOf(1)).toBe(0);
  const another = bed.client();
  expect(await another.undrain(web, at(1))).toEqual({ service: web, destination: at(1), weight: 7 });
  expect(await weightOf(1)).toBe(7);
  const error = await rejection(another.undrain(web, at(1)));
  expect(error).toMatchObject({ code: 'ERR_IPVS_DRAIN_UNKNOWN' });
  expect(await another.undrain(web, at(1), { weight: 3 })).toMatchObject({ weight: 3 });
});

test('a drain is dropped when its destination gets a weight again, and connections stay', async () => {
  const desired = entry({ ...web, scheduler: 'rr' }, [1, 2]);
  await bed.ipvs.apply([desired]);
  await open(2);
  const draining = bed.ipvs.drain(web, at(1), { ...quick, idleFor: 400 });
  while ((await weightOf(1)) !== 0) await sleep(10);
  const { steps } = await bed.ipvs.apply([desired]);
  expect(steps.map(({ step }) => step.kind)).toEqual(['change-destination']);
  expect(await draining).toMatchObject({ outcome: 'returned' });
  const [row] = (await bed.ipvs.destinations(web)).filter(({ address }) => address === at(1).address);
  expect(row).toMatchObject({ weight: 1, activeConnections: 1 });
});

test('a drain ends without an error when another program removes its destination', async () => {
  await bed.ipvs.apply([entry({ ...web, scheduler: 'rr' }, [1, 2])]);
  await open(2);
  const draining = bed.ipvs.drain(web, at(1), quick);
  while ((await weightOf(1)) !== 0) await sleep(10);
  bed.run('ipvsadm', '-d', '-t', '10.1.0.1:80', '-r', '127.0.1.1:8080');
  expect(await draining).toMatchObject({ outcome: 'gone' });
});

test('a drain ends without an error when another program removes its destination at the last moment', async () => {
  await bed.ipvs.apply([entry({ ...web, scheduler: 'rr' }, [1, 2])]);
  // Between what was read and the removal: nothing is awaited there but this.
  const onProgress = () => bed.run('ipvsadm', '-d', '-t', '10.1.0.1:80', '-r', '127.0.1.1:8080');
  const drained = await bed.ipvs.drain(web, at(1), { ...quick, idleFor: 0, onProgress });
  expect(drained).toMatchObject({ outcome: 'gone' });
});

describe('the deadline of a drain', () => {
  test('a drain gives up at its deadline with the numbers, and leaves the weight at 0', async () => {
    await bed.ipvs.apply([entry({ ...web, scheduler: 'rr' }, [1, 2])]);
    await open(4);
    const start = performance.now();
    const drained = await bed.ipvs.drain(web, at(1), { ...quick, deadline: 300 });
    expect(drained).toMatchObject({ outcome: 'gave-up', activeConnections: 2 });
    expect(performance.now() - start).toBeGreaterThanOrEqual(290);
    expect(await weightOf(1)).toBe(0);
  });

  test('a drain may remove its destination at the deadline, and tells of unanswered connections', async () => {
    await bed.ipvs.apply([entry({ ...web, scheduler: 'rr' }, [1, 2])]);
    await open(4);
    const drained = await bed.ipvs.drain(web, at(1), { ...quick, deadline: 100, atDeadline: 'remove' });
    expect(drained).toMatchObject({ outcome: 'removed', activeConnections: 2 });
    expect(drained.traps.map(({ code }) => code)).toEqual(['left-unanswered']);
    expect(await weightOf(1)).toBeUndefined();
  });

  test('a drain that a second call goes on with keeps its first start for the deadline', async () => {
    await bed.ipvs.apply([entry({ ...web, scheduler: 'rr' }, [1, 2])]);
    await open(4);
    const controller = new AbortController();
    const first = bed.ipvs.drain(web, at(1), { ...quick, deadline: 60_000, signal: controller.signal });
    while ((await weightOf(1)) !== 0) await sleep(10);
    await sleep(300);
    controller.abort();
    expect(await rejection(first)).toMatchObject({ code: 'ERR_IPVS_ABORTED', name: 'AbortError' });
    expect(await weightOf(1)).toBe(0);
    const drained = await bed.client().drain(web, at(1), { ...quick, deadline: 300 });
    expect(drained.outcome).toBe('gave-up');
    expect(drained.elapsed).toBeGreaterThanOrEqual(300);
    expect(await bed.ipvs.undrain(web, at(1))).toMatchObject({ weight: 1 });
  });
});

describe('traps of a drain', () => {
  const refused = async (service: ServiceSpec, hosts: readonly number[] = [1, 2]) => {
    await bed.ipvs.apply([entry(service, hosts)]);
    const error = await rejection(bed.ipvs.drain(service, at(1), quick));
    expect(error).toMatchObject({ code: 'ERR_IPVS_DRAIN_REFUSED' });
    const [row] = await bed.ipvs.destinations(service);
    expect(row?.weight).toBe(1);
    return error.message;
  };

  test('a drain of the last destination that takes connections is refused unless forced', async () => {
    expect(await refused(web, [1])).toMatch(
      /^no other destination of service tcp 10\.1\.0\.1:80 takes connections/,
    );
    expect(await bed.ipvs.drain(web, at(1), { ...quick, force: true })).toMatchObject({ outcome: 'removed' });
  });

  test('a drain under a hashing scheduler that refuses clients can set its fallback first', async () => {
    const service = { ...web, scheduler: 'mh', schedulerFlags: ['mh-port'] } as const;
    expect(await refused(service)).toContain("flag 'mh-fallback'");
    await bed.ipvs.drain(web, at(1), { ...keeping, setFallback: true });
    expect(await bed.ipvs.service(web)).toMatchObject({ schedulerFlags: ['mh-fallback', 'mh-port'] });
    // With the fallback every client finds the other server.
    expect(new Set(await open(12))).toEqual(new Set([at(2).address]));
    await bed.ipvs.undrain(web, at(1));
    expect((await bed.ipvs.plan([entry(service, [1, 2])])).steps).toEqual([]);
    // An apply() whose drain sets it leaves nothing to do either, nor one that finds it set.
    for (const hosts of [[2], [1, 2]]) {
      await bed.ipvs.apply([entry(service, hosts)], { drain: { ...quick, setFallback: true } });
      expect((await bed.ipvs.plan([entry(service, hosts)])).steps).toEqual([]);
    }
    await bed.ipvs.updateService(web, { scheduler: 'mh', schedulerFlags: ['mh-fallback', 'mh-port'] });
    const { steps } = await bed.ipvs.apply([entry(service, [2])], { drain: { ...quick, setFallback: true } });
    expect(steps.map(({ step, outcome }) => [step.kind, outcome])).toEqual([
      ['remove-destination', 'done'],
      ['change-service', 'done'],
    ]);
    expect((await bed.ipvs.plan([entry(service, [2])])).steps).toEqual([]);
  });

  test('a drain that persistence keeps feeding needs a deadline or the setting', async () => {
    const service = { ...web, scheduler: 'rr', persistence: { timeout: 100 } };
    expect(await refused(service)).toContain('expireQuiescentTemplate');
    const [name] = await open(1);
    const host = name === at(1).address ? 1 : 2;
    const fed = await bed.ipvs.drain(web, at(host), { ...quick, deadline: 200 });
    expect(fed).toMatchObject({ outcome: 'gave-up', persistentConnections: 1 });
    expect(fed.traps.map(({ code }) => code)).toEqual(['persistence-feeds']);
    expect(await open(1)).toEqual([name]);
    await bed.ipvs.undrain(web, at(host));
    const moving = bed.ipvs.drain(web, at(host), { ...quick, setSettings: true });
    while ((await weightOf(host)) !== 0) await sleep(10);
    expect(await bed.ipvs.settings()).toMatchObject({
      expireQuiescentTemplate: true,
      expireNodestConn: true,
    });
    expect(await open(1)).not.toEqual([name]);
    await close(host);
    // The template of the client that moved is still counted, and not waited for.
    expect(await moving).toMatchObject({ outcome: 'removed' });
  });

  test('a drain of UDP flows, which never leave by themselves, waits until its deadline', async () => {
    expect(await refused(dns)).toContain('UDP flows');
    await tell('flow');
    while ((await bed.ipvs.destinations(dns)).every(({ inactiveConnections }) => inactiveConnections === 0))
      await sleep(20);
    const rows = await bed.ipvs.destinations(dns);
    const row = rows.find(({ inactiveConnections }) => inactiveConnections > 0)!;
    const drained = await bed.ipvs.drain(dns, row, { ...quick, deadline: 300 });
    await tell('stopFlow');
    expect(drained).toMatchObject({ outcome: 'gave-up', activeConnections: 0, inactiveConnections: 1 });
    expect(drained.traps.map(({ code }) => code)).toEqual(['flows-stay']);
  });
});

test('drainAddress() drains an address in all services, or in none where one refuses', async () => {
  const other = { ...web, port: 81 };
  await bed.ipvs.apply([entry(web, [1, 2]), entry(other, [1]), entry({ ...web, port: 82 }, [2])]);
  await bed.ipvs.updateDestination(web, at(1), { weight: 4 });
  const error = await rejection(bed.ipvs.drainAddress('127.0.1.1', quick));
  expect(error.message).toMatch(/^no other destination of service tcp 10\.1\.0\.1:81/);
  expect(await weightOf(1)).toBe(4);
  const drained = await bed.ipvs.drainAddress('127.0.1.1', { ...keeping, force: true });
  expect(drained.map(({ service, outcome }) => [service.port, outcome]).toSorted()).toEqual([
    [80, 'kept'],
    [81, 'kept'],
  ]);
  const back = await bed.ipvs.undrainAddress('127.0.1.1');
  expect(back.map(({ service, weight }) => [service.port, weight]).toSorted()).toEqual([
    [80, 4],
    [81, 1],
  ]);
  expect(await bed.ipvs.drainAddress('127.0.9.9', quick)).toEqual([]);
  expect((await rejection(bed.ipvs.drain(web, at(9)))).code).toBe('ERR_IPVS_DESTINATION_NOT_FOUND');
  expect((await rejection(bed.ipvs.drain({ ...web, port: 99 }, at(1)))).code).toBe(
    'ERR_IPVS_SERVICE_NOT_FOUND',
  );
});

describe('apply() with drains', () => {
  const service = { ...web, scheduler: 'wlc' };

  /** What an open-loop client met while the servers of a service were replaced. */
  async function replace(change: (hosts: readonly number[]) => Promise<unknown>) {
    await bed.ipvs.apply([entry(service, [1])], { force: true });
    await tell('storm', { every: 15, hold: 100 });
    await sleep(300);
    for (const hosts of [[2], [3], [1], [2, 3]]) {
      await change(hosts);
      await sleep(100);
    }
    return tell<Storm>('endStorm');
  }

  test('apply() with drains replaces all servers under an open-loop client without a failure', async () => {
    const drain = { ...quick, idleFor: 300 };
    const { made, failures, names } = await replace(async hosts => {
      const applied = await bed.ipvs.apply([entry(service, hosts)], { drain, force: true });
      expect(applied).toMatchObject({ converged: true, rounds: 1 });
    });
    console.log(`${made} connections during four replacements, ${failures.length} failed`, names);
    expect(failures).toEqual([]);
    expect(made).toBeGreaterThan(20);
    expect(Object.keys(names).toSorted()).toEqual([1, 2, 3].map(host => at(host).address));
  });

  test('close() ends an apply() that drains, and its owner keeps what it had and gets what it wanted', async () => {
    const rr = { ...web, scheduler: 'rr' };
    await bed.ipvs.apply([entry(rr, [1, 2])], { owner: 'drainer' });
    await open(2);
    const client = bed.client();
    const desired = [entry(rr, [2]), entry({ ...web, port: 81 }, [3])];
    const applying = client.apply(desired, { owner: 'drainer', drain: quick });
    while ((await weightOf(1)) !== 0) await sleep(10);
    await client.close();
    expect(await rejection(applying)).toMatchObject({ code: 'ERR_IPVS_CLOSED' });
    for (const taken of desired) {
      expect((await rejection(bed.ipvs.apply([taken], { owner: 'other' }))).code).toBe('ERR_IPVS_OWNED');
    }
    await close(1);
    const again = await bed.client().apply(desired, { owner: 'drainer', drain: quick });
    expect(again.steps.map(({ step, outcome }) => [step.kind, outcome])).toEqual([
      ['remove-destination', 'done'],
    ]);
  });

  test('an open-loop client notices a replacement without drains, and one that removes first', async () => {
    const cut = await replace(hosts => bed.ipvs.apply([entry(service, hosts)], { force: true }));
    expect(new Set(cut.failures.map(({ error }) => error))).toEqual(new Set(['cut']));
    const emptied = await replace(async hosts => {
      await bed.ipvs.apply([entry(service, [])], { force: true });
      await sleep(50);
      await bed.ipvs.apply([entry(service, hosts)], { force: true });
    });
    expect(emptied.failures).not.toEqual([]);
  });

  test('apply() drains what it removes, and leaves in place what is desired again meanwhile', async () => {
    const other = { ...web, port: 81, scheduler: 'rr' };
    const service = { ...web, scheduler: 'rr' };
    await bed.ipvs.apply([entry(service, [1, 2]), entry(other, [1])], { owner: 'drainer' });
    await open(2);
    const drain = { ...quick, idleFor: 100 };
    const applying = bed.ipvs.apply([entry(service, [2])], { owner: 'drainer', drain, force: true });
    while ((await weightOf(1)) !== 0) await sleep(10);
    // The next desired state has it again.
    const again = await bed.ipvs.apply([entry(service, [1, 2])], { owner: 'drainer', drain, force: true });
    expect(again.steps.map(({ step }) => step.kind)).toContain('change-destination');
    const applied = await applying;
    expect(applied.converged).toBe(false);
    expect(applied.steps.find(({ step }) => step.kind === 'remove-destination')).toMatchObject({
      outcome: 'left-out',
      reason: 'its drain was dropped: it was given a weight again',
    });
    expect(applied.steps.find(({ step }) => step.kind === 'remove-service')).toBeDefined();
    const row = (await bed.ipvs.destinations(web)).find(({ address }) => address === at(1).address);
    expect(row).toMatchObject({ weight: 1, activeConnections: 1 });
    expect(await bed.ipvs.service(other)).toBeUndefined();
  });

  test('apply() refuses a drain that could last for ever before it writes anything', async () => {
    await bed.ipvs.apply([entry(web, [1]), entry(dns, [1, 2])]);
    const before = bed.run('ipvsadm', '-Sn');
    const desired = [entry(web, [1, 2]), entry(dns, [1])];
    const error = await rejection(bed.ipvs.apply(desired, { drain: quick }));
    expect(error).toMatchObject({ code: 'ERR_IPVS_DRAIN_REFUSED' });
    expect(bed.run('ipvsadm', '-Sn')).toBe(before);
    expect(
      await bed.ipvs.apply(desired, { drain: { ...quick, deadline: 100, atDeadline: 'remove' } }),
    ).toMatchObject({
      converged: true,
    });
  });

  test('apply() judges a drain by the persistence that it gives its service', async () => {
    const [before, after] = [
      { ...web, scheduler: 'rr' },
      { ...web, scheduler: 'rr', persistence: { timeout: 100 } },
    ];
    await bed.ipvs.apply([entry(before, [1, 2])]);
    const table = bed.run('ipvsadm', '-Sn');
    const error = await rejection(bed.ipvs.apply([entry(after, [2, 3])], { drain: quick }));
    expect(error).toMatchObject({ code: 'ERR_IPVS_DRAIN_REFUSED' });
    expect(bed.run('ipvsadm', '-Sn')).toBe(table);
    await bed.ipvs.apply([entry(after, [1, 2])]);
    expect(await bed.ipvs.apply([entry(before, [2])], { drain: quick })).toMatchObject({ converged: true });
  });

  test('apply() reports a drain that gives up, which leaves the destination', async () => {
    await bed.ipvs.apply([entry({ ...web, scheduler: 'rr' }, [1, 2])]);
    await open(2);
    const applied = await bed.ipvs.apply([entry({ ...web, scheduler: 'rr' }, [2])], {
      drain: { ...quick, deadline: 100 },
    });
    expect(applied.converged).toBe(false);
    expect(applied.steps).toMatchObject([
      { outcome: 'left-out', reason: expect.stringMatching(/^not idle at the deadline: 1 active/) },
    ]);
    expect(await weightOf(1)).toBe(0);
  });
});
