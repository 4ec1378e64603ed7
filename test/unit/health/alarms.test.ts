import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Alarm, createAlarms } from '../../../lib/health/alarms.ts';
import type { Clock } from '../../../lib/health/clock.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

test('alarms ring in the order of their times and of their setting, none that was cancelled, each once, on one timer', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 50 }), fc.option(fc.nat(60))), { maxLength: 60 }),
      async steps => {
        const clock = createVirtualClock();
        const alarms = createAlarms(clock);
        const set: Alarm[] = [];
        const rung: number[] = [];
        for (const [at, cancelled] of steps) {
          const number = set.length;
          set.push(alarms.set(at, () => rung.push(number)));
          if (cancelled !== null && cancelled < set.length) alarms.cancel(set[cancelled]!);
        }
        const gone = new Set(
          steps.flatMap(([, cancelled], i) => (cancelled !== null && cancelled <= i ? [cancelled] : [])),
        );
        expect(alarms.size).toBe(set.length - gone.size);
        expect(clock.pending).toBeLessThanOrEqual(1);
        await clock.advance(60);
        expect([...rung].sort((a, b) => a - b)).toEqual([...set.keys()].filter(i => !gone.has(i)));
        const inOrder = [...rung].sort((a, b) => set[a]!.at - set[b]!.at || a - b);
        expect(rung).toEqual(inOrder);
        expect(alarms.size).toBe(0);
        expect(clock.pending).toBe(0);
      },
    ),
    { numRuns: 60 },
  );
});

test('an alarm is told how late it is, and one that throws keeps none of the others from ringing', () => {
  let now = 0;
  let ring = () => {};
  const clock: Clock = {
    now: () => now,
    setTimeout: run => {
      ring = run;
      return 1;
    },
    clearTimeout: () => {},
  };
  const alarms = createAlarms(clock);
  const late: number[] = [];
  alarms.set(10, by => {
    late.push(by);
    throw new Error('wrong');
  });
  alarms.set(20, by => late.push(by));
  now = 25;
  expect(ring).toThrow('wrong');
  ring();
  expect(late).toEqual([15, 5]);
});
