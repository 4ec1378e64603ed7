import { expect, test } from 'vitest';
import type { Applied, TableEntry } from '../../../lib/index.ts';
import { formatApplied, formatPlan } from '../../../lib/reconcile/format.ts';
import type { PlanOptions } from '../../../lib/reconcile/types.ts';
import { planFor } from './support.ts';

const web = { protocol: 'tcp', address: '10.0.0.1', port: 80, scheduler: 'rr' } as const;
const one = { address: '10.0.1.1', port: 80 };
const two = { address: '10.0.1.2', port: 80 };
const everything: PlanOptions = { owns: 'everything' };

/** The lines of a plan from one table to another, painted. */
async function lines(
  before: readonly TableEntry[],
  desired: readonly TableEntry[],
  options: PlanOptions = everything,
): Promise<readonly string[]> {
  return formatPlan(await planFor(before, desired, options), (tone, text) => `${tone}|${text}`).split('\n');
}

test('each line of a plan has the tone of what it says', async () => {
  const before = [
    { ...web, destinations: [one, two] },
    { ...web, port: 81, destinations: [one] },
  ];
  const desired = [
    { ...web, scheduler: 'sh', destinations: [{ ...one, weight: 2, forwarding: 'masquerade' }] },
    { ...web, port: 82, destinations: [two] },
  ] as const;
  expect(await lines(before, desired)).toEqual([
    'add|+ tcp 10.0.0.1:82 rr',
    'add|  + 10.0.1.2:80 direct, weight 1',
    '',
    'change|~ tcp 10.0.0.1:80 scheduler: rr → sh',
    'change|  ~ 10.0.1.1:80 forwarding: direct → masquerade, weight: 1 → 2',
    'remove|  - 10.0.1.2:80 direct, weight 1',
    '',
    'remove|- tcp 10.0.0.1:81 rr',
    'remove|  - 10.0.1.1:80 direct, weight 1',
    '',
    'To do: add 1 service and 1 destination; change 1 service and 1 destination; remove 1 service and 2 destinations.',
    expect.stringMatching(/^warning\|! tcp 10\.0\.0\.1:80: /),
    expect.stringMatching(/^warning\|! tcp 10\.0\.0\.1:82: 10\.0\.1\.2:80: /),
    expect.stringMatching(/^refusal\|refused: the plan removes 2 of the 3 destinations/),
  ]);
});

test('a plan’s text names a service of which destinations alone change, and says limits where there are any', async () => {
  const desired = [
    {
      ...web,
      destinations: [
        { ...one, upperThreshold: 9 },
        { ...two, lowerThreshold: 2, upperThreshold: 9 },
      ],
    },
  ];
  expect(await lines([{ ...web, destinations: [] }], desired)).toEqual([
    '  tcp 10.0.0.1:80',
    'add|  + 10.0.1.1:80 direct, weight 1, connections limited at 9',
    'add|  + 10.0.1.2:80 direct, weight 1, connections limited at 2 to 9',
    '',
    'To do: add 2 destinations.',
  ]);
});

test('a plan’s text says that a destination moves, and counts it as moved', async () => {
  const service = { ...web, scheduler: 'sh' };
  const text = await lines(
    [{ ...service, destinations: [one, two] }],
    [{ ...service, destinations: [two, one] }],
    {
      ...everything,
      order: 'exact',
    },
  );
  expect(text.slice(0, 4)).toEqual([
    '  tcp 10.0.0.1:80',
    'change|  ~ 10.0.1.1:80 removed and added again, for its place',
    '',
    'To do: move 1 destination.',
  ]);
});

test('a plan without a step says that nothing is to do', async () => {
  const table = [{ ...web, destinations: [one] }];
  expect(await lines(table, table)).toEqual(['Nothing to do: the table is as desired.']);
});

test('what was done is told as the plan said it, without what was not', async () => {
  const desired = [{ ...web, destinations: [one, two] }];
  const { steps } = await planFor([], desired, everything);
  const warnings = [{ code: 'any', service: web, message: 'something to know' }];
  const told = (outcomes: readonly string[]) =>
    formatApplied({
      steps: steps.slice(0, outcomes.length).map((step, i) => ({ step, outcome: outcomes[i] })),
      warnings,
    } as unknown as Applied).split('\n');
  expect(told(['done', 'done', 'failed'])).toEqual([
    '+ tcp 10.0.0.1:80 rr',
    '  + 10.0.1.1:80 direct, weight 1',
    '',
    'Done: add 1 service and 1 destination.',
    '! tcp 10.0.0.1:80: something to know',
  ]);
  expect(told(['left-out'])).toEqual(['Done: nothing.', '! tcp 10.0.0.1:80: something to know']);
  expect(told([])).toEqual([
    'Nothing to do: the table is as desired.',
    '! tcp 10.0.0.1:80: something to know',
  ]);
});
