import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { Layout, Operation } from '../../../lib/addon/layout.ts';
import { createBatch } from '../../../lib/addon/record.ts';
import type { CallSpec, FileCallSpec } from '../../../lib/calls/call.ts';
import type { Calls, CallsWithin, WriteAll } from '../../../lib/calls/calls.ts';
import { kernelError } from '../../../lib/calls/kernel-error.ts';
import type { Write } from '../../../lib/calls/writes.ts';
import * as writes from '../../../lib/calls/writes.ts';
import { type ApplyOptions, type DestinationSpec, serviceKey, type TableEntry } from '../../../lib/index.ts';
import { applyDesired, plan } from '../../../lib/reconcile/apply.ts';
import { RECORDS_DIRECTORY } from '../../../lib/records/directory.ts';
import { readOwners } from '../../../lib/records/owners.ts';
import { anyTable } from '../../support/any-table.ts';
import { desiredTables } from '../../support/desired-tables.ts';
import { RecordKernel, refusals } from '../../support/record-kernel.ts';

const parent = mkdtempSync(join(tmpdir(), 'ipvs-apply-'));
afterAll(() => rmSync(parent, { recursive: true, force: true }));

/** How many services a part of a read table has here. */
const PART = 3;

/** Calls on a kernel that is the test's. */
class Stand {
  readonly kernel = new RecordKernel();
  readonly directory = mkdtempSync(join(parent, 'records-'));
  /** What is done before a batch of writes, as by another program. */
  before: (() => void) | undefined;
  /** What is done once something was read. */
  afterRead: (() => void) | undefined;
  /** Chooses the status of a batch's records, without the kernel. */
  refuse: ((records: Uint8Array, count: number) => Int32Array | undefined) | undefined;
  /** The timeout of each batch of writes. */
  readonly timeouts: (number | undefined)[] = [];
  /** How often the table was read. */
  reads = 0;

  /** Writes as another program would. */
  write(...calls: readonly Write[]): void {
    const batch = createBatch();
    for (const write of calls) {
      const slot = batch.open(write.operation);
      write.encode?.(slot);
      batch.commit(slot);
    }
    const { count } = batch;
    expect([...this.kernel.writeAll(batch.take(), count)]).toEqual(calls.map(() => 0));
  }

  fill(table: readonly TableEntry[]): void {
    for (const entry of table) {
      const { destinations, ...spec } = entry;
      this.write(writes.addService(spec), ...destinations.map(row => writes.addDestination(entry, row)));
    }
  }

  /** Answers a question about one service, or about its destinations. */
  #readOne(spec: CallSpec<unknown>): unknown {
    const slot = createBatch().open(spec.operation);
    spec.encode?.(slot);
    const isService = spec.operation === Operation.getService;
    if (isService) this.reads++;
    const found = isService ? this.kernel.service(slot) : this.kernel.destinations(slot);
    if (found !== undefined) return (spec as CallSpec<unknown, typeof Operation.getService>).decode(found);
    const accepted = spec.accept?.(refusals.ESRCH);
    if (accepted === undefined) throw kernelError(spec.context, refusals.ESRCH);
    return accepted.value;
  }

  get calls(): Calls {
    const writeAll: WriteAll = async (_, records, count, options) => {
      this.timeouts.push(options?.timeout);
      this.before?.();
      return this.refuse?.(records, count) ?? this.kernel.writeAll(records, count);
    };
    const read = async (spec: CallSpec<unknown>) => {
      if (spec.operation !== Operation.snapshot) return this.#readOne(spec);
      this.reads++;
      const parts = this.kernel.parts(PART);
      const { part, decode } = spec as CallSpec<unknown, typeof Operation.snapshot>;
      for (const table of parts.slice(0, -1)) part?.call(spec, table);
      return decode.call(spec, parts.at(-1)!);
    };
    const run = async (spec: CallSpec<unknown>) => {
      const found = await read(spec);
      this.afterRead?.();
      return found;
    };
    // The name of the namespace, which leads to the test's own directory.
    const file = async ({ operation }: FileCallSpec<unknown>) =>
      operation === Operation.openFile ? relative(RECORDS_DIRECTORY, this.directory) : undefined;
    const within = { run, file, writeAll } as unknown as CallsWithin;
    return {
      ...within,
      timeout: 5000,
      together: (_: unknown, work: (within: CallsWithin) => unknown) => work(within),
      errorOf: async (spec: CallSpec<unknown>, status: number) => kernelError(spec.context, status),
    } as unknown as Calls;
  }
}

