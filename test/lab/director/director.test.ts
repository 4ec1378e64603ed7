import { expect, test } from 'vitest';
import { quietReport } from '../report/report.ts';
import { director } from './director.ts';

// By itself: its checks have a second, and a machine that runs other labs meanwhile is late for that.
test('lab director passes all its checks', async () => {
  const checks = await director.run({ report: quietReport, brief: true, requestTimeout: 20_000 });
  expect(checks.length).toBeGreaterThan(0);
  expect(checks.filter(({ passed }) => !passed)).toEqual([]);
});
