import { describe, expect, test } from 'vitest';
import type { IpvsError, TableEntry } from '../../../lib/index.ts';
import { fitSteps } from '../../../lib/reconcile/fit.ts';
import type { PlanOptions } from '../../../lib/reconcile/types.ts';
import { planFor } from './support.ts';

const web = { protocol: 'tcp', address: '10.0.0.1', port: 80 } as const;
const one = { address: '10.0.1.1', port: 80 };
const two = { address: '10.0.1.2', port: 80 };
const rr = { ...web, scheduler: 'rr', destinations: [one] } as const satisfies TableEntry;

/** What becomes of the plan from one table to another where the table is a third by then. */
async function fate(
  before: readonly TableEntry[],
  desired: readonly TableEntry[],
  now: readonly TableEntry[],
  options: PlanOptions = { owns: 'everything' },
) {
  const { steps } = await planFor(before, desired, options);
  const { steps: fitting, results, reliant } = fitSteps(steps, now);
  return {
    fitting: fitting.map(({ kind }) => kind),
    results: results.map(result =>
      result.outcome === 'failed'
        ? wordsOf(result.error as IpvsError)
        : `${result.step.kind} ${result.outcome}: ${'reason' in result ? result.reason : ''}`,
    ),
    reliant: [...reliant],
  };
}

const wordsOf = ({ code, command, message }: IpvsError) => `${code} of ${command}: ${message}`;

const done = (...kinds: readonly string[]) => ({
  fitting: [],
  results: kinds.map(kind => `${kind} left-out: the table is so already`),
});
const stale = (kind: string, what: string, found: string) => ({
  fitting: [],
  results: [
    `ERR_IPVS_STALE of APPLY: ${kind} does not fit any more: ${what}service tcp 10.0.0.1:80: ${found}; plan again`,
  ],
});

describe('a plan that was kept', () => {
  test('steps fit the table that the plan was made for, each after those before it', async () => {
    const before = [rr, { ...web, port: 81, destinations: [one, two] }];
    const desired = [
      { ...rr, scheduler: 'wrr', destinations: [{ ...one, weight: 2 }, two] },
      { ...web, port: 82, destinations: [one] },
      { ...web, port: 81, destinations: [two] },
    ];
    const kinds = (await planFor(before, desired)).steps.map(({ kind }) => kind);
    expect(new Set(kinds)).toEqual(
      new Set([
        ...['add-service', 'change-service', 'add-destination', 'change-destination', 'remove-destination'],
      ]),
    );
    expect(await fate(before, desired, before)).toMatchObject({ fitting: kinds, results: [] });
    expect(await fate(before, desired, desired)).toMatchObject(done(...kinds));
  });

  test('a service to be added that is there already is left out where it is the same', async () => {
    const empty = { ...rr, destinations: [] };
    expect(await fate([], [empty], [rr])).toMatchObject(done('add-service'));
    expect(await fate([], [empty], [{ ...rr, scheduler: 'sh' }])).toMatchObject(
      stale('add-service', '', 'the service is there, and another'),
    );
  });

  test('a change of a service fits where that has the same fields to change, from the same values', async () => {
    const desired = [{ ...rr, scheduler: 'wrr' }];
    expect(await fate([rr], desired, [])).toMatchObject(
      stale('change-service', '', 'its service is not there any more'),
    );
    expect(await fate([rr], desired, [{ ...rr, scheduler: 'sh' }])).toMatchObject(
      stale('change-service', '', 'its scheduler changed since'),
    );
    const persistent = { ...rr, persistence: { timeout: 60 } };
    expect(await fate([rr], desired, [persistent])).toMatchObject(
      stale('change-service', '', 'its scheduler, persistence changed since'),
    );
  });

  test('a service that has got a destination since is not removed', async () => {
    expect(await fate([rr], [], [{ ...rr, destinations: [one, two] }])).toMatchObject(
      stale('remove-service', '', 'it has got destination 10.0.1.2:80 since'),
    );
    expect(await fate([rr], [], [{ ...rr, destinations: [] }])).toMatchObject({
      fitting: ['remove-service'],
    });
    expect(await fate([rr], [], [])).toMatchObject(done('remove-service'));
  });

  test('a destination to be added that is there already is left out where it is the same', async () => {
    const desired = [{ ...rr, destinations: [one, two] }];
    expect(await fate([rr], desired, desired)).toMatchObject(done('add-destination'));
    const other = { ...rr, destinations: [one, { ...two, weight: 7 }] };
    expect(await fate([rr], desired, [other])).toMatchObject(
      stale('add-destination', 'destination 10.0.1.2:80 of ', 'the destination is there, and another'),
    );
    expect(await fate([rr], desired, [])).toMatchObject(
      stale('add-destination', 'destination 10.0.1.2:80 of ', 'its service is not there any more'),
    );
  });

  test('a change of a destination fits where that has the same fields to change, from the same values', async () => {
    const desired = [{ ...rr, destinations: [{ ...one, weight: 5 }] }];
    const what = 'destination 10.0.1.1:80 of ';
    expect(await fate([rr], desired, [{ ...rr, destinations: [] }])).toMatchObject(
      stale('change-destination', what, 'the destination is not there any more'),
    );
    const other = { ...rr, destinations: [{ ...one, weight: 3, upperThreshold: 9 }] };
    expect(await fate([rr], desired, [other])).toMatchObject(
      stale('change-destination', what, 'its weight, upperThreshold changed since'),
    );
  });

  test('a weight that somebody set since is left to them by a change that keeps weights, and by no other', async () => {
    const desired = [{ ...rr, destinations: [{ ...one, upperThreshold: 9 }] }];
    const now = [{ ...rr, destinations: [{ ...one, weight: 3 }] }];
    const options = { owns: 'everything', keepWeights: true } as const;
    expect(await fate([rr], desired, now, options)).toMatchObject({ fitting: ['change-destination'] });
    expect(await fate([rr], desired, now)).toMatchObject(
      stale('change-destination', 'destination 10.0.1.1:80 of ', 'its upperThreshold, weight changed since'),
    );
  });

  test('a destination that was changed since is not removed, and one that is gone needs no removal', async () => {
    const desired = [{ ...rr, destinations: [] }];
    const what = 'destination 10.0.1.1:80 of ';
    expect(await fate([rr], desired, [{ ...rr, destinations: [{ ...one, weight: 0 }] }])).toMatchObject(
      stale('remove-destination', what, 'its weight changed since'),
    );
    expect(await fate([rr], desired, desired)).toMatchObject(done('remove-destination'));
    expect(await fate([rr], desired, [])).toMatchObject(done('remove-destination'));
  });

  test('a service relies on the plan’s end where none that took connections before does so after it', async () => {
    const of = async (before: TableEntry['destinations'], desired: TableEntry['destinations']) =>
      (
        await fate(
          [{ ...rr, destinations: before }],
          [{ ...rr, destinations: desired }],
          [{ ...rr, destinations: before }],
        )
      ).reliant;
    const idle = { ...one, weight: 0 };
    expect(await of([one], [two])).toEqual(['tcp 10.0.0.1:80']);
    expect(await of([one, two], [two])).toEqual([]);
    expect(await of([one, { ...two, weight: 0 }], [idle, two])).toEqual(['tcp 10.0.0.1:80']);
    expect(await of([one], [idle])).toEqual([]);
    expect(await of([idle], [idle, two])).toEqual(['tcp 10.0.0.1:80']);
  });
});
