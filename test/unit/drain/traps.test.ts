import { describe, expect, test } from 'vitest';
import { readDrainOptions } from '../../../lib/drain/options.ts';
import { findTraps } from '../../../lib/drain/traps.ts';
import type { DrainOptions } from '../../../lib/index.ts';

interface Scene {
  readonly service?: object;
  readonly settings?: object;
  readonly others?: readonly number[];
  readonly options?: DrainOptions;
  readonly leaves?: boolean;
}

/** The codes of the traps that refuse a drain, and of those that only warn. */
function trapsOf({ service, settings, others = [1], options, leaves = false }: Scene) {
  const row = (host: number, weight: number) => ({ address: `10.0.1.${host}`, port: 80, weight });
  const destination = row(1, 1);
  const site = {
    service: {
      ...{
        protocol: 'tcp',
        address: '10.0.0.1',
        port: 80,
        scheduler: 'rr',
        schedulerFlags: [],
        onePacket: false,
      },
      ...service,
    },
    destination,
    destinations: [destination, ...others.map((weight, i) => row(i + 2, weight))],
    settings: { expireQuiescentTemplate: true, expireNodestConn: true, connReuseMode: 1, ...settings },
  };
  const { refusals, warnings } = findTraps(
    site as never,
    readDrainOptions(options),
    leaves,
    new Set([destination] as never[]),
  );
  return [refusals, warnings].map(traps => traps.map(({ code }) => code));
}

describe('traps', () => {
  const deadline = { deadline: 1000 };
  const persistence = { persistence: { timeout: 60, granularity: 32 } };
  const udp = { protocol: 'udp' };
  const scenes: readonly (readonly [what: string, scene: Scene, refusals: string[], warnings: string[]])[] = [
    ['nothing', {}, [], []],
    ['being the only destination', { others: [] }, ['last'], []],
    ['others at weight 0 alone', { others: [0, 0] }, ['last'], []],
    ['the same, forced', { others: [], options: { force: true } }, [], ['last']],
    ['being the only one of a service that goes', { others: [], leaves: true }, [], []],
    ['sh', { service: { scheduler: 'sh' } }, ['refuses-clients'], []],
    ['sh with fallback', { service: { scheduler: 'sh', schedulerFlags: ['sh-fallback'] } }, [], []],
    [
      'mh with port alone',
      { service: { scheduler: 'mh', schedulerFlags: ['mh-port'] } },
      ['refuses-clients'],
      [],
    ],
    ['mh, forced', { service: { scheduler: 'mh' }, options: { force: true } }, [], ['refuses-clients']],
    ['mh, its flag to be set', { service: { scheduler: 'mh' }, options: { setFallback: true } }, [], []],
    [
      'dh, which has no flag to set',
      { service: { scheduler: 'dh' }, options: { setFallback: true } },
      ['refuses-clients'],
      [],
    ],
    [
      'persistence that feeds',
      { service: persistence, settings: { expireQuiescentTemplate: false } },
      ['persistence-feeds'],
      [],
    ],
    ['persistence that does not', { service: persistence }, [], []],
    [
      'persistence that feeds until a deadline',
      { service: persistence, settings: { expireQuiescentTemplate: false }, options: deadline },
      [],
      ['persistence-feeds'],
    ],
    [
      'persistence whose setting is to be set',
      { service: persistence, settings: { expireQuiescentTemplate: false }, options: { setSettings: true } },
      [],
      [],
    ],
    ['UDP', { service: udp }, ['flows-stay'], []],
    ['UDP until a deadline', { service: udp, options: deadline }, [], ['flows-stay']],
    ['UDP by one packet', { service: { ...udp, onePacket: true } }, [], []],
    [
      'a mark, which may have UDP',
      { service: { protocol: undefined, fwmark: 7, family: 'ipv4' } },
      [],
      ['flows-stay'],
    ],
    ['ports that return', { settings: { connReuseMode: 0 } }, [], ['ports-return']],
    [
      'a cut in silence',
      { settings: { expireNodestConn: false }, options: { ...deadline, atDeadline: 'remove' } },
      [],
      ['left-unanswered'],
    ],
    ['no cut at the deadline', { settings: { expireNodestConn: false }, options: deadline }, [], []],
    [
      'several at once',
      { others: [], service: { ...udp, scheduler: 'dh' } },
      ['last', 'refuses-clients', 'flows-stay'],
      [],
    ],
  ];
  test.each(scenes)('findTraps() judges %s', (_, scene, refusals, warnings) => {
    expect(trapsOf(scene)).toEqual([refusals, warnings]);
  });
});

describe('options of a drain', () => {
  test.each([
    [{ idle: 'none' }, /^options\.idle must be one of 'active', 'all'/],
    [{ idleFor: -1 }, /^options\.idleFor must be between 0 and 86400000/],
    [{ poll: 1 }, /^options\.poll must be between 10 and/],
    [{ deadline: 1.5 }, /^options\.deadline must be a whole number/],
    [{ atDeadline: 'wait' }, /^options\.atDeadline must be one of 'remove', 'give-up'/],
    [Object.fromEntries([['then', 'go']]), /^options\.then must be one of 'remove', 'keep'/],
    [{ onProgress: 'yes' }, /^options\.onProgress must be a function/],
    [{ force: 1 }, /^options\.force must be true or false/],
    [{ dead: 1 }, /^options has no option 'dead'/],
  ])('the options %j of a drain are refused by their field’s name', (options, message) => {
    expect(() => readDrainOptions(options as never)).toThrow(message);
  });
});