let stand: Stand;
beforeEach(() => {
  stand = new Stand();
});

const everything = { owns: 'everything', force: true } as const;

const web = { protocol: 'tcp', address: '10.0.0.1', port: 80 } as const;
const one = { address: '10.0.1.1', port: 80 };
const two = { address: '10.0.1.2', port: 80 };

function entry(service: object, ...destinations: readonly DestinationSpec[]): TableEntry {
  return { ...service, destinations } as TableEntry;
}

/** What is left to do. */
async function left(desired: readonly TableEntry[], options: ApplyOptions) {
  return (await plan(stand.calls, desired, options)).steps;
}

describe('any table', () => {
  const tables = fc.oneof(desiredTables, anyTable as fc.Arbitrary<TableEntry[]>);

  test('an apply leaves nothing to do, and does what the plan before it said', async () => {
    await fc.assert(
      fc.asyncProperty(
        tables,
        tables,
        fc.constantFrom(undefined, false, true),
        fc.constantFrom('keep' as const, 'exact' as const),
        fc.constantFrom(everything, { force: true }),
        async (before, desired, keepWeights, order, owns) => {
          const options = { ...owns, ...(keepWeights !== undefined && { keepWeights }), order };
          stand = new Stand();
          stand.fill(before);
          const { steps } = await plan(stand.calls, desired, options);
          const applied = await applyDesired(stand.calls, desired, options);
          expect(applied).toMatchObject({ converged: true, rounds: 1 });
          expect(applied.steps).toEqual(steps.map(step => ({ step, outcome: 'done', round: 1 })));
          expect(await left(desired, options)).toEqual([]);
          expect(await applyDesired(stand.calls, desired, options)).toEqual({
            converged: true,
            rounds: 1,
            steps: [],
            warnings: expect.anything(),
          });
        },
      ),
    );
  });

  test('a plan of a table that was made as desired has no step, whatever is desired', async () => {
    await fc.assert(
      fc.asyncProperty(tables, async desired => {
        stand = new Stand();
        stand.fill(desired);
        expect(await left(desired, { ...everything, order: 'exact' })).toEqual([]);
      }),
    );
  });
});

test('services that nobody desires stay, and those of an owner who desires them no more go', async () => {
  const other = { ...web, port: 81 };
  stand.fill([entry(other, one)]);
  await applyDesired(stand.calls, [entry(web, one), entry({ fwmark: 7, family: 'ipv4' }, one)], {
    owner: 'me',
  });
  expect(Array.from(await readOwners(stand.directory), ([name, keys]) => [name, [...keys].sort()])).toEqual([
    ['me', ['fwmark 7 ipv4', 'tcp 10.0.0.1:80']],
  ]);
  const applied = await applyDesired(stand.calls, [entry(web, one)], { owner: 'me' });
  expect(applied.steps.map(({ step }) => [step.kind, serviceKey(step.service)])).toEqual([
    ['remove-service', 'fwmark 7 ipv4'],
  ]);
  expect([...(await readOwners(stand.directory)).get('me')!]).toEqual(['tcp 10.0.0.1:80']);
});

/** A getter that tells the truth so many times, and then something else. */
function lying(truths: number, truth: unknown, lie: unknown): () => unknown {
  let told = 0;
  return () => (told++ < truths ? truth : lie);
}

test.each(Array.from({ length: 6 }, (_, i) => i + 1))(
  'objects that say something else from the look %d on leave an apply as desired, or nothing done',
  async looks => {
    const desired = entry({ ...web, scheduler: 'rr' }, { ...one, weight: 9 }, two);
    for (const [path, truth, lie] of [
      ['scheduler', 'rr', 5],
      ['address', web.address, '10.9.9.9'],
      ['destinations', desired.destinations, [one, one, { address: 'nowhere' }]],
      ['weight', 9, 'much'],
    ] as const) {
      stand = new Stand();
      stand.fill([entry(web, one, two)]);
      const get = lying(looks, truth, lie);
      const service = { ...desired, destinations: desired.destinations.map(row => ({ ...row })) };
      Object.defineProperty(path === 'weight' ? service.destinations[0] : service, path, {
        get,
        enumerable: true,
      });
      let written = false;
      stand.before = () => {
        written = true;
      };
      const options = { owner: 'me', force: true };
      const outcome = await applyDesired(
        stand.calls,
        [entry({ ...web, port: 81 }, one), service],
        options,
      ).then(
        ({ converged }) => converged,
        () => 'refused' as const,
      );
      if (outcome === 'refused') expect(written, path).toBe(false);
      else expect([path, await left([desired], {})]).toEqual([path, []]);
    }
  },
);

