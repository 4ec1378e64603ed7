import fc from 'fast-check';
import { expect, test } from 'vitest';
import { destinationKey, parseCommands, type Step, serviceKey, type TableEntry } from '../../../lib/index.ts';
import { desiredTables } from '../../support/desired-tables.ts';
import { TableModel } from '../../support/table-model.ts';
import { planFor } from './support.ts';

const options = fc.record({
  owns: fc.constantFrom(undefined, 'everything' as const),
  keepWeights: fc.boolean(),
  order: fc.constantFrom('keep' as const, 'exact' as const),
});

function run(model: TableModel, steps: readonly Step[]): void {
  for (const step of steps) expect(model.apply(step)).toBe(undefined);
}

function find(table: readonly TableEntry[], key: string): TableEntry | undefined {
  return table.find(service => serviceKey(service) === key);
}

test('a plan carried out makes any table what is desired, so that the next plan is empty', async () => {
  await fc.assert(
    fc.asyncProperty(desiredTables, desiredTables, options, async (before, desired, how) => {
      const model = new TableModel(before);
      run(model, (await planFor(model.snapshot(), desired, how)).steps);
      const again = await planFor(model.snapshot(), desired, how);
      expect(again.steps).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test('a plan for everything leaves nothing behind that is not desired', async () => {
  await fc.assert(
    fc.asyncProperty(desiredTables, desiredTables, async (before, desired) => {
      const model = new TableModel(before);
      run(model, (await planFor(model.snapshot(), desired, { owns: 'everything' })).steps);
      expect(model.keys().toSorted()).toEqual(desired.map(serviceKey).toSorted());
      for (const service of model.snapshot()) {
        const keys = find(desired, serviceKey(service))!.destinations.map(destinationKey);
        expect(service.destinations.map(destinationKey).toSorted()).toEqual(keys.toSorted());
      }
    }),
  );
});

test('a plan leaves services alone that are neither desired nor in scope', async () => {
  await fc.assert(
    fc.asyncProperty(desiredTables, desiredTables, options, async (before, desired, { owns: _, ...how }) => {
      const model = new TableModel(before);
      const plan = await planFor(model.snapshot(), desired, how);
      for (const step of plan.steps) expect(find(desired, serviceKey(step.service))).toBeDefined();
      run(model, plan.steps);
      for (const service of before) {
        const key = serviceKey(service);
        if (find(desired, key) === undefined) expect(find(model.snapshot(), key)).toEqual(service);
      }
    }),
  );
});

test('a service that takes connections before and after a plan takes them after every step', async () => {
  await fc.assert(
    fc.asyncProperty(desiredTables, desiredTables, fc.boolean(), async (before, desired, keepWeights) => {
      const model = new TableModel(before);
      const plan = await planFor(before, desired, { owns: 'everything', keepWeights });
      const after = new TableModel(before);
      run(after, plan.steps);
      const lasting = model.keys().filter(key => model.hasTaker(key) && after.hasTaker(key));
      for (const step of plan.steps) {
        model.apply(step);
        for (const key of lasting) expect(model.hasTaker(key)).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
});

test("the order 'exact' gives every desired service its destinations in the desired order", async () => {
  await fc.assert(
    fc.asyncProperty(desiredTables, desiredTables, async (before, desired) => {
      const model = new TableModel(before);
      const plan = await planFor(before, desired, { order: 'exact' });
      run(model, plan.steps);
      for (const service of desired) {
        const found = find(model.snapshot(), serviceKey(service))!;
        expect(found.destinations.map(destinationKey)).toEqual(service.destinations.map(destinationKey));
      }
      expect(plan.warnings.filter(({ code }) => code === 'order-differs')).toEqual([]);
    }),
  );
});

test('a plan removes nothing for the sake of an order that is not asked for', async () => {
  await fc.assert(
    fc.asyncProperty(desiredTables, desiredTables, async (before, desired) => {
      const { steps } = await planFor(before, desired);
      for (const step of steps) {
        if (step.kind !== 'remove-destination') continue;
        const { destinations } = find(desired, serviceKey(step.service))!;
        expect(destinations.map(destinationKey)).not.toContain(destinationKey(step.destination));
      }
    }),
  );
});

test('keepWeights leaves the weight of every destination that is there', async () => {
  await fc.assert(
    fc.asyncProperty(
      desiredTables,
      desiredTables,
      fc.constantFrom('keep', 'exact'),
      async (before, desired, order) => {
        const model = new TableModel(before);
        run(model, (await planFor(before, desired, { keepWeights: true, order })).steps);
        for (const service of before) {
          for (const { weight = 1, ...row } of service.destinations) {
            const after = find(model.snapshot(), serviceKey(service))?.destinations;
            const found = after?.find(other => destinationKey(other) === destinationKey(row as never));
            if (found !== undefined) expect(found.weight ?? 1).toBe(weight);
          }
        }
      },
    ),
  );
});

test('a plan’s commands say the same as its steps', async () => {
  await fc.assert(
    fc.asyncProperty(desiredTables, desiredTables, options, async (before, desired, how) => {
      const plan = await planFor(before, desired, how);
      const commands = parseCommands(
        plan
          .commands()
          .map(line => `${line}\n`)
          .join(''),
      );
      expect(commands).toHaveLength(plan.steps.length);
      const model = new TableModel(before);
      for (const [i, { command }] of commands.entries()) {
        const step = plan.steps[i]!;
        const spec = 'destination' in command ? command.destination : 'service' in command && command.service;
        expect(model.apply({ ...step, spec } as Step)).toBe(undefined);
      }
      expect((await planFor(model.snapshot(), desired, how)).steps).toEqual([]);
    }),
  );
});

test('a plan’s scope counts the destinations in it and those that go', async () => {
  await fc.assert(
    fc.asyncProperty(desiredTables, desiredTables, async (before, desired) => {
      const plan = await planFor(before, desired, { owns: 'everything' });
      const count = (table: readonly TableEntry[]) =>
        table.reduce((sum, { destinations }) => sum + destinations.length, 0);
      const stays = before.map(service => ({
        ...service,
        destinations: service.destinations.filter(row =>
          find(desired, serviceKey(service))?.destinations.some(
            other => destinationKey(other) === destinationKey(row),
          ),
        ),
      }));
      expect(plan.scope).toEqual({
        services: before.length,
        destinations: count(before),
        removals: count(before) - count(stays),
      });
    }),
  );
});
