import { expect, test } from 'vitest';
import { labs } from './labs.ts';
import { quietReport } from './report/report.ts';

// Labs run at the same time, each in networks of its own: most of their time is waiting. The director's has a file
// of its own.
const together = [...labs].filter(([name]) => name !== 'director');

test.concurrent.each(together)('lab %s passes all its checks', async (_, lab) => {
  const checks = await lab.run({ report: quietReport, brief: true, requestTimeout: 20_000 });
  expect(checks.length).toBeGreaterThan(0);
  expect(checks.filter(({ passed }) => !passed)).toEqual([]);
});
