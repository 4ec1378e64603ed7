import { expect, test } from 'vitest';
import { undrain } from '../../../lib/drain/drain.ts';
import { serviceKey } from '../../../lib/model/identity.ts';
import { createDrainer, type Removal } from '../../../lib/reconcile/removals.ts';
import { readDrains } from '../../../lib/records/drains.ts';
import { countLooks, createTableCalls, type Row, rowAt, web } from '../drain/table.ts';

const key = serviceKey(web);

/** A step that removes the service, as it was read before. */
function removalOf(rows: readonly Row[]): Removal {
  const destinations = rows.map(({ address, port, weight }) => ({ address, port, weight }));
  return { kind: 'remove-service', service: web, spec: web, destinations } as unknown as Removal;
}

const quick = { idleFor: 0, poll: 10 };

test.each([
  [
    'a server that was added',
    (rows: Row[]) => void rows.push(rowAt(3)),
    /^it has got destination 10\.0\.1\.3:80/,
  ],
  [
    'a server that was found idle before, and brought back',
    (rows: Row[]) => Object.assign(rows[0]!, { weight: 1 }),
    /^destination 10\.0\.1\.1:80 takes connections again/,
  ],
])('a service is not removed with %s while its other servers were drained', async (_, change, reason) => {
  const rows = [rowAt(1), rowAt(2, 1, 1)];
  const { calls, table } = createTableCalls([[web, rows]]);
  const step = removalOf(rows);
  const looks = countLooks(quick);
  const draining = createDrainer(calls, looks.options, {}).drain([step]);
  // The first look finds one idle, and each after that has the other alone.
  await looks.more(3);
  change(table.get(key)!);
  table.get(key)![1]!.activeConnections = 0;
  expect(await draining).toEqual([{ step, outcome: 'left-out', reason: expect.stringMatching(reason) }]);
});

test('a service whose drain gave up keeps the weights of its idle servers, to be restored', async () => {
  const rows = [rowAt(1, 5), rowAt(2, 7, 1)];
  const { calls, directory } = createTableCalls([[web, rows]]);
  const drained = await createDrainer(calls, { ...quick, deadline: 60 }, {}).drain([removalOf(rows)]);
  expect(drained).toMatchObject([{ outcome: 'left-out', reason: expect.stringMatching(/^not idle/) }]);
  expect((await readDrains(directory)).size).toBe(2);
  expect(await undrain(calls, web, rowAt(1))).toMatchObject({ weight: 5 });
});

test('a service that is drained to its end leaves no record of that', async () => {
  const rows = [rowAt(1, 5), rowAt(2, 7)];
  const { calls, directory } = createTableCalls([[web, rows]]);
  const step = removalOf(rows);
  expect(await createDrainer(calls, quick, {}).drain([step])).toEqual([{ step, ready: true }]);
  expect((await readDrains(directory)).size).toBe(0);
});

test('removals of nothing that is there write no setting', async () => {
  const { calls, settingsWritten } = createTableCalls([[web, [rowAt(1)]]]);
  const drainer = createDrainer(calls, { ...quick, setSettings: true }, {});
  await drainer.survey([]);
  expect(await drainer.drain([])).toEqual([]);
  expect(settingsWritten).toEqual([]);
});

test('a removal whose drain could last for ever by now fails by itself, and keeps back no other', async () => {
  const dns = { protocol: 'udp', address: '10.0.0.1', port: 53 } as const;
  const { calls, table } = createTableCalls([
    [web, [rowAt(1), rowAt(2)]],
    [dns, [rowAt(1), rowAt(2)]],
  ]);
  const removal = (service: object) =>
    ({
      kind: 'remove-destination',
      service,
      destination: { address: '10.0.1.1', port: 80 },
    }) as unknown as Removal;
  const results = await createDrainer(calls, quick, {}).drain([removal(web), removal(dns)]);
  expect(results).toMatchObject([
    { step: { service: dns }, outcome: 'failed', error: { code: 'ERR_IPVS_DRAIN_REFUSED' } },
    { step: { service: web }, outcome: 'done' },
  ]);
  expect(table.get(serviceKey(dns))!.map(({ weight }) => weight)).toEqual([1, 1]);
});
