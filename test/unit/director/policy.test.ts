import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keptIn } from '../../../lib/director/policy/allowance.ts';
import { decide, type Member } from '../../../lib/director/policy/decide.ts';
import { createExcuses, mayBeLate } from '../../../lib/director/policy/lateness.ts';
import { hasQuorum } from '../../../lib/director/policy/quorum.ts';
import { heedsWeights, rampOf } from '../../../lib/director/policy/ramp.ts';
import { suspect } from '../../../lib/director/policy/suspicion.ts';
import { weightOf } from '../../../lib/director/policy/weight.ts';

const part = fc.double({ min: 0, max: 1, noNaN: true });
const someOfIt = fc.double({ min: 0.01, max: 1, noNaN: true });
const layers = fc.record({
  configured: fc.nat({ max: 2_147_483_647 }),
  isIn: fc.boolean(),
  health: part,
  ramp: someOfIt,
});

describe('the weight as a product of layers', () => {
  test('a weight is 0 exactly where one of its layers is', () => {
    fc.assert(
      fc.property(layers, given => {
        const { configured, isIn, health } = given;
        const isOut = !isIn || configured === 0 || health === 0;
        expect(weightOf(given) === 0).toBe(isOut);
      }),
    );
  });

  test('a weight is a whole number that no layer raises above what is configured', () => {
    fc.assert(
      fc.property(layers, given => {
        const weight = weightOf(given);
        expect(Number.isInteger(weight)).toBe(true);
        expect(weight).toBeLessThanOrEqual(given.configured);
        expect(weightOf({ ...given, isIn: true, health: 1, ramp: 1 })).toBe(given.configured);
      }),
    );
  });

  test('a weight never falls when one of its layers rises', () => {
    fc.assert(
      fc.property(layers, part, someOfIt, (given, health, ramp) => {
        const higher = {
          ...given,
          health: Math.max(given.health, health),
          ramp: Math.max(given.ramp, ramp),
        };
        expect(weightOf(higher)).toBeGreaterThanOrEqual(weightOf(given));
      }),
    );
  });
});

describe('a slow start', () => {
  test('a slow start begins with a tenth, rises in steps of a second, and ends with all', () => {
    const times = [0, 999, 1000, 2500, 5000, 9999, 10_000, 60_000];
    expect(times.map(time => rampOf(time, 10_000))).toEqual([0.1, 0.1, 0.1, 0.2, 0.5, 0.9, 1, 1]);
    expect(rampOf(0, 0)).toBe(1);
  });

  test('a slow start never falls as time goes by', () => {
    fc.assert(
      fc.property(fc.nat(1e6), fc.nat(1e6), fc.nat(1e6), (one, more, duration) => {
        expect(rampOf(one + more, duration)).toBeGreaterThanOrEqual(rampOf(one, duration));
      }),
    );
  });

  test('only schedulers that share by weight have slow starts', () => {
    const names = [
      'rr',
      'wrr',
      'lc',
      'wlc',
      'sed',
      'nq',
      'lblc',
      'lblcr',
      'fo',
      'ovf',
      'mh',
      'sh',
      'dh',
      'twos',
    ];
    expect(names.filter(name => heedsWeights(name))).toEqual(['wrr', 'wlc', 'sed', 'nq', 'lblc', 'lblcr']);
    expect(heedsWeights(undefined)).toBe(true);
  });
});

test('a quorum with hysteresis takes more to come than to stay', () => {
  const quorum = { weight: 10, hysteresis: 3 };
  const state = (had: boolean | undefined) =>
    [6, 7, 10, 12, 13].map(weight => hasQuorum(had, weight, quorum));
  expect(state(true)).toEqual([false, true, true, true, true]);
  expect(state(false)).toEqual([false, false, false, false, true]);
  expect(state(undefined)).toEqual([false, false, true, true, true]);
});

describe('the part of a service that may be taken out', () => {
  const candidates = fc.array(
    fc.record({ weight: fc.integer({ min: 1, max: 1000 }), isFailing: fc.boolean(), since: fc.nat(1000) }),
    { maxLength: 12 },
  );

  test('no more of the weight is taken out than the limit, and nothing that is healthy is kept', () => {
    fc.assert(
      fc.property(candidates, part, (rows, limit) => {
        const all = rows.map((row, i) => ({ key: `${i}`, ...row }));
        const kept = keptIn(all, limit);
        const out = all.filter(({ key, isFailing }) => isFailing && !kept.has(key));
        const sum = (some: typeof all) => some.reduce((total, { weight }) => total + weight, 0);
        expect(sum(out)).toBeLessThanOrEqual(limit * sum(all));
        expect(all.filter(({ key, isFailing }) => !isFailing && kept.has(key))).toEqual([]);
      }),
    );
  });

  test('a limit of 1 keeps none in, and a limit of 0 keeps all', () => {
    fc.assert(
      fc.property(candidates, rows => {
        const all = rows.map((row, i) => ({ key: `${i}`, ...row }));
        expect(keptIn(all, 1).size).toBe(0);
        expect(keptIn(all, 0).size).toBe(all.filter(({ isFailing }) => isFailing).length);
      }),
    );
  });

  test('servers that failed first are the ones that are out', () => {
    const row = (key: string, since: number) => ({ key, weight: 1, isFailing: true, since });
    expect([...keptIn([row('late', 9), row('first', 1), row('later', 10), row('second', 2)], 0.5)]).toEqual([
      'late',
      'later',
    ]);
  });
});

