import { describe, expect, test } from 'vitest';
import { labs } from './labs.ts';
import { quietReport } from './report/report.ts';

/** Milliseconds for a request. Many stay unanswered, and the machine may be busy with other proofs. */
const PATIENCE = 4000;

// A lab that still passed without a step that it needs would show nothing.
describe.concurrent.each([...labs])('proofs of lab %s', (name, lab) => {
  test.each(Object.entries(lab.proofs))(`lab ${name} fails without %s`, async (step, expected) => {
    const options = { report: quietReport, brief: true, requestTimeout: PATIENCE, leaveOut: [step] };
    const failed = (await lab.run(options)).filter(({ passed }) => !passed);
    expect(
      failed.map(({ what }) => what),
      JSON.stringify(failed, null, 1),
    ).toEqual(expected);
  });
});
