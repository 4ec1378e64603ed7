import { afterEach, expect, test, vi } from 'vitest';
import type { Sample, Sampler } from '../../../lib/index.ts';
import { watchSampler } from '../../../lib/statistics/watch.ts';

/** Time as the test moves it. */
const time = vi.hoisted(() => ({ now: 0, slept: 0, shortest: Number.POSITIVE_INFINITY }));

vi.mock('node:timers/promises', () => ({
  setTimeout: async (ms: number) => {
    time.slept++;
    time.shortest = Math.min(time.shortest, ms);
    // Timers fire early by less than a millisecond, or late.
    time.now += Math.max(0, ms + ((time.slept * 7) % 5) - 0.9);
  },
}));

afterEach(() => void vi.restoreAllMocks());

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;

test('watch() keeps its pace for a day, over slow reads, a late consumer and changes each hour', async () => {
  vi.spyOn(performance, 'now').mockImplementation(() => time.now);
  const read: Sampler['read'] = async () => {
    time.now += 7;
    const hour = Math.floor(time.now / HOUR);
    const port = 1 + hour;
    const ids = [{ protocol: 'tcp', address: '10.0.0.1', port }];
    return { generation: 1 + hour, services: { ids }, destinations: { ids: [] } } as unknown as Sample;
  };
  const sampler = { read, close() {}, [Symbol.dispose]() {} } as unknown as Sampler;
  let [steps, missed, repeated, changes, latest] = [0, 0, 0, 0, 0];
  let last = -1;
  for await (const { added, removed } of watchSampler(() => sampler, { interval: SECOND })) {
    const due = Math.floor((time.now - 7 + 1) / SECOND);
    latest = Math.max(latest, time.now - 7 - due * SECOND);
    if (due <= last) repeated++;
    missed += due - last - 1;
    last = due;
    changes += added.services.length + removed.services.length;
    // Once an hour the consumer takes a minute and a half.
    if (++steps % 3510 === 0) time.now += 90 * SECOND;
    if (time.now >= DAY) break;
  }
  expect(repeated).toBe(0);
  expect(latest, 'milliseconds after a step was due').toBeLessThan(5);
  expect(steps + missed).toBe(DAY / SECOND + 1);
  expect(missed).toBe(24 * 90);
  // The first service, and one that goes and one that comes each hour.
  expect(changes).toBe(1 + 2 * 24);
  expect(time.shortest).toBeGreaterThan(0);
});