test('a desired state that is changed once it was validated is applied as it was', async () => {
  stand.fill([entry(web, one)]);
  const before = () => [entry({ ...web, port: 81 }, one), entry(web, { ...one, weight: 9 }, two)];
  const desired = before();
  const applying = applyDesired(stand.calls, desired, { owner: 'me' });
  Object.assign(desired[1]!, { address: 'nowhere', scheduler: 5 });
  Object.assign(desired[1]!.destinations, [one, one, null]);
  Object.assign(desired[0]!, { destinations: [] });
  desired.length = 0;
  expect((await applying).converged).toBe(true);
  expect(await left(before(), {})).toEqual([]);
});

test('a plan of an owner’s names all services that are desired, for the owner to claim', async () => {
  stand.fill([entry(web, one)]);
  const desired = [entry(web, one), entry({ ...web, port: 81 })];
  expect((await plan(stand.calls, desired, { owner: 'me' })).services).toEqual([web, { ...web, port: 81 }]);
  expect(await plan(stand.calls, desired)).not.toHaveProperty('services');
});

test('an apply that exceeds a limit is refused, and nothing is written or claimed', async () => {
  stand.fill([entry(web, one, two)]);
  stand.before = () => expect.fail('something was written');
  await expect(applyDesired(stand.calls, [entry(web)], { owner: 'me' })).rejects.toMatchObject({
    code: 'ERR_IPVS_LIMIT',
    message: expect.stringMatching(/^the plan removes 2 of the 2 destinations .*: nothing was done$/),
    command: 'APPLY',
  });
  await expect(applyDesired(stand.calls, [entry(web)], { maxRemovals: 0, allow: ['add'] })).rejects.toThrow(
    /only add is allowed; .* at most 0 may go \(maxRemovals\): nothing was done$/,
  );
  expect((await readOwners(stand.directory)).size).toBe(0);
});

test.each([
  [{ allow: 'add' }, "options.allow must be an array of kinds of changes, not 'add'"],
  [{ allow: ['delete'] }, "options.allow must hold only 'add', 'change', 'remove', not 'delete'"],
  [{ maxRemovals: -1 }, /^options\.maxRemovals must be between 0 and \d+, not -1$/],
  [{ maxRemovals: 0.5 }, /^options\.maxRemovals must be /],
  [{ order: 'any' }, /^options\.order must be /],
  [{ owner: '' }, /^options\.owner must be /],
  [{ keepWeights: 1 }, /^options\.keepWeights must be /],
  [{ drain: { timeout: 7 } }, /^options\.drain has no option 'timeout'/],
])('the option %j is refused by its name before the table is read', async (options, message) => {
  await expect(applyDesired(stand.calls, [], options as ApplyOptions)).rejects.toThrow(message);
  await expect(plan(stand.calls, [], options as ApplyOptions)).rejects.toThrow(message);
  expect(stand.reads).toBe(0);
});

test('a plan that adds what it may not is refused, with the rows of new services counted', async () => {
  stand.fill([entry(web, one)]);
  const desired = [entry(web, { ...one, weight: 2 }), entry({ ...web, port: 81 }, one, two)];
  const told = async (allow: ApplyOptions['allow']) => (await plan(stand.calls, desired, { allow })).refusals;
  expect(await told(['change'])).toEqual([
    { limit: 'allow', message: 'the plan adds 3 rows, and only change is allowed' },
  ]);
  expect(await told([])).toEqual([
    { limit: 'allow', message: 'the plan adds 3 rows, and nothing is allowed' },
    { limit: 'allow', message: 'the plan changes 1 row, and nothing is allowed' },
  ]);
  expect(await told(['add', 'change'])).toEqual([]);
});

