import { readdirSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { drain, drainAddress, undrain, undrainAddress } from '../../../lib/drain/drain.ts';
import type { DestinationId } from '../../../lib/index.ts';
import { IpvsError } from '../../../lib/model/errors.ts';
import { serviceKey } from '../../../lib/model/identity.ts';
import { readDrains, writeDrain } from '../../../lib/records/drains.ts';
import { countLooks, createTableCalls, rowAt, web } from './table.ts';

const quick = { idleFor: 0, poll: 10 };
// biome-ignore lint/suspicious/noThenProperty: the option's name; its value is a text, which nothing awaits
const keeping = { ...quick, then: 'keep' } as const;

const at = (host: number): DestinationId => ({ address: `10.0.1.${host}`, port: 80 });
const key = serviceKey(web);

describe('what a drain waits for', () => {
  test('a drain waits until nothing has been left for `idleFor`', async () => {
    const { calls, table } = createTableCalls([[web, [rowAt(1), rowAt(2)]]]);
    const giveUp = new AbortController();
    const looks = countLooks({ idleFor: 60_000, poll: 10, signal: giveUp.signal });
    const draining = drain(calls, web, at(1), looks.options);
    await Promise.race([looks.more(5), draining]);
    expect(table.get(key)).toHaveLength(2);
    giveUp.abort();
    await expect(draining).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('a drain waits for inactive connections where all are meant, and else for active ones alone', async () => {
    const { calls, table } = createTableCalls([[web, [rowAt(1), rowAt(2), rowAt(3)]]]);
    for (const row of table.get(key)!) row.inactiveConnections = 2;
    const looks = countLooks({ ...quick, idle: 'all' } as const);
    const draining = drain(calls, web, at(1), looks.options);
    await Promise.race([looks.more(2), draining]);
    expect(table.get(key)).toHaveLength(3);
    table.get(key)![0]!.inactiveConnections = 0;
    expect(await draining).toMatchObject({ outcome: 'removed', inactiveConnections: 0 });
    expect(await drain(calls, web, at(2), quick)).toMatchObject({
      outcome: 'removed',
      inactiveConnections: 2,
    });
  });

  test('a drain waits for clients that persistence binds where they are still sent there', async () => {
    const stand = createTableCalls([[web, [rowAt(1), rowAt(2), rowAt(3)]]]);
    stand.services.set(key, { scheduler: 'rr', schedulerFlags: [], persistence: { timeout: 60 } });
    for (const row of stand.table.get(key)!) row.persistentConnections = 1;
    stand.settings.expireQuiescentTemplate = false;
    const looks = countLooks({ ...quick, deadline: 60_000 });
    const draining = drain(stand.calls, web, at(1), looks.options);
    await Promise.race([looks.more(2), draining]);
    expect(stand.table.get(key)).toHaveLength(3);
    stand.table.get(key)![0]!.persistentConnections = 0;
    expect(await draining).toMatchObject({ outcome: 'removed', persistentConnections: 0 });
    stand.settings.expireQuiescentTemplate = true;
    expect(await drain(stand.calls, web, at(2), quick)).toMatchObject({ persistentConnections: 1 });
  });
});

describe('a drain that goes on after its deadline', () => {
  test('a drain that gave up ends at the next call once its connections are gone', async () => {
    const { calls, table } = createTableCalls([[web, [rowAt(1, 1, 3), rowAt(2)]]]);
    const options = { idleFor: 1000, poll: 10, deadline: 30 };
    expect(await drain(calls, web, at(1), options)).toMatchObject({
      outcome: 'gave-up',
      activeConnections: 3,
    });
    table.get(key)![0]!.activeConnections = 0;
    expect(await drain(calls, web, at(1), options)).toMatchObject({ outcome: 'removed' });
    expect(table.get(key)).toHaveLength(1);
  });

  test('a drain that was kept can be ended under a deadline that is long past', async () => {
    const { calls, directory } = createTableCalls([[web, [rowAt(1), rowAt(2)]]]);
    expect(await drain(calls, web, at(1), keeping)).toMatchObject({ outcome: 'kept' });
    const [record] = (await readDrains(directory)).values();
    await writeDrain(directory, { ...record!, started: record!.started - 86_400_000 });
    expect(await drain(calls, web, at(1), { idleFor: 1000, deadline: 1000 })).toMatchObject({
      outcome: 'removed',
    });
  });
});

test('a date that is set while a drain waits brings its deadline no nearer', async () => {
  const { calls, table, directory } = createTableCalls([[web, [rowAt(1, 1, 1), rowAt(2)]]]);
  const looks = countLooks({ ...quick, deadline: 60_000 });
  const draining = drain(calls, web, at(1), looks.options);
  await looks.more(1);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 });
  try {
    await Promise.race([looks.more(2), draining]);
    table.get(key)![0]!.activeConnections = 0;
    expect(await draining).toMatchObject({ outcome: 'removed' });
    expect((await draining).elapsed).toBeLessThan(60_000);
  } finally {
    vi.useRealTimers();
  }
  // What another process recorded.
  await writeDrain(directory, { service: web, destination: at(2), weight: 1, started: Date.now() });
  table.set(key, [rowAt(1), rowAt(2, 0)]);
  expect(await drain(calls, web, at(2), { ...quick, deadline: 60_000 })).toMatchObject({
    outcome: 'removed',
  });
});

describe('looks that fail', () => {
  const timeout = () => new IpvsError('ERR_IPVS_TIMEOUT', 'no answer in time');

  test.each([
    ['a look or two that the kernel did not answer', [timeout(), timeout()]],
    ['a look at a list that kept changing', [new IpvsError('ERR_IPVS_UNSTABLE', 'it changed')]],
  ])('a drain goes on after %s', async (_, errors) => {
    const stand = createTableCalls([[web, [rowAt(1, 1, 1), rowAt(2)]]]);
    const looks = countLooks(quick);
    const draining = drain(stand.calls, web, at(1), looks.options);
    await looks.more(1);
    stand.failNextReads(...errors);
    await looks.more(1);
    stand.table.get(key)![0]!.activeConnections = 0;
    expect(await draining).toMatchObject({ outcome: 'removed' });
  });

  test.each([
    ['nothing answers any more', Array.from({ length: 20 }, timeout), 'ERR_IPVS_TIMEOUT'],
    ['a look fails for good', [new IpvsError('ERR_IPVS_PERMISSION', 'not permitted')], 'ERR_IPVS_PERMISSION'],
  ])('a drain rejects where %s', async (_, errors, code) => {
    const stand = createTableCalls([[web, [rowAt(1, 1, 1), rowAt(2)]]]);
    const looks = countLooks(quick);
    const draining = expect(drain(stand.calls, web, at(1), looks.options)).rejects.toMatchObject({ code });
    await looks.more(1);
    stand.failNextReads(...errors);
    await draining;
  });
});

test('drainAddress() refuses where all of a service’s destinations would leave at once', async () => {
  const { calls, table } = createTableCalls([[web, [rowAt(1, 1, 0, 80), rowAt(1, 1, 0, 81)]]]);
  await expect(drainAddress(calls, '10.0.1.1', quick)).rejects.toMatchObject({
    code: 'ERR_IPVS_DRAIN_REFUSED',
    message: expect.stringMatching(/^no other destination of service tcp 10\.0\.0\.1:80/),
  });
  expect(table.get(key)!.map(({ weight }) => weight)).toEqual([1, 1]);
});

test('a drain is dropped where another program gives its destination a weight again', async () => {
  const { calls, table, directory } = createTableCalls([[web, [rowAt(1, 7, 1), rowAt(2)]]]);
  const looks = countLooks(quick);
  const draining = drain(calls, web, at(1), looks.options);
  await looks.more(1);
  Object.assign(table.get(key)![0]!, { weight: 3, activeConnections: 0 });
  expect(await draining).toMatchObject({ outcome: 'returned' });
  expect(table.get(key)!.map(({ weight }) => weight)).toEqual([3, 1]);
  expect(await readDrains(directory)).toEqual(new Map());
});

test('a drain that ends as returned leaves the record of the drain that began after it', async () => {
  const { calls, directory } = createTableCalls([[web, [rowAt(1, 7, 1), rowAt(2)]]]);
  const slow = { idleFor: 0, poll: 100 };
  const looks = countLooks(slow);
  const first = drain(calls, web, at(1), looks.options);
  await looks.more(1);
  await undrain(calls, web, at(1));
  const controller = new AbortController();
  const second = drain(calls, web, at(1), { ...slow, signal: controller.signal });
  expect(await first).toMatchObject({ outcome: 'returned' });
  controller.abort();
  await expect(second).rejects.toMatchObject({ code: 'ERR_IPVS_ABORTED' });
  expect([...(await readDrains(directory)).values()]).toMatchObject([{ weight: 7 }]);
});

describe('undrain()', () => {
  test.each([-1, 0, 2 ** 31, 1.5, '3'])(
    'undrain() refuses the weight %j, and the drain goes on',
    async weight => {
      const { calls, table } = createTableCalls([[web, [rowAt(1, 1, 1), rowAt(2)]]]);
      const looks = countLooks(quick);
      const draining = drain(calls, web, at(1), looks.options);
      await looks.more(1);
      const options = { weight: weight as number };
      await expect(undrain(calls, web, at(1), options)).rejects.toThrow(/^options\.weight must be /);
      await expect(undrainAddress(calls, '10.0.1.1', options)).rejects.toThrow(/^options\.weight must be /);
      await looks.more(1);
      table.get(key)![0]!.activeConnections = 0;
      expect(await draining).toMatchObject({ outcome: 'removed' });
    },
  );

  test('an undrain() that fails leaves the drain running, and its record', async () => {
    const stand = createTableCalls([[web, [rowAt(1, 5, 1), rowAt(2)]]]);
    const looks = countLooks(quick);
    const draining = drain(stand.calls, web, at(1), looks.options);
    await looks.more(1);
    stand.failNextWrite(new Error('the kernel has no memory'));
    await expect(undrain(stand.calls, web, at(1))).rejects.toThrow('no memory');
    expect([...(await readDrains(stand.directory)).values()]).toMatchObject([{ weight: 5 }]);
    await looks.more(1);
    stand.table.get(key)![0]!.activeConnections = 0;
    expect(await draining).toMatchObject({ outcome: 'removed' });
  });
});

test('undrain() leaves a destination alone that was given a weight since its drain', async () => {
  const { calls, table } = createTableCalls([[web, [rowAt(1, 5), rowAt(2)]]]);
  expect(await drain(calls, web, at(1), keeping)).toMatchObject({ outcome: 'kept' });
  table.get(key)![0]!.weight = 10;
  await expect(undrain(calls, web, at(1))).rejects.toMatchObject({
    code: 'ERR_IPVS_DRAIN_UNKNOWN',
    message: expect.stringMatching(/it takes connections, at weight 10: nothing was done/),
  });
  expect(table.get(key)![0]!.weight).toBe(10);
  expect(await undrain(calls, web, at(1), { weight: 3 })).toMatchObject({ weight: 3 });
});

describe('the fallback flag that a drain sets', () => {
  const forced = { ...quick, force: true, setFallback: true };
  const begin = (more: object = {}) => {
    const stand = createTableCalls([[web, [rowAt(1, 5), rowAt(2, 5), rowAt(3)]]]);
    const schedule = { scheduler: 'mh', schedulerFlags: ['mh-port'], ...more };
    stand.services.set(key, schedule);
    return { ...stand, flags: () => stand.services.get(key)!.schedulerFlags };
  };

  test('the fallback flag is taken back when the drain is done', async () => {
    const { calls, flags } = begin();
    const seen: (readonly string[])[] = [];
    await drain(calls, web, at(1), { ...forced, onProgress: () => void seen.push(flags()) });
    expect(seen[0]).toEqual(['mh-port', 'mh-fallback']);
    expect(flags()).toEqual(['mh-port']);
  });

  test('the fallback flag stays as long as a destination is at weight 0, whichever drain set it', async () => {
    const { calls, flags } = begin();
    await drain(calls, web, at(1), { ...forced, ...keeping });
    await drain(calls, web, at(2), { ...quick, force: true });
    expect(flags()).toContain('mh-fallback');
    await undrain(calls, web, at(1));
    expect(flags()).toEqual(['mh-port']);
    await drain(calls, web, at(1), { ...forced, ...keeping });
    await drain(calls, web, at(3), { ...keeping, force: true });
    await undrain(calls, web, at(1));
    expect(flags()).toContain('mh-fallback');
    expect(await undrainAddress(calls, at(3).address)).toHaveLength(1);
    expect(flags()).toEqual(['mh-port']);
  });

  test('the fallback flag that was there before a drain stays', async () => {
    const { calls, flags } = begin({ schedulerFlags: ['mh-fallback'] });
    await drain(calls, web, at(1), forced);
    expect(flags()).toEqual(['mh-fallback']);
  });
});

describe('undrainAddress()', () => {
  const dns = { protocol: 'udp', address: '10.0.0.1', port: 53 } as const;

  test('undrainAddress() restores drained destinations alone, whatever the others are', async () => {
    const other = { ...web, port: 81 };
    const { calls, table, directory } = createTableCalls([
      [web, [rowAt(1, 0), rowAt(2)]],
      [other, [rowAt(1, 10), rowAt(2)]],
      [dns, [rowAt(1, 0), rowAt(2)]],
      [{ ...dns, port: 54 }, [rowAt(1, 0), rowAt(2)]],
    ]);
    const record = { destination: at(1), started: 1 };
    await writeDrain(directory, { ...record, service: web, weight: 4 });
    // Drained once, and given another weight since.
    await writeDrain(directory, { ...record, service: other, weight: 3 });
    // Drained although its weight was 0 already.
    await writeDrain(directory, { ...record, service: dns, weight: 0 });
    expect(await undrainAddress(calls, '10.0.1.1')).toEqual([
      { service: web, destination: at(1), weight: 4 },
    ]);
    expect([...table.values()].map(rows => rows[0]!.weight)).toEqual([4, 10, 0, 0]);
  });

  test('undrainAddress() with a weight leaves destinations alone that were never drained', async () => {
    const { calls, table } = createTableCalls([[web, [rowAt(1, 5), rowAt(2)]]]);
    expect(await undrainAddress(calls, '10.0.1.1', { weight: 9 })).toEqual([]);
    expect(table.get(key)![0]!.weight).toBe(5);
  });

  test('undrainAddress() gives what was drained the weight that it is told to', async () => {
    const { calls, table } = createTableCalls([[web, [rowAt(1, 5), rowAt(2)]]]);
    await drain(calls, web, at(1), keeping);
    expect(await undrainAddress(calls, '10.0.1.1', { weight: 9 })).toMatchObject([{ weight: 9 }]);
    expect(table.get(key)![0]!.weight).toBe(9);
  });

  test('undrainAddress() of an address that has nothing drained restores nothing', async () => {
    const { calls } = createTableCalls([[web, [rowAt(1, 0), rowAt(2)]]]);
    expect(await undrainAddress(calls, '10.0.1.1')).toEqual([]);
  });
});

test('a drain of nothing writes no setting', async () => {
  const { calls, settingsWritten, directory } = createTableCalls([[web, [rowAt(1)]]]);
  expect(await drainAddress(calls, '10.0.9.9', { ...quick, setSettings: true })).toEqual([]);
  expect(settingsWritten).toEqual([]);
  expect(readdirSync(directory)).toEqual([]);
});
