import { describe, expect, test } from 'vitest';
import { DestinationField, Layout, Operation } from '../../../lib/addon/layout.ts';
import type { WriteAll } from '../../../lib/calls/calls.ts';
import type { Plan, PlanOptions, TableEntry } from '../../../lib/index.ts';
import type { Drainer } from '../../../lib/reconcile/removals.ts';
import { runSteps } from '../../../lib/reconcile/run.ts';
import { planFor } from './support.ts';

const web = { protocol: 'tcp', address: '10.0.0.1', port: 80 } as const;

function table(hosts: number, more: object = {}, weight = 1): TableEntry {
  const destinations = Array.from({ length: hosts }, (_, i) => ({
    address: `10.0.1.${i}`,
    port: 80,
    weight,
  }));
  return { ...web, ...more, destinations } as TableEntry;
}

/** The records that a plan's steps are sent as: what each does, and how many of them belong in one send. */
async function recordsOf({ steps }: Plan): Promise<readonly (readonly [operation: number, group: number])[]> {
  const sent: (readonly [number, number])[] = [];
  const writeAll: WriteAll = async (_, records, count) => {
    const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
    for (let i = 0; i < count; i++) {
      const at = i * Layout.bytes;
      sent.push([view.getUint32(at + Layout.operation, true), view.getUint32(at + Layout.run, true)]);
    }
    return new Int32Array(count);
  };
  const errorOf = async () => new Error('nothing fails here');
  const { results } = await runSteps(
    { writeAll, errorOf, giveBack: () => {}, round: 1 },
    { steps, reliant: new Set() },
    {},
  );
  expect(results.every(({ outcome }) => outcome === 'done')).toBe(true);
  return sent;
}

test('a new service goes out with its destinations as one group, so that no client finds it empty', async () => {
  const plan = await planFor([], [table(3), table(2, { port: 81 })]);
  const { newService, newDest } = Operation;
  const groups = (await recordsOf(plan)).filter(([operation]) => operation === newService);
  expect(groups).toEqual([
    [newService, 4],
    [newService, 3],
  ]);
  expect((await recordsOf(plan)).map(([operation]) => operation)).toEqual([
    newService,
    ...[newDest, newDest, newDest],
    newService,
    ...[newDest, newDest],
  ]);
});

test('a plan that comes back from JSON has the same groups as the plan that it was made from', async () => {
  const plan = await planFor([], [table(3), table(2, { port: 81 })]);
  expect(await recordsOf(JSON.parse(JSON.stringify(plan)))).toEqual(await recordsOf(plan));
});

test('one weight among 10,000 destinations is one record, and one message', async () => {
  const before = Array.from({ length: 1000 }, (_, i) => table(10, { port: i + 1 }));
  const changed = {
    ...before[500]!,
    destinations: before[500]!.destinations.with(7, { address: '10.0.1.7', port: 80, weight: 9 }),
  };
  const plan = await planFor(before, before.with(500, changed as TableEntry));
  expect(plan.steps).toHaveLength(1);
  // Not updateDest, for which the destinations would be read first: as one message.
  expect(await recordsOf(plan)).toEqual([[Operation.setDest, expect.any(Number)]]);
});

test('the weight that somebody else sets is no part of what is sent', async () => {
  const desired = {
    ...table(2),
    destinations: table(2).destinations.map(row => ({ ...row, upperThreshold: 9 })),
  };
  const fieldsOf = async (options: PlanOptions) => {
    const fields: number[] = [];
    const writeAll: WriteAll = async (_, records, count) => {
      const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
      for (let i = 0; i < count; i++) fields.push(view.getUint32(i * Layout.bytes + Layout.fields, true));
      return new Int32Array(count);
    };
    const { steps } = await planFor([table(2)], [desired as TableEntry], options);
    const kernel = {
      writeAll,
      errorOf: async () => new Error('nothing fails here'),
      giveBack: () => {},
      round: 1,
    };
    await runSteps(kernel, { steps, reliant: new Set() }, {});
    return fields.map(word => word & DestinationField.all);
  };
  const { all, weight } = DestinationField;
  expect(await fieldsOf({ keepWeights: true })).toEqual([all & ~weight, all & ~weight]);
});