describe('suspicion of the director itself', () => {
  const policy = { share: 0.5, least: 4, hold: 1000 };
  const failing = (key: string, since: number) => ({ key, since });

  test('failures are held where more than half of all checks fail at once, and believed once they last', () => {
    const failures = [failing('a', 100), failing('b', 300), failing('c', 200)];
    const early = suspect(failures, 4, 400, policy);
    expect(early).toMatchObject({ of: 4, until: 1100 });
    expect([...early.held].toSorted()).toEqual(['a', 'b', 'c']);
    expect(suspect(failures, 4, 1150, policy)).toMatchObject({ until: undefined });
  });

  test('half of all checks, or few checks, make no suspicion', () => {
    const half = [failing('a', 0), failing('b', 0)];
    expect(suspect(half, 4, 1, policy).held.size).toBe(0);
    expect(suspect(half, 2, 1, policy).held.size).toBe(0);
  });

  test('a server that has failed for long is none of those that fail at once', () => {
    const failures = [failing('a', -5000), failing('b', 0)];
    expect(suspect(failures, 4, 1, { ...policy, share: 0.25 }).held.size).toBe(0);
  });
});

describe('a late event loop', () => {
  const failed = (time: number, ms: number) => ({ of: {}, timedOut: true, time, ms });

  test('a check without an answer is void where the event loop stood for more than half of its time', () => {
    expect(mayBeLate(failed(2000, 2000), [{ time: 1500, by: 1100 }])).toBe(true);
    expect(mayBeLate(failed(2000, 2000), [{ time: 1500, by: 900 }])).toBe(false);
    expect(mayBeLate(failed(2000, 2000), [])).toBe(false);
    const twice = [600, 1400].map(time => ({ time, by: 550 }));
    expect(mayBeLate(failed(2000, 2000), twice)).toBe(true);
  });

  test('only the time counts for which the event loop stood while the check was made', () => {
    expect(mayBeLate(failed(5000, 2000), [{ time: 3000, by: 2900 }])).toBe(false);
    expect(mayBeLate(failed(5000, 2000), [{ time: 3900, by: 2900 }])).toBe(false);
    expect(mayBeLate(failed(5000, 2000), [{ time: 4100, by: 2900 }])).toBe(true);
    expect(mayBeLate(failed(5000, 2000), [{ time: 9000, by: 5100 }])).toBe(true);
  });

  test('a busy machine’s event loop, always a bit late, excuses no server that is silent', () => {
    const busy = Array.from({ length: 20 }, (_, i) => ({ time: i * 250 + 100, by: 100 }));
    expect(mayBeLate(failed(4000, 1000), busy)).toBe(false);
  });

  test('a refusal is an answer, however late the event loop was', () => {
    expect(mayBeLate({ ...failed(2000, 2000), timedOut: false }, [{ time: 2000, by: 2000 }])).toBe(false);
  });

  test('a late event loop excuses no failures for ever, and anew after a check has passed', () => {
    const excuses = createExcuses(15_000);
    const [one, other] = [{}, {}];
    const isVoid = (of: object, time: number) =>
      excuses.isVoid({ of, timedOut: true, time, ms: 1000 }, [{ time, by: 900 }]);
    expect([0, 5000, 14_000, 15_000, 20_000].map(time => isVoid(one, time))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    expect(isVoid(other, 20_000)).toBe(true);
    excuses.passed(one);
    expect(isVoid(one, 21_000)).toBe(true);
  });
});

describe('the decision about a service', () => {
  const member = (key: string, given: Partial<Member> = {}): Member => ({
    key,
    tier: 0,
    configured: 10,
    admin: 'ready',
    health: 'up',
    since: 0,
    factor: 1,
    ramp: 1,
    ...given,
  });
  const policy = { quorum: { weight: 1, hysteresis: 0 }, maxUnhealthy: 0.5 };
  const weights = (members: readonly Member[], given = policy, before?: ReadonlyMap<number, boolean>) =>
    Object.fromEntries(
      Array.from(decide(members, given, before).placements, ([key, { weight, reason }]) => [
        key,
        `${weight} ${reason}`,
      ]),
    );

  test('healthy servers have their weights, failing and drained ones none, and spares wait', () => {
    const members = [
      member('a'),
      member('b', { health: 'down' }),
      member('c', { admin: 'drain' }),
      member('d', { admin: 'maintenance', health: 'waiting' }),
      member('e', { health: 'waiting' }),
      member('f', { factor: 0.25, ramp: 0.5 }),
      member('g', { configured: 0 }),
      member('sorry', { tier: 1 }),
    ];
    expect(weights(members)).toEqual({
      a: '10 up',
      b: '0 down',
      c: '0 drain',
      d: '0 maintenance',
      e: '0 unchecked',
      f: '1 up',
      g: '0 zero',
      sorry: '0 spare',
    });
  });

  test('a spare takes over where the quorum is lost, and gives back only above the hysteresis', () => {
    const given = { quorum: { weight: 20, hysteresis: 5 }, maxUnhealthy: 1 };
    const rows = (a: Member['health'], b: Member['health'], c: Member['health']) => [
      member('a', { health: a }),
      member('b', { health: b }),
      member('c', { health: c }),
      member('sorry', { tier: 1, configured: 1 }),
    ];
    const all = decide(rows('up', 'up', 'up'), given);
    expect(all).toMatchObject({ isUp: true, tier: 0 });
    const few = decide(rows('up', 'down', 'down'), given, all.tiersUp);
    expect(few).toMatchObject({ isUp: true, tier: 1 });
    expect(few.placements.get('a')).toEqual({ weight: 0, reason: 'spare' });
    expect(few.placements.get('sorry')).toEqual({ weight: 1, reason: 'up' });
    const two = decide(rows('up', 'up', 'down'), given, few.tiersUp);
    expect(two.tier).toBe(1);
    expect(decide(rows('up', 'up', 'up'), given, two.tiersUp).tier).toBe(0);
  });

  test('a service whose servers and spares all fail keeps half of its servers in', () => {
    const rows = [
      member('a', { health: 'down', since: 5 }),
      member('b', { health: 'down', since: 7 }),
      member('sorry', { tier: 1, health: 'down', since: 1 }),
    ];
    expect(weights(rows)).toEqual({ a: '0 down', b: '10 kept-in', sorry: '0 down' });
    expect(decide(rows, policy)).toMatchObject({ isUp: false, tier: 0 });
  });

  test('a little of the first tier is used where no tier has what it needs', () => {
    const given = { quorum: { weight: 20, hysteresis: 0 }, maxUnhealthy: 1 };
    expect(weights([member('a'), member('b', { health: 'down' })], given)).toEqual({
      a: '10 up',
      b: '0 down',
    });
    const drained = [member('a', { admin: 'drain' }), member('sorry', { tier: 2, health: 'down' })];
    expect(weights(drained, { ...given, maxUnhealthy: 0.5 })).toEqual({ a: '0 drain', sorry: '10 kept-in' });
  });

  const members = fc.array(
    fc.record({
      tier: fc.nat(2),
      configured: fc.nat(20),
      admin: fc.constantFrom('ready', 'ready', 'drain', 'maintenance'),
      health: fc.constantFrom('up', 'down', 'waiting'),
      since: fc.nat(50),
      factor: part,
      ramp: someOfIt,
    } satisfies { [K in keyof Omit<Member, 'key'>]: fc.Arbitrary<Member[K]> }),
    { maxLength: 10 },
  );

  test('only one tier takes connections, and none that an operator keeps out does', () => {
    fc.assert(
      fc.property(members, part, (rows, maxUnhealthy) => {
        const all = rows.map((row, i) => ({ key: `${i}`, ...row }));
        const { placements, tier } = decide(all, { ...policy, maxUnhealthy });
        const taking = all.filter(({ key }) => placements.get(key)!.weight > 0);
        expect(taking.filter(row => row.tier !== tier || row.admin !== 'ready')).toEqual([]);
        expect(taking.filter(row => row.health === 'waiting')).toEqual([]);
      }),
    );
  });

  test('some server takes connections wherever one is healthy and nobody keeps it out', () => {
    fc.assert(
      fc.property(members, part, fc.integer({ min: 1, max: 40 }), (rows, maxUnhealthy, weight) => {
        const all = rows.map((row, i) => ({ key: `${i}`, ...row }));
        const given = { quorum: { weight, hysteresis: 0 }, maxUnhealthy };
        const { placements } = decide(all, given);
        const usable = all.some(
          row => row.admin === 'ready' && row.health === 'up' && row.configured * row.factor > 0,
        );
        if (usable) expect([...placements.values()].some(placement => placement.weight > 0)).toBe(true);
      }),
    );
  });
});