test('a plan counts what is in scope, as desired already or not', async () => {
  const gone = { ...web, port: 81 };
  stand.fill([entry(web, one, two), entry(gone, one)]);
  const { scope } = await plan(
    stand.calls,
    [entry(web, one, two), entry({ ...web, port: 82 }, one)],
    everything,
  );
  expect(scope).toEqual({ services: 2, destinations: 3, removals: 1 });
});

test('a plan tells what lint() finds in the desired state, an apply only what comes of steps', async () => {
  const odd = [entry({ ...web, onePacket: true }, one)];
  expect((await plan(stand.calls, odd)).warnings).not.toEqual([]);
  expect((await applyDesired(stand.calls, odd)).warnings).toEqual([]);
});

test('an apply is one call, for which closing waits, unless drains could make it last', async () => {
  const contexts: unknown[] = [];
  const calls = {
    ...stand.calls,
    together(context: unknown, work: (within: unknown) => unknown) {
      contexts.push(context);
      return work(stand.calls);
    },
  } as unknown as Calls;
  await applyDesired(calls, [entry(web, one)], { drain: { idleFor: 0, poll: 10 } });
  expect(contexts).toEqual([]);
  await applyDesired(calls, [entry(web, two)], { force: true });
  expect(contexts).toEqual([{ command: 'APPLY' }]);
});

describe('the report', () => {
  test('new services are told as they were sent, whatever became of the desired state since', async () => {
    const desired = [{ ...web, destinations: [{ ...one, weight: 2 }] }];
    const applied = await applyDesired(stand.calls, desired);
    desired[0]!.destinations[0]!.weight = 3;
    desired[0]!.destinations.push({ ...two, weight: 1 });
    desired.length = 0;
    expect(applied.steps.map(({ step }) => step)).toMatchObject([
      { kind: 'add-service', service: web, spec: web },
      { kind: 'add-destination', service: web, destination: one, spec: { ...one, weight: 2 } },
    ]);
    expect(applied.steps).toBe(applied.steps);
  });

  test('a report is shown, copied and written as plain data', async () => {
    const applied = await applyDesired(stand.calls, [entry(web, one)]);
    const plain = { ...applied };
    expect(plain.steps).toHaveLength(2);
    expect(inspect(await applyDesired(new Stand().calls, [entry(web, one)]))).toBe(inspect(plain));
    for (const options of [{}, { depth: 0 }, { depth: null }, { colors: true, compact: false }]) {
      for (const within of [
        (value: unknown) => value,
        (applied: unknown) => [{ applied }],
        (applied: unknown) => ({ by: { owner: { applied } } }),
      ]) {
        expect(inspect(within(applied), options)).toBe(inspect(within(plain), options));
      }
    }
    expect(structuredClone(applied)).toEqual(plain);
    expect(JSON.parse(JSON.stringify(applied))).toEqual(plain);
  });
});

