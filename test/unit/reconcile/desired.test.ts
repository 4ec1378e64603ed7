import { describe, expect, test } from 'vitest';
import type { DesiredError } from '../../../lib/index.ts';
import { readDesired } from '../../../lib/reconcile/desired.ts';

const id = { protocol: 'tcp', address: '10.0.0.1', port: 80 };
const row = { address: '10.0.1.1', port: 80 };

/** The problems that a desired state is refused for. Fails where it is taken. */
async function problemsOf(desired: unknown): Promise<readonly string[]> {
  const error = await readDesired(desired, undefined).then(
    () => expect.fail('taken without a complaint'),
    (found: DesiredError) => found,
  );
  expect(error).toBeInstanceOf(TypeError);
  expect(error.code).toBe('ERR_IPVS_DESIRED');
  for (const { path, message } of error.problems) expect(message.startsWith(path)).toBe(true);
  return error.problems.map(({ message }) => message);
}

describe('problems of a desired state', () => {
  test('a bad field of a destination is reported with its place', async () => {
    const desired = [
      { ...id, destinations: [] },
      {
        ...id,
        port: 443,
        destinations: [
          { ...row, port: 443 },
          { ...row, port: 443, address: '10.0.1.2', weight: -1 },
        ],
      },
    ];
    expect(await problemsOf(desired)).toEqual([
      expect.stringMatching(/^desired\[1\]\.destinations\[1\]\.weight must be between 0 and \d+, not -1$/),
    ]);
  });
  test('all wrong fields of a row are reported, not the first alone', async () => {
    const service = { protocol: 'icmp', address: 'web', port: 'http', scheduler: 'a b', destinations: [] };
    const told = await problemsOf([service]);
    expect(told.map(message => message.split(' ')[0])).toEqual([
      'desired[0].protocol',
      'desired[0].address',
      'desired[0].port',
      'desired[0].scheduler',
    ]);
    const destination = {
      ...row,
      forwarding: 'nat',
      weight: 'much',
      upperThreshold: -1,
      lowerThreshold: 0.5,
      tunnel: { type: 'ip' },
    };
    const more = await problemsOf([{ ...id, destinations: [destination] }]);
    const at = 'desired[0].destinations[0]';
    expect(more.map(message => message.split(' ')[0]).toSorted()).toEqual([
      `${at}.forwarding`,
      `${at}.lowerThreshold`,
      `${at}.tunnel.type`,
      `${at}.upperThreshold`,
      `${at}.weight`,
    ]);
  });
  test('each wrong field of a row’s persistence is reported by itself', async () => {
    const persistence = { timeout: -1, granularity: 33, engine: 'a b' };
    const told = await problemsOf([{ ...id, persistence, destinations: [] }]);
    expect(told.map(message => message.split(' ')[0])).toEqual([
      'desired[0].persistence.timeout',
      'desired[0].persistence.granularity',
      'desired[0].persistence.engine',
    ]);
  });
  test('bad destinations of a service that is itself wrong are reported', async () => {
    const bad = { ...row, weight: -1 };
    expect(await problemsOf([{ ...id, scheduler: '', destinations: [bad] }])).toHaveLength(2);
    expect(await problemsOf([{ ...id, address: '', destinations: [bad] }])).toHaveLength(2);
  });
  test('fields that contradict one another are reported', async () => {
    const thresholds = { ...row, upperThreshold: 1, lowerThreshold: 2 };
    expect(await problemsOf([{ ...id, destinations: [thresholds] }])).toEqual([
      'desired[0].destinations[0].lowerThreshold (2) must not be above destination.upperThreshold (1)',
    ]);
    const other = { address: 'fd00::1', port: 80, forwarding: 'masquerade' };
    expect(await problemsOf([{ ...id, destinations: [other] }])).toEqual([
      expect.stringMatching(
        /^desired\[0\]\.destinations\[0\]\.address must be of the service's address family/,
      ),
    ]);
    const both = await problemsOf([{ ...id, fwmark: 7, family: 'ipv4', destinations: [] }]);
    for (const field of ['protocol', 'address', 'port']) {
      expect(both).toContainEqual(
        expect.stringMatching(`^desired.0..${field} does not go with service.fwmark`),
      );
    }
  });
  test('rows that stand twice are reported, however their addresses are written', async () => {
    const six = { protocol: 'udp', address: 'fd00::1', port: 53 };
    const desired = [
      {
        ...six,
        destinations: [
          { address: 'fd00::2', port: 53 },
          { address: 'fd00:0::2', port: 53 },
        ],
      },
      { ...six, address: 'fd00:0:0::1', destinations: [] },
      { ...six, address: 'fd00::0:1', destinations: [] },
    ];
    expect(await problemsOf(desired)).toEqual([
      'desired[0].destinations[1]: destination [fd00::2]:53 stands at desired[0].destinations[0] already',
      'desired[1]: service udp [fd00::1]:53 stands at desired[0] already',
      'desired[2]: service udp [fd00::1]:53 stands at desired[0] already',
    ]);
  });
  test('unknown options of a row are reported', async () => {
    expect(await problemsOf([{ ...id, schedule: 'rr', destinations: [{ ...row, wait: 1 }] }])).toEqual([
      expect.stringMatching(/^desired\[0\] has no option 'schedule'; it takes /),
      expect.stringMatching(/^desired\[0\]\.destinations\[0\] has no option 'wait'; it takes /),
    ]);
  });
  test('rows that are no objects are reported', async () => {
    expect(await problemsOf([null, 'web', [], { ...id, destinations: [undefined] }])).toEqual([
      'desired[0] must be an object, not null',
      "desired[1] must be an object, not 'web'",
      'desired[2] must be an object, not []',
      'desired[0].destinations[0] must be an object, not undefined'.replace('[0]', '[3]'),
    ]);
  });
});

test('services without their destinations, as services() returns them, are refused', async () => {
  expect(await problemsOf([id])).toEqual([
    'desired[0].destinations must be an array; [] where there are none, not undefined',
  ]);
});

test('a desired state that is no array is refused', async () => {
  await expect(readDesired({ services: [] }, undefined)).rejects.toThrow(
    'desired must be an array of services, each with its destinations, not { services: [] }',
  );
});

test('a message has the first 20 of 100 problems and counts the others', async () => {
  const desired = Array.from({ length: 100 }, (_, i) => ({ ...id, port: 70_000 + i, destinations: [] }));
  await expect(readDesired(desired, undefined)).rejects.toThrow(/desired\[19\]\.port .*\nand 80 more$/);
  expect(await problemsOf(desired)).toHaveLength(100);
});

test('a large desired state is read in several turns of the event loop', async () => {
  const desired = Array.from({ length: 2000 }, (_, i) => ({ ...id, port: i + 1, destinations: [] }));
  let turns = 0;
  const count = () => {
    turns++;
    timer = setImmediate(count);
  };
  let timer = setImmediate(count);
  await readDesired(desired, undefined);
  clearImmediate(timer);
  expect(turns).toBeGreaterThanOrEqual(7);
});
