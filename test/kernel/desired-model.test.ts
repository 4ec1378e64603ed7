import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatRules, type IpvsError, serviceKey, type TableEntry } from '../../lib/index.ts';
import { desiredTables } from '../support/desired-tables.ts';
import { type Applier, startApplier } from './applier.ts';
import { recordsOf, useBed } from './support.ts';

const bed = useBed();

const RUNS = Number(process.env['IPVS_PROPERTY_RUNS'] ?? 3);

/** Services of programs that name no owner: marks that no desired state has. */
const FOREIGN = 900;

const owners = ['one', 'two'] as const;
type Owner = (typeof owners)[number];

/** What an owner's record has: surely, and at most. They differ once it was killed. */
interface Claim {
  readonly sure: ReadonlySet<string>;
  readonly most: ReadonlySet<string>;
}

interface Model {
  readonly claims: Record<Owner, Claim>;
}

const none: ReadonlySet<string> = new Set();

/** The next process to be killed, which is started ahead: that takes longer than all else. */
let applier: Applier;

beforeAll(() => {
  applier = startApplier(bed.netns);
});

afterAll(() => applier.kill());

/** Every service of the table as rules say it, by its key. */
async function read(): Promise<ReadonlyMap<string, string>> {
  const table = await bed.ipvs.snapshot();
  return new Map(table.map(row => [serviceKey(row), formatRules([row], { order: 'given' })]));
}

function without(
  table: ReadonlyMap<string, string>,
  keys: ReadonlySet<string>,
): Readonly<Record<string, string>> {
  return Object.fromEntries([...table].filter(([key]) => !keys.has(key)));
}

const keysOf = (desired: readonly TableEntry[]) => new Set(desired.map(serviceKey));
const union = (...sets: readonly ReadonlySet<string>[]) => new Set(sets.flatMap(set => [...set]));
const meets = (one: ReadonlySet<string>, other: ReadonlySet<string>) => [...one].some(key => other.has(key));
const otherThan = (owner: Owner) => owners.find(one => one !== owner)!;

/** Nothing is in the table that neither an owner's record has nor other programs made. */
async function expectNoOrphans({ claims }: Model): Promise<void> {
  const known = union(...owners.map(owner => claims[owner].most));
  const orphans = Object.keys(without(await read(), known)).filter(key => !isForeign(key));
  expect(orphans).toEqual([]);
}

function isForeign(key: string): boolean {
  return Number(/^fwmark (\d+)/.exec(key)?.[1] ?? 0) >= FOREIGN;
}

type Command = fc.AsyncCommand<Model, null>;

/** An owner applies a desired state, which is refused only for what the other may have. */
function apply(owner: Owner, desired: readonly TableEntry[]): Command {
  const other = otherThan(owner);
  return {
    check: () => true,
    async run(model) {
      const mine = model.claims[owner];
      const theirs = model.claims[other];
      const keys = keysOf(desired);
      const before = await read();
      const error = await bed.ipvs.apply(desired, { owner, force: true }).then(
        ({ converged, rounds }) => void expect({ converged, rounds }).toEqual({ converged: true, rounds: 1 }),
        (failed: IpvsError) => failed,
      );
      if (error !== undefined) {
        expect(error).toMatchObject({ code: 'ERR_IPVS_OWNED' });
        expect(meets(keys, theirs.most)).toBe(true);
        expect(await read()).toEqual(before);
        return;
      }
      expect(meets(keys, theirs.sure)).toBe(false);
      // What the other may have had of it, it has not.
      const left = new Set([...theirs.most].filter(key => !keys.has(key)));
      model.claims[other] = { sure: theirs.sure, most: left };
      model.claims[owner] = { sure: keys, most: keys };
      expect((await bed.ipvs.plan(desired, { owner })).steps).toEqual([]);
      const touched = union(mine.most, keys);
      const after = await read();
      expect(without(after, touched)).toEqual(without(before, touched));
      // Of its own it has what it desires, and nothing else.
      const own = [...after.keys()].filter(key => touched.has(key) && !left.has(key));
      expect(own.toSorted()).toEqual([...keys].toSorted());
      await expectNoOrphans(model);
    },
    toString: () => `apply(${JSON.stringify(desired)}, { owner: '${owner}' })`,
  };
}

