import { afterAll, expect, test } from 'vitest';
import { Director, type DirectorOptions } from '../../../lib/director/index.ts';
import { Ipvs } from '../../../lib/index.ts';

const ipvs = new Ipvs();
afterAll(() => ipvs.close());

const web = { protocol: 'tcp', address: '10.0.0.1', port: 80 } as const;
const server = { address: '10.0.1.1', port: 80 };

test.each([
  [{ dial: 5 }, 'options.dial must be a function, not 5'],
  [{ random: 0.5 }, 'options.random must be a function, not 0.5'],
  [{ source: {} }, 'options.source must be a function that returns an async iterable, not {}'],
  [{ ipvs: {} }, 'options.ipvs must be an Ipvs, not {}'],
])('a director of %j is none', (options, message) => {
  expect(() => new Director({ ipvs, ...options } as unknown as DirectorOptions)).toThrow(message);
});

test.each([
  [{ signal: 5 }, 'options.signal must be an AbortSignal, not 5'],
  [{ limit: 0 }, 'options.limit must be between 1 and'],
  [{ since: 1 }, "options has no option 'since'"],
])('events of %j are refused where they are asked for', (options, message) => {
  const director = new Director({ ipvs, desired: [] });
  expect(() => director.events(options as object)).toThrow(message);
});

test.each([
  [5, 'options must be an object, not 5'],
  [{ deadline: 'soon' }, "options.deadline must be a number, not 'soon'"],
  [{ force: true }, "options has no option 'force': a director keeps what is drained, at weight 0"],
  [{ atDeadline: 'remove' }, "options has no option 'atDeadline'"],
])('a drain by a director takes no %j', async (options, message) => {
  const director = new Director({ ipvs, desired: [] });
  await expect(director.drain(web, server, options as object)).rejects.toThrow(message);
});
