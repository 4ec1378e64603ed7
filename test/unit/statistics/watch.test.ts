import { expect, test } from 'vitest';
import type { Sample, Sampler } from '../../../lib/index.ts';
import { watchSampler } from '../../../lib/statistics/watch.ts';

const nothing = { ids: [] };
const sample = { time: 0, generation: 1, services: nothing, destinations: nothing } as unknown as Sample;

function sampler(closed: () => void, read: Sampler['read'] = async () => sample): Sampler {
  return { read, close: closed, [Symbol.dispose]: closed };
}

test('watch() never takes a step before it is due, although timers fire early', async () => {
  const interval = 10;
  const start = performance.now();
  let step = 0;
  for await (const _ of watchSampler(() => sampler(() => {}), { interval })) {
    expect(performance.now() - start).toBeGreaterThan(step * interval - 2);
    if (++step === 40) break;
  }
});

test('watch() makes its sampler with the first step and closes it with the last', async () => {
  let [made, closed] = [0, 0];
  const make = () => {
    made++;
    return sampler(() => closed++);
  };
  const watch = watchSampler(make, { interval: 10 });
  expect(made).toBe(0);
  await watch.next();
  await watch.return();
  expect([made, closed]).toEqual([1, 1]);
});

test('watch() passes its signal and its timeout to each read', async () => {
  const { signal } = new AbortController();
  const given: unknown[] = [];
  const read: Sampler['read'] = async options => {
    given.push(options);
    return sample;
  };
  const watch = watchSampler(() => sampler(() => {}, read), { interval: 10, signal, timeout: 77 });
  await watch.next();
  await watch.return();
  expect(given).toEqual([{ signal, timeout: 77 }]);
});

test('watch() ends at once when its signal is aborted between two steps', async () => {
  const controller = new AbortController();
  const watch = watchSampler(() => sampler(() => {}), { interval: 86_400_000, signal: controller.signal });
  await watch.next();
  const next = watch.next();
  controller.abort();
  expect(await next).toEqual({ done: true, value: undefined });
});
