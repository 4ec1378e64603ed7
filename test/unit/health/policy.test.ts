import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { firstDelay, firstHealth, nextDelay, nextHealth, wholePolicy } from '../../../lib/health/policy.ts';
import type { CheckAnswer, CheckPolicy, CheckResult, TargetHealth } from '../../../lib/health/types.ts';

const check = { name: 'some', key: 'some', check: async () => {} };

function result(passed: boolean, time: number, answer?: CheckAnswer): CheckResult {
  const target = { address: '10.0.0.1', port: 80 };
  return { target, check, passed, ms: 3, time, ...(passed ? { answer } : { reason: 'no' }) };
}

/** The health after each of some results, one a second. */
function run(policy: CheckPolicy, results: readonly boolean[]): TargetHealth[] {
  const whole = wholePolicy(policy);
  let health = firstHealth(whole, 0);
  return results.map((passed, i) => {
    health = nextHealth(health, result(passed, (i + 1) * 1000), whole);
    return health;
  });
}

const states = (policy: CheckPolicy, results: readonly boolean[]) =>
  run(policy, results).map(({ state }) => state);

describe('a policy', () => {
  test('a policy that says nothing has all defaults', () => {
    expect(wholePolicy({})).toEqual({
      interval: 5000,
      fasterInterval: 1000,
      timeout: 2000,
      rise: 3,
      fall: 2,
      jitter: 0.1,
      first: 'unknown',
    });
    expect(wholePolicy({ interval: 300 }).fasterInterval).toBe(300);
  });

  test.each([
    [{ interval: 0 }, 'interval must be between 1 and 86400000, not 0'],
    [
      { interval: 100, fasterInterval: 200 },
      'fasterInterval must be at most interval, which is 100, not 200',
    ],
    [{ timeout: 1.5 }, 'timeout must be a whole number, not 1.5'],
    [{ rise: 0 }, 'rise must be between 1 and 1000, not 0'],
    [{ fall: '2' }, "fall must be a number, not '2'"],
    [{ jitter: 1.1 }, 'jitter must be between 0 and 1, not 1.1'],
    [{ jitter: Number.NaN }, 'jitter must be between 0 and 1, not NaN'],
    [{ first: 'maybe' }, "first must be 'unknown', 'up' or 'down', not 'maybe'"],
    [{ retries: 1 }, "policy has no option 'retries'"],
  ])('a policy %j is refused by the name of its field', (policy, message) => {
    expect(() => wholePolicy(policy as CheckPolicy)).toThrow(message);
  });
});

describe('rise and fall', () => {
  test('a first result decides at once, whatever rise and fall are', () => {
    expect(states({ rise: 5, fall: 5 }, [true])).toEqual(['up']);
    expect(states({ rise: 5, fall: 5 }, [false])).toEqual(['down']);
  });

  test('a target that was taken for up needs as many bad results as ever to fall', () => {
    expect(states({ first: 'up', fall: 2 }, [false, false])).toEqual(['up', 'down']);
    expect(states({ first: 'down', rise: 3 }, [true, true, true])).toEqual(['down', 'down', 'up']);
  });

  test('a good result between bad ones starts the count anew', () => {
    const policy = { first: 'up', fall: 2, rise: 1 } as const;
    expect(states(policy, [false, true, false, true, false, false])).toEqual([
      'up',
      'up',
      'up',
      'up',
      'up',
      'down',
    ]);
  });

  test('a state changes exactly when the last results of a row of `rise` or `fall` agree', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom('up' as const, 'down' as const, 'unknown' as const),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 60 }),
        (rise, fall, first, results) => {
          let state = first as TargetHealth['state'];
          let since = 0;
          for (const [i, health] of run({ rise, fall, first }, results).entries()) {
            const tail = (count: number, passed: boolean) =>
              i + 1 >= count && results.slice(i + 1 - count, i + 1).every(each => each === passed);
            const before = state;
            if (state === 'unknown') state = results[i] ? 'up' : 'down';
            else if (state === 'up' && tail(fall, false)) state = 'down';
            else if (state === 'down' && tail(rise, true)) state = 'up';
            if (state !== before) since = (i + 1) * 1000;
            expect([health.state, health.since, health.passed]).toEqual([state, since, results[i]]);
            expect(tail(health.consecutive, results[i]!)).toBe(true);
            expect(health.reason).toBe(results[i] ? undefined : 'no');
          }
        },
      ),
    );
  });
});

describe('answers', () => {
  test('an answer stays until a check that passes says another on the same point', () => {
    const policy = wholePolicy({});
    const answers: (CheckAnswer | undefined | 'failed')[] = [
      { factor: 0.5, detail: 'half' },
      undefined,
      { admin: 'drain' },
      'failed',
      { admin: 'ready', factor: 1 },
    ];
    let health = firstHealth(policy, 0);
    const seen = answers.map(answer => {
      health = nextHealth(health, answer === 'failed' ? result(false, 1) : result(true, 1, answer), policy);
      return health.answer;
    });
    expect(seen).toEqual([
      { factor: 0.5, detail: 'half' },
      { factor: 0.5 },
      { factor: 0.5, admin: 'drain' },
      { factor: 0.5, admin: 'drain' },
      { factor: 1, admin: 'ready' },
    ]);
  });
});

describe('times', () => {
  const policy = wholePolicy({ interval: 5000, fasterInterval: 1000, jitter: 0.1, first: 'up', fall: 3 });

  test('the next check comes sooner while results contradict the state, and after a refused one', () => {
    const up = firstHealth(policy, 0);
    const failing = nextHealth(up, result(false, 1), policy);
    expect(nextDelay(up, policy, 0.5)).toBe(5000);
    expect(nextDelay(failing, policy, 0.5)).toBe(1000);
    expect(nextDelay(nextHealth(failing, result(true, 2), policy), policy, 0.5)).toBe(5000);
    expect(nextDelay(up, policy, 0.5, true)).toBe(1000);
    expect(nextDelay(firstHealth(wholePolicy({}), 0), wholePolicy({}), 0.5)).toBe(1000);
  });

  test('a delay is at most the jitter away from the interval, on average not at all', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), random => {
        const delay = nextDelay(firstHealth(policy, 0), policy, random);
        expect(delay).toBeGreaterThanOrEqual(4500);
        expect(delay).toBeLessThanOrEqual(5500);
        expect(delay + nextDelay(firstHealth(policy, 0), policy, 1 - random)).toBeCloseTo(10_000);
        expect(firstDelay(policy, random)).toBeLessThanOrEqual(1000);
      }),
    );
    expect(firstDelay(wholePolicy({ jitter: 0 }), 0.9)).toBe(0);
  });
});
