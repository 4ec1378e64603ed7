import { expect, test } from 'vitest';
import { Operation } from '../../../lib/addon/layout.ts';
import type { CallSpec, FurtherCalls } from '../../../lib/calls/call.ts';
import { type ApplyOptions, IpvsError, type IpvsErrorCode, type TableEntry } from '../../../lib/index.ts';
import { readPlanOptions } from '../../../lib/reconcile/options.ts';
import { beginReading, planNow } from '../../../lib/reconcile/planning.ts';
import { nativeTable } from '../../support/native-table.ts';

const nameOf = new Map(Object.entries(Operation).map(([name, number]) => [number as number, name]));

const none = { rows: 0, buffer: new ArrayBuffer(0) };

/** What the kernel is asked for a desired state, where its table is empty. */
async function asked(services: number, options: ApplyOptions = {}): Promise<readonly string[]> {
  const questions: string[] = [];
  const calls: FurtherCalls = {
    async run<T>({ operation, decode }: CallSpec<T>) {
      questions.push(nameOf.get(operation)!);
      if (operation === Operation.getService) return undefined as T;
      return decode({ services: none, destinations: none, names: [] });
    },
    file: async () => 'namespace' as never,
  };
  const desired = Array.from({ length: services }, (_, i) => ({
    fwmark: i + 1,
    family: 'ipv4',
    destinations: [],
  })) as readonly TableEntry[];
  const settings = readPlanOptions(options);
  const plan = await planNow(calls, beginReading(desired, settings.scope), settings, false);
  expect(plan.additions).toHaveLength(services);
  return questions;
}

test('a desired state of few services is compared with those alone, not with the whole table', async () => {
  expect(await asked(2)).toEqual(['getService', 'getDest', 'getService', 'getDest']);
  expect(new Set(await asked(64, { owner: 'any' }))).toEqual(new Set(['getService', 'getDest']));
});

test('the whole table is read for many services, and where the scope may have others than those desired', async () => {
  expect(await asked(65)).toEqual(['snapshot']);
  expect(await asked(0)).toEqual(['snapshot']);
  expect(await asked(2, { owns: 'everything' })).toEqual(['snapshot']);
});

test('a part of many services is compared with those alone, and goes with no scope', async () => {
  expect(await asked(500, { partial: true, owner: 'any' })).toHaveLength(1000);
  expect(await asked(1001, { partial: true })).toEqual(['snapshot']);
  await expect(asked(1, { partial: true, owns: 'everything' })).rejects.toThrow(
    'options.partial does not go with options.owns',
  );
});

test('a part of the table is read while it is looked up who owns it, and one failure of both is told', async () => {
  const desired: TableEntry[] = [{ fwmark: 1, family: 'ipv4', destinations: [] }];
  const settings = readPlanOptions({ partial: true, owner: 'any' });
  const failures: string[] = [];
  let refuse = (_: Error) => {};
  const calls: FurtherCalls = {
    run: () => Promise.reject(new Error('no table')),
    file: () =>
      new Promise((_, reject) => {
        refuse = reject;
      }),
  };
  const planned = planNow(calls, beginReading(desired, undefined), settings, false);
  await planned.catch((error: Error) => failures.push(error.message));
  expect(failures).toEqual(['no table']);
  refuse(new Error('no records'));
});

test('a service that goes while it is read has no destinations, and no other error is passed over', async () => {
  const service = { fwmark: 1, family: 'ipv4' } as const;
  const destination = { address: '10.0.1.1', port: 0 };
  const plan = (code: IpvsErrorCode) => {
    const calls: FurtherCalls = {
      async run<T>({ operation, decode }: CallSpec<T>) {
        if (operation === Operation.getService)
          return decode(nativeTable([{ ...service, destinations: [] }]));
        throw new IpvsError(code, 'nothing was read', { command: 'GET_DEST', service });
      },
      file: async () => 'namespace' as never,
    };
    const settings = readPlanOptions({});
    const desired = [{ ...service, destinations: [destination] }];
    return planNow(calls, beginReading(desired, settings.scope), settings, false);
  };
  const { additions, steps } = await plan('ERR_IPVS_SERVICE_NOT_FOUND');
  expect([additions, steps]).toMatchObject([[], [{ kind: 'add-destination', destination }]]);
  await expect(plan('ERR_IPVS_UNSTABLE')).rejects.toMatchObject({ code: 'ERR_IPVS_UNSTABLE' });
});
