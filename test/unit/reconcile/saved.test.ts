import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { Operation } from '../../../lib/addon/layout.ts';
import type { CallSpec } from '../../../lib/calls/call.ts';
import type { Calls } from '../../../lib/calls/calls.ts';
import { addRunning } from '../../../lib/drain/running.ts';
import { serviceKey } from '../../../lib/model/identity.ts';
import { kernelOf } from '../../../lib/reconcile/apply.ts';
import { applyPlan } from '../../../lib/reconcile/saved.ts';
import type { Step } from '../../../lib/reconcile/types.ts';
import { drainKey } from '../../../lib/records/drains.ts';
import { readOwners, writeOwner } from '../../../lib/records/owners.ts';
import { desiredTables } from '../../support/desired-tables.ts';
import { TableModel } from '../../support/table-model.ts';
import { createTableCalls, rowAt, type TableCalls, web } from '../drain/table.ts';
import { planFor } from './support.ts';

const dns = { protocol: 'udp', address: '10.0.0.1', port: 53 } as const;
const quick = { idleFor: 0, poll: 10 };

let stand: TableCalls;
beforeEach(() => {
  stand = createTableCalls([
    [web, [rowAt(1, 1, 1)]],
    [dns, [rowAt(1)]],
  ]);
});

/** A plan that was kept. */
const kept = (steps: readonly object[], more: object = {}) => ({
  formatVersion: 1,
  owner: 'web',
  steps,
  warnings: [],
  refusals: [],
  ...more,
});

const removal = (service: object) => ({
  kind: 'remove-service',
  service,
  spec: service,
  destinations: [rowAt(1)].map(({ address, port, weight }) => ({ address, port, weight })),
});

/** What is recorded of owners. */
async function owners(): Promise<unknown> {
  const records = await readOwners(stand.directory);
  return Object.fromEntries(Array.from(records, ([owner, services]) => [owner, [...services]]));
}

describe('the owner of a plan that was kept', () => {
  test('a service whose drain gave up stays its owner’s when a kept plan was to remove it', async () => {
    await writeOwner(stand.directory, 'web', [serviceKey(web)]);
    const applied = await applyPlan(stand.calls, kept([removal(web)]), { drain: { ...quick, deadline: 30 } });
    expect(applied).toMatchObject({ converged: false, steps: [{ outcome: 'left-out' }] });
    expect(await owners()).toEqual({ web: [serviceKey(web)] });
  });

  test('a service that is gone already is given up by the owner of a kept plan that removes it', async () => {
    const gone = { ...web, port: 99 };
    await writeOwner(stand.directory, 'web', [serviceKey(web), serviceKey(gone)]);
    expect(await applyPlan(stand.calls, kept([removal(gone)]))).toMatchObject({ converged: true });
    expect(await owners()).toEqual({ web: [serviceKey(web)] });
  });

  test('a kept plan claims what its owner desires, as desired already or not, and gives up what is gone', async () => {
    const gone = { ...web, port: 99 };
    await writeOwner(stand.directory, 'web', [serviceKey(dns), serviceKey(gone)]);
    const applied = await applyPlan(stand.calls, kept([], { services: [web] }));
    expect(applied).toMatchObject({ converged: true, steps: [] });
    expect(await owners()).toEqual({ web: [serviceKey(web), serviceKey(dns)] });
  });

  test('a kept plan that desires what another owner has is refused, without a step for it too', async () => {
    await writeOwner(stand.directory, 'other', [serviceKey(web)]);
    await expect(applyPlan(stand.calls, kept([], { services: [web] }))).rejects.toMatchObject({
      code: 'ERR_IPVS_OWNED',
    });
    expect(await owners()).toEqual({ other: [serviceKey(web)] });
  });

  test('a kept plan whose drains are refused claims nothing', async () => {
    await expect(applyPlan(stand.calls, kept([removal(dns)]), { drain: quick })).rejects.toMatchObject({
      code: 'ERR_IPVS_DRAIN_REFUSED',
    });
    expect(await owners()).toEqual({});
  });

  test.each(['a/../../../../etc/x', '', '.hidden', 7, null])(
    'a plan of the owner %j is refused',
    async owner => {
      await expect(applyPlan(stand.calls, kept([], { owner }))).rejects.toThrow(/^plan\.owner must be /);
    },
  );
});

test('a kept plan that removed too much is carried out by force, one that did what it may not is never', async () => {
  const limited = (limit: string) => kept([], { refusals: [{ limit, message: 'too much' }] });
  const refused = { code: 'ERR_IPVS_LIMIT', message: 'too much: nothing was done' };
  await expect(applyPlan(stand.calls, limited('maxRemovals'))).rejects.toMatchObject(refused);
  expect(await applyPlan(stand.calls, limited('maxRemovals'), { force: true })).toMatchObject({
    converged: true,
  });
  await expect(applyPlan(stand.calls, limited('allow'), { force: true })).rejects.toMatchObject(refused);
});

