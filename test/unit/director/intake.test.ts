import { getEventListeners } from 'node:events';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Happening } from '../../../lib/director/event-types.ts';
import { createIntake, type IntakeParts } from '../../../lib/director/intake.ts';
import { createProblems } from '../../../lib/director/problems.ts';
import type { Revision } from '../../../lib/director/types.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

/** An intake that has no kernel to ask: what is refused before that is all it can tell. */
function makeIntake() {
  const clock = createVirtualClock(0);
  const events: Happening[] = [];
  const problems = createProblems(clock.now, event => events.push(event));
  const parts = {
    clock,
    problems,
    defaults: {},
    owner: 'director',
    emit: (event: Happening) => events.push(event),
  };
  const intake = createIntake(parts as Partial<IntakeParts> as IntakeParts);
  onTestFinished(() => intake.stop());
  return { intake, clock, events, problems };
}

const wrong: readonly (readonly [unknown, string])[] = [
  [undefined, 'revision must be an object, not undefined'],
  [null, 'revision must be an object, not null'],
  [[], 'revision must be an object, not []'],
  [{ services: [] }, "revision has no option 'services'; it takes desired, revision, force"],
  [{}, 'desired must be an array of services, each with its destinations, not undefined'],
  [{ desired: [], revision: 5 }, 'revision.revision must be a string, not 5'],
  [{ desired: [], force: 'yes' }, "revision.force must be true or false, not 'yes'"],
];

test.each(wrong)('what a source yields that is no revision is refused: %j', async (yielded, message) => {
  const { intake, events, problems } = makeIntake();
  await expect(intake.take(yielded as Revision)).rejects.toThrow(message);
  expect(events[0]).toEqual({ type: 'refused', revision: undefined, message });
  expect(problems.list()).toMatchObject([{ code: 'desired', message }]);
});

test('a source that yields nothing ends neither the process nor itself', async () => {
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  onTestFinished(() => void process.removeListener('unhandledRejection', unhandled));
  const { intake, events } = makeIntake();
  const next = () => new Promise(resolve => setImmediate(resolve));
  intake.follow(async function* () {
    yield undefined as unknown as Revision;
    await next();
    yield { desired: 5 } as unknown as Revision;
    await new Promise(() => {});
  });
  for (let turn = 0; turn < 4; turn++) await next();
  expect(unhandled).not.toHaveBeenCalled();
  expect(events.filter(({ type }) => type === 'refused')).toHaveLength(2);
});

test('a source that throws what is no error is told like another, and asked again', async () => {
  const { intake, clock, problems } = makeIntake();
  let asked = 0;
  // biome-ignore lint/correctness/useYield: a source that never gets so far
  intake.follow(async function* () {
    asked++;
    throw undefined;
  });
  await clock.advance(1000);
  expect(problems.list()).toMatchObject([{ code: 'source', message: 'the source threw undefined' }]);
  expect(asked).toBe(2);
});

test('a source that fails again and again leaves nothing on the signal that ends it', async () => {
  const { intake, clock } = makeIntake();
  const signals = new Set<AbortSignal>();
  // biome-ignore lint/correctness/useYield: a source that never gets so far
  intake.follow(async function* (signal) {
    signals.add(signal);
    throw new Error('no store');
  });
  await clock.advance(300_000);
  const [signal] = signals;
  expect(getEventListeners(signal!, 'abort')).toHaveLength(1);
});
