import { describe, expect, test } from 'vitest';
import { labs } from './labs.ts';
import { type Check, quietReport } from './report/report.ts';

function failed(checks: readonly Check[]): readonly Check[] {
  return checks.filter(({ passed }) => !passed);
}

describe.each([...labs])('lab %s', (_, lab) => {
  const options = { report: quietReport, brief: true };

  test('passes', async () => {
    expect(failed(await lab.run({ ...options, requestTimeout: 20_000 }))).toEqual([]);
  });

  // Networks of their own, so all at once: most of their time goes by in waiting.
  test.concurrent.each(Object.entries(lab.proofs))('fails without %s', async (step, expected) => {
    const checks = failed(await lab.run({ ...options, requestTimeout: 2000, leaveOut: [step] }));
    expect(checks.map(({ what }) => what)).toEqual(expected);
  });
});
