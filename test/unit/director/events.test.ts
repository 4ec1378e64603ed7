import { expect, test } from 'vitest';
import type { DirectorEvent } from '../../../lib/director/event-types.ts';
import { createEventHub } from '../../../lib/director/events.ts';
import { createRunner } from '../../../lib/director/runner.ts';

const refused = (message: string): DirectorEvent => ({
  time: 0,
  type: 'refused',
  revision: undefined,
  message,
});

async function collect(events: AsyncIterable<DirectorEvent>): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const event of events) found.push(event.type === 'refused' ? event.message : event);
  return found;
}

test('readers of events get all from when they asked, each for itself, and end with the director', async () => {
  const hub = createEventHub();
  hub.emit(refused('before'));
  const [one, other] = [hub.read({}), hub.read({})];
  hub.emit(refused('a'));
  const reading = collect(one);
  await Promise.resolve();
  hub.emit(refused('b'));
  hub.end();
  expect(await reading).toEqual(['a', 'b']);
  expect(await collect(other)).toEqual(['a', 'b']);
});

test('a reader of events that is too slow misses the oldest, and is told how many', async () => {
  const hub = createEventHub();
  const events = hub.read({ limit: 2 });
  for (const text of ['a', 'b', 'c', 'd', 'e']) hub.emit(refused(text));
  hub.end();
  expect(await collect(events)).toEqual([{ time: 0, type: 'left-out', count: 3 }, 'd', 'e']);
});

test('a reader of events ends without an error when its signal is aborted', async () => {
  const hub = createEventHub();
  const controller = new AbortController();
  const reading = collect(hub.read({ signal: controller.signal }));
  await Promise.resolve();
  controller.abort();
  expect(await reading).toEqual([]);
});

test('work is never done twice at once, and what was asked for meanwhile is done once more', async () => {
  let [running, most, runs] = [0, 0, 0];
  const runner = createRunner(async () => {
    runs++;
    most = Math.max(most, ++running);
    await new Promise(resolve => setTimeout(resolve, 5));
    running--;
  });
  runner.request();
  runner.request();
  await new Promise(resolve => setTimeout(resolve, 2));
  for (let i = 0; i < 10; i++) runner.request();
  await new Promise(resolve => setTimeout(resolve, 30));
  expect([most, runs]).toEqual([1, 2]);
  runner.request();
  await runner.stop();
  runner.request();
  await new Promise(resolve => setTimeout(resolve, 10));
  expect(runs).toBeLessThanOrEqual(3);
});
