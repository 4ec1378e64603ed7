import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Layout } from '../../../lib/addon/layout.ts';
import type { TableEntry } from '../../../lib/index.ts';
import { createAdditionReader } from '../../../lib/reconcile/additions.ts';
import { readDesired } from '../../../lib/reconcile/desired.ts';
import { planTable } from '../../../lib/reconcile/planner.ts';
import { destinationSpec, serviceRow, serviceSpec } from '../../../lib/reconcile/rows.ts';
import { runSteps } from '../../../lib/reconcile/run.ts';
import type { Step } from '../../../lib/reconcile/types.ts';
import { anyTable } from '../../support/any-table.ts';
import { desiredTables } from '../../support/desired-tables.ts';

/** A destination's record without what the kernel is not told: its service is only identified. */
function withoutSettings(record: Buffer): Buffer {
  const { flags, family, bytes } = Layout.service;
  return Buffer.concat([record.subarray(0, flags), record.subarray(family + bytes)]);
}

/** The records that steps are sent as, one after another, and the steps that are told of them. */
async function recordsOf(work: Parameters<typeof runSteps>[1]) {
  const sent: Buffer[] = [];
  const { added, results } = await runSteps(
    {
      async writeAll(_, records, count) {
        const bytes = Buffer.from(records);
        for (let i = 0; i < count; i++) sent.push(bytes.subarray(i * Layout.bytes, (i + 1) * Layout.bytes));
        return new Int32Array(count);
      },
      errorOf: async () => new Error('nothing fails here'),
      giveBack() {},
      round: 1,
    },
    work,
    {},
  );
  const steps: readonly Step[] = [
    ...added.flatMap(createAdditionReader(work.records ?? new Uint32Array())),
    ...results.map(({ step }) => step),
  ];
  expect(sent).toHaveLength(steps.length);
  return { steps, records: sent.map((record, i) => told(steps[i]!, record)) };
}

function told({ kind }: Step, record: Buffer): string {
  return (kind === 'add-service' ? record : withoutSettings(record)).toString('hex');
}

test('records of the desired state that go out again are those that the steps would be encoded as', async () => {
  let reused = 0;
  await fc.assert(
    fc.asyncProperty(desiredTables, fc.oneof(desiredTables, anyTable), async (before, desired) => {
      const ownership = { scope: () => true, claimed: new Set<string>() };
      const read = await readDesired(desired, undefined);
      const { additions, records } = await planTable(before, read, ownership, { owns: 'everything' });
      const reliant = new Set<string>();
      const again = await recordsOf({ additions, records, steps: [], reliant });
      expect(again).toEqual(await recordsOf({ steps: again.steps, reliant }));
      reused += again.steps.length;
    }),
    { numRuns: 300 },
  );
  expect(reused).toBeGreaterThan(0);
});

test('steps that are read back from records are worded as those of changes are', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(desiredTables, anyTable), async desired => {
      const { entries, records } = await readDesired(desired, undefined);
      const stepsOf = createAdditionReader(records);
      for (const [i, entry] of [...entries.values()].entries()) {
        const row = serviceRow(desired[i]!, desired[i]!.destinations);
        const [first, ...others] = stepsOf(entry);
        expect(first).toEqual({ kind: 'add-service', service: row.service, spec: serviceSpec(row) });
        expect(others).toEqual(
          row.destinations.map(found => ({
            kind: 'add-destination',
            service: row.service,
            destination: found.destination,
            spec: destinationSpec(found),
          })),
        );
      }
    }),
    { numRuns: 300 },
  );
});

test('services between which others are there already go out in the order of the desired state', async () => {
  const desired = Array.from({ length: 40 }, (_, i) => ({
    ...{ protocol: 'tcp', address: '10.0.0.1', port: i + 1 },
    destinations: Array.from({ length: 30 }, (_, n) => ({ address: `10.0.1.${n}`, port: 80 })),
  })) as readonly TableEntry[];
  const before = desired.filter((_, i) => i % 3 === 0);
  const ownership = { scope: undefined, claimed: new Set<string>() };
  const { additions, records } = await planTable(
    before,
    await readDesired(desired, undefined),
    ownership,
    {},
  );
  const { steps } = await recordsOf({ additions, records, steps: [], reliant: new Set() });
  const ports = steps.filter(({ kind }) => kind === 'add-service').map(({ service }) => service.port);
  expect(ports).toEqual(desired.filter((_, i) => i % 3 !== 0).map(({ port }) => port));
  expect(steps).toHaveLength(26 * 31);
});