test('what takes connections is sent and answered before anything that ceases to', async () => {
  const plan = await planFor(
    [table(2)],
    [{ ...table(3), destinations: table(3).destinations.slice(2) } as TableEntry],
  );
  expect((await recordsOf(plan)).map(([operation]) => operation)).toEqual([
    Operation.newDest,
    ...[Operation.delDest, Operation.delDest],
  ]);
});

describe('a change after which clients of drained destinations would be refused', () => {
  const hashed = (hosts: number, ...schedulerFlags: string[]) =>
    table(hosts, { scheduler: 'mh', schedulerFlags });

  test.each([
    ['loses its fallback flag', hashed(2, 'mh-fallback', 'mh-port'), hashed(1, 'mh-port')],
    ['gets a scheduler without one', table(2), hashed(1)],
  ])('a service that %s is changed after its removals', async (_, before, desired) => {
    expect((await recordsOf(await planFor([before], [desired]))).map(([operation]) => operation)).toEqual([
      Operation.delDest,
      Operation.setService,
    ]);
  });

  test('a service that gets its fallback flag is changed before its removals', async () => {
    const plan = await planFor([hashed(2)], [hashed(1, 'mh-fallback')]);
    expect(plan.steps.map(({ kind }) => kind)).toEqual(['change-service', 'remove-destination']);
  });

  test('a service keeps its fallback flag while a destination whose drain gave up is at weight 0', async () => {
    const other = { port: 81 };
    const { steps } = await planFor(
      [hashed(2, 'mh-fallback'), { ...hashed(1, 'mh-fallback'), ...other } as TableEntry],
      [hashed(1), { ...hashed(1), ...other } as TableEntry],
    );
    const writeAll: WriteAll = async (_, __, count) => new Int32Array(count);
    const reason = 'not idle at the deadline';
    const drainer: Drainer = {
      survey: async () => {},
      drain: async removals => removals.map(step => ({ step, outcome: 'left-out', reason })),
    };
    const errorOf = async () => new Error('nothing fails here');
    const { results } = await runSteps(
      { writeAll, errorOf, giveBack: () => {}, drainer, round: 1 },
      { steps, reliant: new Set() },
      {},
    );
    expect(results.map(({ step, outcome }) => [step.kind, step.service.port, outcome])).toEqual([
      ['remove-destination', 80, 'left-out'],
      ['change-service', 81, 'done'],
      ['change-service', 80, 'left-out'],
    ]);
  });
});

test('a plan with drains lowers weights, drains, and then removes the services that are drained', async () => {
  const gone = table(1, { port: 81 });
  const { steps } = await planFor([table(2, {}, 2), gone], [table(1)], { owns: 'everything' });
  const sent: number[] = [];
  const writeAll: WriteAll = async (_, records, count) => {
    const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
    for (let i = 0; i < count; i++) sent.push(view.getUint32(i * Layout.bytes + Layout.operation, true));
    return new Int32Array(count);
  };
  const drained: string[] = [];
  const drainer: Drainer = {
    survey: async () => {},
    async drain(removals) {
      drained.push(...removals.map(({ kind }) => kind));
      return removals.map(step =>
        step.kind === 'remove-service' ? { step, ready: true } : { step, outcome: 'done' },
      );
    },
  };
  const errorOf = async () => new Error('nothing fails here');
  const kernel = { writeAll, errorOf, giveBack: () => {}, drainer, round: 1 };
  const { results } = await runSteps(kernel, { steps, reliant: new Set() }, {});
  expect(drained).toEqual(['remove-destination', 'remove-service']);
  expect(sent).toEqual([Operation.setDest, Operation.delService]);
  expect(results.map(({ step, outcome }) => [step.kind, outcome])).toEqual([
    ['change-destination', 'done'],
    ['remove-destination', 'done'],
    ['remove-service', 'done'],
  ]);
});
