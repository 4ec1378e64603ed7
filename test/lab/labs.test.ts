import { expect, test } from 'vitest';
import { labs } from './labs.ts';
import { quietReport } from './report/report.ts';

// Networks of their own, so several at once: most of their time goes by in waiting.
test.concurrent.each([...labs])('lab %s passes', async (_, lab) => {
  const checks = await lab.run({ report: quietReport, brief: true, requestTimeout: 20_000 });
  expect(checks.length).toBeGreaterThan(0);
  expect(checks.filter(({ passed }) => !passed)).toEqual([]);
});