describe('another program that writes meanwhile', () => {
  test('what another program added meanwhile is planned for again, and no failure', async () => {
    stand.fill([entry(web, one)]);
    stand.before = () => {
      stand.before = undefined;
      stand.write(writes.addDestination(web, { ...two, weight: 5 }));
    };
    const applied = await applyDesired(stand.calls, [entry(web, one, { ...two, weight: 3 })]);
    expect(applied).toMatchObject({ converged: true, rounds: 2 });
    expect(applied.steps).toMatchObject([
      {
        step: { kind: 'add-destination' },
        outcome: 'left-out',
        round: 1,
        reason: 'another program had written meanwhile, and a later round took its place',
        error: { code: 'ERR_IPVS_DESTINATION_EXISTS' },
      },
      {
        step: { kind: 'change-destination', changes: { weight: { from: 5, to: 3 } } },
        outcome: 'done',
        round: 2,
      },
    ]);
    expect(stand.reads).toBe(2);
    expect(await left([entry(web, one, { ...two, weight: 3 })], {})).toEqual([]);
  });

  test('an apply is given up after three rounds of which each was crossed by another program', async () => {
    stand.fill([entry(web, one)]);
    let there = false;
    stand.before = () => {
      stand.write(there ? writes.removeDestination(web, two) : writes.addDestination(web, two));
      there = !there;
    };
    const applied = await applyDesired(stand.calls, [entry(web, one, { ...two, weight: 3 })]);
    expect(applied).toMatchObject({ converged: false, rounds: 3 });
    expect(applied.steps.map(({ outcome, round }) => [outcome, round])).toEqual([
      ['left-out', 1],
      ['left-out', 2],
      ['failed', 3],
    ]);
    expect(stand.reads).toBe(3);
  });

  test('a round that would exceed a limit, after one that did not, leaves out all that it planned', async () => {
    stand.fill([entry(web, one)]);
    stand.before = () => {
      stand.before = undefined;
      // The service is another one by now, with servers that nobody allowed to remove.
      stand.write(
        writes.removeService(web),
        writes.addService(web),
        ...[3, 4, 5].map(host => writes.addDestination(web, { address: `10.0.1.${host}`, port: 80 })),
      );
    };
    const applied = await applyDesired(stand.calls, [entry(web, { ...one, weight: 3 })]);
    expect(applied).toMatchObject({ converged: false, rounds: 2 });
    expect(applied.steps.map(({ step, outcome, round }) => [step.kind, outcome, round])).toEqual([
      ['change-destination', 'left-out', 1],
      ['add-destination', 'left-out', 2],
      ['remove-destination', 'left-out', 2],
      ['remove-destination', 'left-out', 2],
      ['remove-destination', 'left-out', 2],
    ]);
    expect(applied.steps.at(-1)!.reason).toMatch(/^the plan removes 3 of the 3 destinations in scope/);
  });

  test('a warning that several rounds have is told once', async () => {
    stand.fill([entry(web, { ...one, forwarding: 'masquerade' })]);
    stand.before = () => {
      stand.before = undefined;
      stand.write(
        writes.removeDestination(web, one),
        writes.addDestination(web, { ...one, forwarding: 'masquerade' }),
      );
      stand.refuse = (_, count) => {
        stand.refuse = undefined;
        return new Int32Array(count).fill(refusals.ENOENT);
      };
    };
    const { rounds, warnings } = await applyDesired(stand.calls, [entry(web, one)]);
    expect(rounds).toBe(2);
    expect(warnings.map(({ code }) => code)).toEqual(['forwarding-changes']);
  });

  test('a service whose removal failed stays its owner’s', async () => {
    const gone = { ...web, port: 81 };
    await applyDesired(stand.calls, [entry(web, one), entry(gone, one)], { owner: 'me' });
    const EINVAL = 22;
    stand.refuse = (_, count) => new Int32Array(count).fill(EINVAL);
    const applied = await applyDesired(stand.calls, [entry(web, one)], { owner: 'me', force: true });
    expect(applied).toMatchObject({ converged: false, rounds: 1, steps: [{ outcome: 'failed' }] });
    expect([...(await readOwners(stand.directory)).get('me')!].sort()).toEqual([
      serviceKey(web),
      serviceKey(gone),
    ]);
  });
});

