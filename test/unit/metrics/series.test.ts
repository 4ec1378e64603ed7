import { expect, test } from 'vitest';
import { checkOptions } from '../../../lib/metrics/options.ts';
import { createSeries } from '../../../lib/metrics/series.ts';
import { type Entry, makeTable } from './table.ts';

test('whoever makes the series of many rows may rest after each of them', async () => {
  const entries = [1, 2, 3].map(
    (fwmark): Entry => ({
      fwmark,
      family: 'ipv4',
      rows: [1, 2].map(port => ({ address: '10.0.0.2', port })),
    }),
  );
  const sample = await makeTable(entries)
    .client.sampler({ columns: ['counters'], reuse: true })
    .read();
  let rests = 0;
  const pace = {
    isDue: () => true,
    async rest() {
      rests++;
    },
  };
  await createSeries(sample, checkOptions({}), undefined, pace);
  expect(rests).toBe(3 + 6);
});
