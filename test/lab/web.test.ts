import { describe, expect, test } from 'vitest';
import { webLabs } from './labs.ts';
import { type Check, quietReport } from './report.ts';
import { runWebLab } from './web-lab.ts';

function failed(checks: readonly Check[]): string[] {
  return checks.filter(({ passed }) => !passed).map(({ what }) => what);
}

describe.each([...webLabs])('lab %s', (_, lab) => {
  const requests = lab.servers.length * 2;

  test('passes', async () => {
    const checks = await runWebLab(lab, { report: quietReport, requests, requestTimeout: 20_000 });
    expect(checks.filter(({ passed }) => !passed)).toEqual([]);
  });

  // Networks of their own, so all at once: most of their time goes by in waiting.
  test.concurrent.each(Object.entries(lab.proofs))('fails without %s', async (step, expected) => {
    const options = { report: quietReport, requests, requestTimeout: 2000, leaveOut: [step] };
    expect(failed(await runWebLab(lab, options))).toEqual(expected);
  });
});