describe('steps that fail', () => {
  /** Refuses the writes of these operations, or those about a destination with this last byte. */
  const refusing = (operations: readonly number[], status: number, host?: number) => {
    stand.refuse = (records, count) =>
      Int32Array.from({ length: count }, (_, i) => {
        const record = records.slice(i * Layout.bytes, (i + 1) * Layout.bytes);
        const view = new DataView(record.buffer);
        const refused =
          operations.includes(view.getUint32(Layout.operation, true)) &&
          (host === undefined || record[Layout.destination.address + 3] === host);
        return refused ? status : stand.kernel.writeAll(record, 1)[0]!;
      });
  };
  const EINVAL = 22;
  const EPERM = 1;

  test('destinations of a service that could not be added are left out, and its neighbour is added', async () => {
    stand.refuse = (records, count) => {
      stand.refuse = undefined;
      const statuses = stand.kernel.writeAll(records, count);
      statuses.set([22, 3, 3]);
      return statuses;
    };
    const desired = [entry(web, one, two), entry({ ...web, port: 81 }, one)];
    const { steps, converged } = await applyDesired(stand.calls, desired);
    expect(converged).toBe(false);
    expect(steps.map(({ outcome, reason, error }) => [outcome, reason, error instanceof Error])).toEqual([
      ['failed', undefined, true],
      ['left-out', 'its service could not be added', false],
      ['left-out', 'its service could not be added', false],
      ['done', undefined, false],
      ['done', undefined, false],
    ]);
  });

  test('a destination that could not be added fails by itself where its service could', async () => {
    refusing([Operation.newDest], EINVAL, 2);
    const { steps } = await applyDesired(stand.calls, [entry(web, one, two)]);
    expect(steps.map(({ outcome }) => outcome)).toEqual(['done', 'done', 'failed']);
  });

  test('nothing is taken from a service whose every new destination could not be added', async () => {
    const options = { force: true };
    stand.fill([entry(web, one), entry({ ...web, port: 81 }, one)]);
    refusing([Operation.newDest], EINVAL, 2);
    const desired = [entry(web, two), entry({ ...web, port: 81 }, { address: '10.0.1.3', port: 81 })];
    const { steps } = await applyDesired(stand.calls, desired, options);
    expect(steps.map(({ step, outcome, reason }) => [step.kind, step.service.port, outcome, reason])).toEqual(
      [
        ['add-destination', 80, 'failed', undefined],
        ['add-destination', 81, 'done', undefined],
        ['remove-destination', 81, 'done', undefined],
        ['remove-destination', 80, 'left-out', 'nothing that should take its place could be added'],
      ],
    );
  });

  test('a destination that was added at weight 0 takes nobody’s place', async () => {
    stand.fill([entry(web, one)]);
    refusing([Operation.newDest], EINVAL, 3);
    const third = { address: '10.0.1.3', port: 80 };
    const { steps } = await applyDesired(stand.calls, [entry(web, { ...two, weight: 0 }, third)], {
      force: true,
    });
    expect(steps.map(({ step, outcome }) => [step.kind, outcome])).toEqual([
      ['add-destination', 'done'],
      ['add-destination', 'failed'],
      ['remove-destination', 'left-out'],
    ]);
  });

  test.each([
    [
      'a weight that would replace another’s could not be given',
      [{ ...one, weight: 0 }, two],
      [one],
      {},
      'left-out',
    ],
    [
      'weights are left to others, and the one that stays is 0',
      [{ ...one, weight: 0 }, two],
      [{ ...one, upperThreshold: 9 }],
      { keepWeights: true },
      'done',
    ],
    [
      'none is to take connections afterwards',
      [one, two],
      [{ ...one, weight: 0, upperThreshold: 9 }],
      {},
      'done',
    ],
    ['one that stays took connections, and goes on', [one, two], [{ ...one, upperThreshold: 9 }], {}, 'done'],
  ] as const)(
    'a destination is removed or left where gains failed and %s',
    async (_, before, desired, options, outcome) => {
      stand.fill([entry(web, ...before)]);
      refusing([Operation.setDest, Operation.updateDest], EINVAL, 1);
      const { steps } = await applyDesired(stand.calls, [entry(web, ...desired)], {
        force: true,
        ...options,
      });
      expect(steps.find(({ step }) => step.kind === 'remove-destination')).toMatchObject({ outcome });
    },
  );

  test('a weight is not lowered while what should take its place could not be added', async () => {
    stand.fill([entry(web, one, two)]);
    refusing([Operation.newDest], EINVAL, 3);
    const third = { address: '10.0.1.3', port: 80 };
    const desired = [entry(web, { ...one, weight: 0 }, { ...two, weight: 0 }, third)];
    const { steps } = await applyDesired(stand.calls, desired);
    expect(steps.map(({ step, outcome }) => [step.kind, outcome])).toEqual([
      ['add-destination', 'failed'],
      ['change-destination', 'left-out'],
      ['change-destination', 'left-out'],
    ]);
  });

  test('an apply that is aborted once the table was read writes nothing, be it new or a change', async () => {
    const reason = new Error('enough');
    for (const desired of [[entry(web, one)], [entry(web, one, two)], [entry(web, { ...one, weight: 9 })]]) {
      const controller = new AbortController();
      stand.afterRead = () => controller.abort(reason);
      stand.before = () => expect.fail('something was written');
      const { signal } = controller;
      await expect(applyDesired(stand.calls, desired, { signal })).rejects.toMatchObject({
        code: 'ERR_IPVS_ABORTED',
        cause: reason,
      });
      [stand.afterRead, stand.before] = [undefined, undefined];
      await applyDesired(stand.calls, [entry(web, one)]);
    }
  });

  test('an error that no step could escape ends the apply', async () => {
    stand.refuse = (_, count) => new Int32Array(count).fill(EPERM);
    await expect(applyDesired(stand.calls, [entry(web, one)])).rejects.toMatchObject({
      code: 'ERR_IPVS_PERMISSION',
    });
  });
});

