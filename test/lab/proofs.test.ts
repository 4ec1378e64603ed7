import { describe, expect, test } from 'vitest';
import { labs } from './labs.ts';
import { quietReport } from './report/report.ts';

/**
 * Milliseconds for a request: not long, as many are not to be answered, and not short, as the machine may be
 * busy with other proofs.
 */
const PATIENCE = 4000;

// What a lab shows, it has to fail to show when a step is left out that it needs: otherwise it would show
// nothing.
describe.concurrent.each([...labs])('lab %s fails', (_, lab) => {
  test.each(Object.entries(lab.proofs))('without %s', async (step, expected) => {
    const options = { report: quietReport, brief: true, requestTimeout: PATIENCE, leaveOut: [step] };
    const failed = (await lab.run(options)).filter(({ passed }) => !passed);
    expect(
      failed.map(({ what }) => what),
      JSON.stringify(failed, null, 1),
    ).toEqual(expected);
  });
});