describe('a plan that lacks something', () => {
  const change = {
    kind: 'change-destination',
    service: web,
    destination: { address: '10.0.1.1', port: 80 },
    spec: { address: '10.0.1.1', port: 80, weight: 2 },
  };

  test.each([
    [{ formatVersion: 2 }, /^plan\.formatVersion must be 1/],
    [{ owner: '' }, /^plan\.owner must/],
    [{ steps: 'none' }, /^plan\.steps must be an array/],
    [{ steps: [1] }, /^plan\.steps\[0\] must be an object/],
    [{ refusals: undefined }, /^plan\.refusals must be an array/],
    [{ refusals: [null] }, /^plan\.refusals\[0\] must be an object/],
    [{ services: [{ ...web, port: -1 }] }, /^plan\.services\[0\]\.port must be/],
    [{ services: {} }, /^plan\.services must be an array/],
    [{ warnings: 'none' }, /^plan\.warnings must be an array/],
  ])('a plan with %j is refused by the name of the field', async (more, message) => {
    await expect(applyPlan(stand.calls, kept([], more))).rejects.toThrow(message);
  });

  test.each([
    [
      { warnings: [{ code: 'order-differs', service: web }] },
      'plan.warnings[0].message must be a text, not undefined',
    ],
    [{ warnings: [{ code: 'order-differs', message: '' }] }, /^plan\.warnings\[0\].*must be an object/],
    [{ refusals: [{ limit: 'allow', message: 7 }] }, /^plan\.refusals\[0\]\.message must be a text/],
  ])(
    'a plan with %j, which would be told to people, is refused before it is carried out',
    async (more, message) => {
      await expect(applyPlan(stand.calls, kept([], more))).rejects.toThrow(message);
    },
  );

  test.each([
    [{ ...removal(web), destinations: undefined }, /^plan\.steps\[0\]\.destinations must be an array/],
    [
      { ...removal(web), destinations: [{ port: 80 }] },
      /^plan\.steps\[0\]\.destinations\[0\]\.address must be/,
    ],
    [{ ...removal(web), destinations: [null] }, /^plan\.steps\[0\]\.destinations\[0\] must be/],
    [
      { ...change, kind: 'removal' },
      /^plan\.steps\[0\].* must be one of add-service, change-service, remove-service, add-destination, change-destination, remove-destination/,
    ],
    [{ ...change, changes: {}, spec: { ...change.spec, weight: -1 } }, /^plan\.steps\[0\].*weight must be/],
    [
      { ...change, kind: 'remove-destination', spec: { ...change.spec, weight: -1 } },
      /^plan\.steps\[0\]\.spec\.weight must be/,
    ],
    [
      { ...change, kind: 'remove-destination', service: { ...web, port: -1 } },
      /^plan\.steps\[0\]\.port must be/,
    ],
    [change, /^plan\.steps\[0\]\.changes must be an object/],
    [{ ...change, changes: { weight: 3 } }, /^plan\.steps\[0\]\.changes\.weight must be an object/],
  ])('a plan with the step %j is refused by the name of the field', async (step, message) => {
    await expect(applyPlan(stand.calls, kept([step]))).rejects.toMatchObject({
      code: 'ERR_IPVS_DESIRED',
      problems: [{ message: expect.stringMatching(message) }],
    });
  });
});

test.each([
  [{ weight: { from: 0, to: 2 } }, true],
  [{ weight: { from: 2, to: 0 } }, false],
  [{ upperThreshold: { from: 0, to: 100 } }, false],
])('a change of %j brings a drained destination back: %j', (changes, returned) => {
  const destination = { address: '10.0.1.1', port: 80 };
  const running = { returned: false };
  addRunning(stand.calls, drainKey(web, destination), running);
  const step = { kind: 'change-destination', service: web, destination, changes } as unknown as Step;
  kernelOf(stand.calls, stand.calls.writeAll, undefined, {}).giveBack(step);
  expect(running.returned).toBe(returned);
});

test('any plan that comes back from JSON fits the table that it was made for', async () => {
  const order = fc.constantFrom('keep' as const, 'exact' as const);
  await fc.assert(
    fc.asyncProperty(desiredTables, desiredTables, order, async (before, desired, how) => {
      const model = new TableModel(before);
      const table = model.snapshot();
      const plan = await planFor(table, desired, { owns: 'everything', order: how, force: true });
      const run = async ({ operation, context }: CallSpec<unknown>) => {
        const entry = table.find(service => serviceKey(service) === serviceKey(context.service!));
        return operation === Operation.getService ? entry : (entry?.destinations ?? []);
      };
      const within = { ...stand.calls, run };
      const together = (_: unknown, work: (calls: object) => unknown) => work(within);
      const calls = { ...stand.calls, together };
      const applied = await applyPlan(calls as unknown as Calls, JSON.parse(JSON.stringify(plan)), {
        force: true,
      });
      expect(applied.steps.filter(({ outcome }) => outcome !== 'done')).toEqual([]);
    }),
  );
});
