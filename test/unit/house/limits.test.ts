import { expect, test } from 'vitest';

test('a unit test may take a minute, so that none fails because the machine is busy', ({ task }) => {
  expect(task.timeout).toBe(60_000);
});
