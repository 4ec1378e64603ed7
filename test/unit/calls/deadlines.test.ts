import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createDeadlines } from '../../../lib/calls/deadlines.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

interface Call {
  readonly deadline: number;
  settled: boolean;
}

describe('deadlines', () => {
  test('deadlines settle each call when its own has come, in order, and none that is settled already', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ after: fc.nat(16).map(n => 3 * n + 1), answered: fc.nat(20).map(n => 3 * n) }), {
          maxLength: 200,
        }),
        async plan => {
          const settled: [number, number][] = [];
          const start = performance.now();
          const now = () => Math.round(performance.now() - start);
          const deadlines = createDeadlines<Call>(call => {
            settled.push([Math.round(call.deadline - start), now()]);
            call.settled = true;
            deadlines.noteSettled();
          });
          const calls = plan.map(({ after, answered }) => ({
            call: { deadline: start + after, settled: false },
            answered,
          }));
          for (const { call } of calls) deadlines.add(call);
          for (let time = 0; time <= 63; time++) {
            for (const { call, answered } of calls) {
              if (answered !== time || call.settled) continue;
              call.settled = true;
              deadlines.noteSettled();
            }
            await vi.advanceTimersByTimeAsync(1);
          }
          const late = plan.filter(({ after, answered }) => after < answered).map(({ after }) => after);
          expect(settled.map(([deadline]) => deadline)).toEqual(late.sort((a, b) => a - b));
          for (const [deadline, at] of settled) expect(at - deadline).toBeLessThanOrEqual(1);
          expect(calls.every(({ call }) => call.settled)).toBe(true);
        },
      ),
      { numRuns: 50 },
    );
  });

  test.each([
    ['rise', (i: number) => i],
    ['fall', (i: number, n: number) => n - i],
    ['come in any order', (i: number, n: number) => (i * 7919) % n],
  ])('deadlines that %s cost no more than the logarithm of their number each', async (_, order) => {
    const COUNT = 4096;
    let looks = 0;
    const deadlines = createDeadlines<Call>(call => {
      call.settled = true;
      deadlines.noteSettled();
    });
    const calls = Array.from({ length: COUNT }, (_, i) => {
      const deadline = performance.now() + 1 + order(i, COUNT);
      return {
        settled: false,
        get deadline() {
          looks++;
          return deadline;
        },
      };
    });
    for (const call of calls) deadlines.add(call);
    await vi.advanceTimersByTimeAsync(COUNT + 10);
    expect(calls.every(({ settled }) => settled)).toBe(true);
    expect(looks / COUNT).toBeLessThan(8 * Math.log2(COUNT));
  });

  test('deadlines release settled calls: a thousand behind a pending one leave a few dozen', () => {
    const deadlines = createDeadlines<Call>(() => {});
    deadlines.add({ deadline: performance.now() + 1_000_000, settled: false });
    let looks = 0;
    for (let i = 0; i < 1000; i++) {
      const call = {
        settled: false,
        get deadline() {
          looks++;
          return 2_000_000 + i;
        },
      };
      deadlines.add(call);
      call.settled = true;
      deadlines.noteSettled();
    }
    looks = 0;
    deadlines.add({ deadline: performance.now() + 1, settled: false }); // looks at one path of the heap
    expect(looks).toBeLessThan(10);
  });
});