/** An owner is killed some milliseconds after it began to apply. */
function kill(owner: Owner, desired: readonly TableEntry[], after: number): Command {
  const keys = keysOf(desired);
  return {
    check: ({ claims }) => !meets(keys, claims[otherThan(owner)].most),
    async run(model) {
      const { sure, most } = model.claims[owner];
      const before = await read();
      await applier.begin(desired, owner);
      await sleep(after);
      await applier.kill();
      applier = startApplier(bed.netns);
      const mine = union(most, keys);
      model.claims[owner] = { sure: new Set([...sure].filter(key => keys.has(key))), most: mine };
      expect(without(await read(), mine)).toEqual(without(before, mine));
      await expectNoOrphans(model);
    },
    toString: () => `kill(${JSON.stringify(desired)}, { owner: '${owner}' }, after ${after} ms)`,
  };
}

const meddlings = ['own', 'weight', 'add', 'remove', 'remove-service'] as const;

/** Another program writes: a row of its own, or one of an owner's. */
function meddle(what: (typeof meddlings)[number], pick: number): Command {
  return {
    check: () => true,
    async run() {
      const { ipvs } = bed;
      const table = await ipvs.snapshot();
      if (what === 'own') {
        const foreign = { fwmark: FOREIGN + (pick % 3), family: 'ipv4' } as const;
        const isThere = table.some(row => serviceKey(row) === serviceKey(foreign));
        await (isThere ? ipvs.removeService(foreign) : ipvs.addService(foreign));
        return;
      }
      const service = table[pick % Math.max(1, table.length)];
      if (service === undefined) return;
      const { destinations } = service;
      const row = destinations[pick % Math.max(1, destinations.length)];
      const ipv6 = service.fwmark === undefined ? service.address.includes(':') : service.family === 'ipv6';
      const added = { address: ipv6 ? 'fd00::99' : '10.9.1.99', port: 9, forwarding: 'masquerade' } as const;
      if (what === 'remove-service') await ipvs.removeService(service);
      else if (what === 'add') {
        if (destinations.every(({ address }) => address !== added.address)) {
          await ipvs.addDestination(service, added);
        }
      } else if (row !== undefined) {
        if (what === 'remove') await ipvs.removeDestination(service, row);
        else await ipvs.updateDestination(service, row, { weight: pick % 7 });
      }
    },
    toString: () => `meddle(${what}, ${pick})`,
  };
}

const owner = fc.constantFrom(...owners);
const applies = fc.tuple(owner, desiredTables).map(([who, desired]) => apply(who, desired));
const meddles = fc
  .tuple(fc.constantFrom(...meddlings), fc.nat(1000))
  .map(([what, pick]) => meddle(what, pick));
/** One command in seven: to start the next process takes longer than all others. */
const kills = fc
  .tuple(owner, desiredTables, fc.nat(25))
  .map(([who, desired, after]) => kill(who, desired, after));

const commands = fc.commands([applies, applies, applies, applies, meddles, meddles, kills], {
  maxCommands: 16,
  size: 'max',
});

test('apply() gives each of two owners its table beside other programs and kills, and touches nobody else’s rows', async () => {
  await fc.assert(
    fc.asyncProperty(commands, async list => {
      const setup = () => ({
        model: { claims: { one: { sure: none, most: none }, two: { sure: none, most: none } } },
        real: null,
      });
      await fc.asyncModelRun(setup, list);
      // Both give up what they have, whatever of it was done: all that is left is other programs'.
      for (const who of owners) {
        expect(await bed.ipvs.apply([], { owner: who, force: true })).toMatchObject({ converged: true });
      }
      expect([...(await read()).keys()].filter(key => !isForeign(key))).toEqual([]);
      await bed.ipvs.flush();
      rmSync(recordsOf(bed.netns), { recursive: true, force: true });
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
});
