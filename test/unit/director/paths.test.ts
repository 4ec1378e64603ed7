import { expect, test } from 'vitest';
import { readDirected } from '../../../lib/director/desired.ts';
import { createPathWay, layPaths, type Paths } from '../../../lib/director/paths.ts';
import type { DirectedService } from '../../../lib/director/types.ts';
import type { Dial, DialOptions } from '../../../lib/health/types.ts';
import { isCheckPath } from '../../../lib/index.ts';

const web = { protocol: 'tcp', address: '10.0.0.1', port: 80, target: { through: true } } as const;
const check = { name: 'any', key: 'any', check: async () => {} };
const server = (host: number) => ({ address: `10.0.1.${host}`, port: 80, forwarding: 'direct' }) as const;

async function lay(desired: readonly DirectedService[], owner = 'director', foreign: readonly number[] = []) {
  return layPaths(await readDirected(desired, { checks: [check] }), owner, mark => foreign.includes(mark));
}

const marksOf = (paths: Paths) => Array.from(paths.values(), ({ mark }) => mark);

test('a path is a service by mark with one destination, shared by the services of a server', async () => {
  const paths = await lay([
    { ...web, destinations: [server(1), server(2)] },
    { ...web, port: 443, destinations: [{ ...server(1), port: 443 }] },
    { ...web, port: 8080, destinations: [{ ...server(1), port: 81, forwarding: 'masquerade' }] },
  ]);
  const entries = Array.from(paths.values(), ({ entry }) => entry);
  expect(entries.map(({ destinations }) => destinations)).toEqual(
    expect.arrayContaining([
      [{ address: '10.0.1.1', port: 0, forwarding: 'direct', weight: 1 }],
      [{ address: '10.0.1.2', port: 0, forwarding: 'direct', weight: 1 }],
      [{ address: '10.0.1.1', port: 81, forwarding: 'masquerade', weight: 1 }],
    ]),
  );
  expect(entries).toHaveLength(3);
  for (const entry of entries) expect([entry.family, isCheckPath(entry)]).toEqual(['ipv4', true]);
  expect(new Set(marksOf(paths)).size).toBe(3);
});

test('a tunnel’s path has the family of the packets that go through it', async () => {
  const tunnel = { address: 'fd00::1', port: 80, forwarding: 'tunnel' } as const;
  const [path] = (await lay([{ ...web, destinations: [tunnel] }])).values();
  expect(path?.entry).toMatchObject({ family: 'ipv4', destinations: [{ address: 'fd00::1', port: 0 }] });
});

test('a path keeps its mark whatever else is desired, and has another one than other owners’', async () => {
  const rows = [1, 2, 3, 4].map(server);
  const all = await lay([{ ...web, destinations: rows }]);
  for (const row of rows) {
    const [alone] = await lay([{ ...web, destinations: [row] }]);
    expect(all.get(alone![0])?.mark).toBe(alone![1].mark);
  }
  const theirs = marksOf(await lay([{ ...web, destinations: rows }], 'another'));
  expect(marksOf(all).filter(mark => theirs.includes(mark))).toEqual([]);
  const foreign = marksOf(all);
  const evading = marksOf(await lay([{ ...web, destinations: rows }], 'director', foreign));
  expect(evading.filter(mark => foreign.includes(mark))).toEqual([]);
  expect(new Set(evading).size).toBe(4);
});

test('a check through a path waits until the path is in the table, and comes from the way to the server', async () => {
  const asked: DialOptions[] = [];
  const dial = (async (options: DialOptions) => {
    asked.push(options);
    return { address: () => ({ address: '10.0.1.250' }), close: () => {} };
  }) as unknown as Dial;
  const way = createPathWay(dial);
  const paths = await lay([{ ...web, destinations: [server(1)] }]);
  const [mark] = marksOf(paths);
  const to = { address: '10.0.0.1', port: 80 };
  await way.dial(to);
  expect(asked.splice(0)).toEqual([to]);

  way.lay(paths);
  const ending = new AbortController();
  const given = way.dial({ ...to, mark, signal: ending.signal });
  ending.abort(new Error('its time is up'));
  await expect(given).rejects.toThrow('its time is up');
  const dialled = way.dial({ ...to, mark });
  expect(asked).toEqual([]);
  way.onLaid(new Map());
  expect(asked).toEqual([]);
  way.onLaid(paths);
  await dialled;
  expect(asked.splice(0)).toMatchObject([
    { protocol: 'udp', address: '10.0.1.1' },
    { ...to, mark, source: '10.0.1.250' },
  ]);
  await way.dial({ ...to, mark, source: '10.0.1.251' });
  expect(asked.splice(0)).toEqual([{ ...to, mark, source: '10.0.1.251' }]);

  // What is not in the table any more is not dialled.
  way.lay(new Map());
  way.onLaid(new Map());
  const late = new AbortController();
  const never = way.dial({ ...to, mark, signal: late.signal });
  late.abort(new Error('its time is up'));
  await expect(never).rejects.toThrow('its time is up');
  expect(asked).toEqual([]);
});