describe('an apply of many rows', () => {
  const many = Array.from({ length: 40 }, (_, i) =>
    entry(
      { ...web, port: i + 1 },
      ...Array.from({ length: 30 }, (_, n) => ({ address: `10.0.1.${n}`, port: 80 })),
    ),
  ).map(({ destinations, ...service }) =>
    entry(service, ...destinations.map(row => ({ ...row, port: service.port! }))),
  );

  test('an apply hands over 512 rows and the rest of a service at a time, and all in all each row once', async () => {
    const counts: number[] = [];
    stand.refuse = (_, count) => void counts.push(count);
    const added = await applyDesired(stand.calls, many);
    expect(counts).toEqual([527, 527, 186]);
    expect(added.steps.map(({ step }) => step)).toHaveLength(40 * 31);
    expect(new Set(added.steps.map(({ step }) => step)).size).toBe(40 * 31);
    counts.length = 0;
    const heavier = many.map(service => ({
      ...service,
      destinations: service.destinations.map(row => ({ ...row, weight: 2 })),
    }));
    const { steps } = await plan(stand.calls, heavier as TableEntry[]);
    const applied = await applyDesired(stand.calls, heavier as TableEntry[]);
    expect(applied.steps).toEqual(steps.map(step => ({ step, outcome: 'done', round: 1 })));
    expect(counts).toEqual([512, 512, 176]);
    expect(await left(heavier as TableEntry[], everything)).toEqual([]);
  });

  test('a row that fails in one of several portions is told as its own, and all others as done', async () => {
    const { steps } = await plan(stand.calls, many);
    let portion = 0;
    stand.refuse = (records, count) =>
      ++portion === 2 ? stand.kernel.writeAll(records, count).with(3, constants.errno.ENOMEM) : undefined;
    const applied = await applyDesired(stand.calls, many);
    expect(applied.converged).toBe(false);
    expect(applied.steps.map(({ step }) => step)).toEqual(steps);
    const failed = applied.steps.flatMap(({ outcome }, i) => (outcome === 'done' ? [] : [i]));
    expect(failed).toEqual([527 + 3]);
  });

  test('a portion’s time begins when that of those before it is over, of additions and of changes', async () => {
    const heavier = many.map(service =>
      entry(service, ...service.destinations.map(row => ({ ...row, weight: 9 }))),
    );
    const [old, added] = [many.slice(0, many.length / 2), heavier.slice(many.length / 2)];
    await applyDesired(stand.calls, old, { timeout: 100 });
    expect(stand.timeouts.length).toBeGreaterThan(1);
    expect(stand.timeouts).toEqual(stand.timeouts.map((_, i) => 100 * (i + 1)));
    stand.timeouts.length = 0;
    await applyDesired(stand.calls, [...heavier.slice(0, old.length), ...added]);
    expect(stand.timeouts.length).toBeGreaterThan(3);
    expect(stand.timeouts).toEqual(stand.timeouts.map((_, i) => 5000 * (i + 1)));
  });

  test('an apply that is aborted hands over no further portion, of additions or of changes', async () => {
    const controller = new AbortController();
    let portions = 0;
    stand.before = () => {
      portions++;
      controller.abort(new Error('enough'));
    };
    const { signal } = controller;
    const aborted = { name: 'AbortError', cause: expect.objectContaining({ message: 'enough' }) };
    await expect(applyDesired(stand.calls, many, { signal })).rejects.toMatchObject(aborted);
    expect(portions).toBe(1);
    stand.before = undefined;
    await applyDesired(stand.calls, many);
    const again = new AbortController();
    portions = 0;
    stand.before = () => {
      portions++;
      again.abort(new Error('enough'));
    };
    const lighter = many.map(service =>
      entry(service, ...service.destinations.map(row => ({ ...row, upperThreshold: 9 }))),
    );
    await expect(applyDesired(stand.calls, lighter, { signal: again.signal })).rejects.toMatchObject(aborted);
    expect(portions).toBe(1);
  });
});
