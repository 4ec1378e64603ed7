import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Layout } from '../../../lib/addon/layout.ts';
import { readDesired } from '../../../lib/reconcile/desired.ts';
import { planTable } from '../../../lib/reconcile/planner.ts';
import { createStepEncoder, type WrittenSteps } from '../../../lib/reconcile/write.ts';
import { anyTable } from '../../support/any-table.ts';
import { desiredTables } from '../../support/desired-tables.ts';

/** A destination's record without what the kernel is not told: its service is only identified. */
function withoutSettings(record: Buffer): Buffer {
  const { flags, family, bytes } = Layout.service;
  return Buffer.concat([record.subarray(0, flags), record.subarray(family + bytes)]);
}

test('records of the desired state that go out again are those that the steps would be encoded as', async () => {
  let reused = 0;
  await fc.assert(
    fc.asyncProperty(desiredTables, fc.oneof(desiredTables, anyTable), async (before, desired) => {
      const ownership = { scope: () => true, claimed: new Set<string>() };
      const read = await readDesired(desired, undefined);
      const { plan, written } = await planTable(before, read, ownership, { owns: 'everything' });
      const additions = plan.steps.filter(({ kind }) => kind === 'add-service' || kind === 'add-destination');
      const encode = (records?: WrittenSteps) => {
        const encoder = createStepEncoder(records);
        for (let i = 0; i < additions.length; ) {
          let end = i + 1;
          if (additions[i]!.kind === 'add-service') {
            while (additions[end]?.service === additions[i]!.service) end++;
          }
          encoder.append(additions, i, end - i);
          i = end;
        }
        expect(encoder.count).toBe(additions.length);
        const bytes = Buffer.from(encoder.take());
        return additions.map(({ kind }, i) => {
          const record = bytes.subarray(i * Layout.bytes, (i + 1) * Layout.bytes);
          return (kind === 'add-service' ? record : withoutSettings(record)).toString('hex');
        });
      };
      expect(encode(written)).toEqual(encode());
      reused += written.recordOf.size;
    }),
    { numRuns: 300 },
  );
  expect(reused).toBeGreaterThan(0);
});
