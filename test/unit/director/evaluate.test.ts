import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readDirected } from '../../../lib/director/desired.ts';
import type { World } from '../../../lib/director/evaluate.ts';
import type { Leaving } from '../../../lib/director/leaving.ts';
import { newMemory } from '../../../lib/director/members.ts';
import { createOperators } from '../../../lib/director/operators.ts';
import { createOutlook } from '../../../lib/director/outlook.ts';
import { RAMP_STEP } from '../../../lib/director/policy/ramp.ts';
import type { DirectedService } from '../../../lib/director/types.ts';
import { createWatcher, placeKey } from '../../../lib/director/watcher.ts';
import type { Monitor, NamedCheck, TargetHealth } from '../../../lib/health/types.ts';
import type { ServiceId, Settings } from '../../../lib/index.ts';

const check: NamedCheck = { name: 'any', key: 'any', check: async () => {} };
const web = { protocol: 'tcp', address: '10.0.0.1', port: 80, checks: [check] } as const;
const at = (host: number) => ({ address: `10.0.0.${host}`, port: 80 });

/** A monitor whose answers a test gives, by the last number of addresses. */
function scripted() {
  const listeners = new Map<string, (health: TargetHealth) => void>();
  const monitor: Pick<Monitor, 'follow'> = {
    follow({ address }, _check, _policy, onHealth) {
      listeners.set(address, onHealth);
      return {
        health: { state: 'unknown', since: 0, consecutive: 0 },
        stop: () => listeners.delete(address),
      };
    },
  };
  const say = (host: number, state: TargetHealth['state'], since: number, rest: Partial<TargetHealth> = {}) =>
    listeners.get(at(host).address)?.({ state, since, consecutive: 1, ...rest });
  return { monitor: monitor as Monitor, say, listeners };
}

const none = { of: () => [], services: () => [] } as unknown as Leaving;

/** A desired state with a monitor whose answers a test gives. */
async function direct(desired: readonly DirectedService[], rest: Partial<World> = {}, hold = 0) {
  const script = scripted();
  const outlook = createOutlook();
  const policy = hold > 0 ? { share: 0.5, least: 2, hold } : undefined;
  const watcher = createWatcher(script.monitor, policy, ({ key }) => outlook.touch(key));
  const world: World = {
    operators: createOperators(),
    watcher,
    leaving: none,
    memories: new Map(),
    initial: 'down',
    settings: undefined,
    ...rest,
  };
  const take = async (next: readonly DirectedService[]) => {
    const directed = await readDirected(next, {});
    watcher.follow(directed, new Map(), () => true);
    outlook.direct(directed);
  };
  await take(desired);
  /** The weights in the table that is to be, by the last number of addresses. */
  const weights = (now: number) => {
    for (const service of watcher.judge(now).believed) outlook.touch(service);
    outlook.look(world, now);
    const rows = Array.from(outlook.entries.values()).flatMap(({ destinations }) => destinations);
    const next = outlook.isRamping() ? RAMP_STEP : undefined;
    return { ...Object.fromEntries(rows.map(({ address, weight }) => [address.slice(7), weight])), next };
  };
  return { ...script, world, watcher, outlook, take, weights };
}

const place = (host: number) => placeKey('tcp 10.0.0.1:80', `10.0.0.${host}:80`);

describe('the table that a director wants', () => {
  test('a destination waits for its first check, unless the table has it with a weight already', async () => {
    const memories = new Map([
      [place(2), newMemory(3)],
      [place(3), newMemory(0)],
    ]);
    const desired = [{ ...web, destinations: [2, 3, 4].map(host => ({ ...at(host), weight: 5 })) }];
    const { weights, say } = await direct(desired, { memories });
    expect(weights(0)).toEqual({ 2: 3, 3: 0, 4: 0, next: undefined });
    for (const host of [2, 3, 4]) say(host, 'up', 1);
    expect(weights(1)).toEqual({ 2: 5, 3: 5, 4: 5, next: undefined });
  });

  test('initial up uses a destination before its first check, and what fails at once is taken out', async () => {
    const { weights, say } = await direct([{ ...web, destinations: [at(2), at(3)] }], { initial: 'up' });
    expect(weights(0)).toMatchObject({ 2: 1, 3: 1 });
    say(2, 'down', 1);
    expect(weights(1)).toMatchObject({ 2: 0, 3: 1 });
  });

  test('a recovered server gets its weight in steps, one that was never out gets it at once', async () => {
    const service = { ...web, scheduler: 'wrr', slowStart: 10_000 };
    const { weights, say } = await direct([
      {
        ...service,
        destinations: [
          { ...at(2), weight: 100 },
          { ...at(3), weight: 100 },
        ],
      },
    ]);
    say(2, 'up', 0);
    say(3, 'up', 0);
    expect(weights(0)).toEqual({ 2: 100, 3: 100, next: undefined });
    say(3, 'down', 1000);
    expect(weights(1000)).toMatchObject({ 3: 0 });
    say(3, 'up', 2000);
    expect(weights(2000)).toEqual({ 2: 100, 3: 10, next: 1000 });
    expect(weights(7000)).toMatchObject({ 3: 50 });
    expect(weights(12_000)).toEqual({ 2: 100, 3: 100, next: undefined });
  });

  test('what checks answer is a part of the weight, and an agent’s word drains', async () => {
    const { weights, say } = await direct([
      { ...web, destinations: [2, 3, 4].map(host => ({ ...at(host), weight: 40 })) },
    ]);
    say(2, 'up', 0, { answer: { factor: 0.25 } });
    say(3, 'up', 0, { answer: { admin: 'drain' } });
    say(4, 'up', 0, { answer: { factor: 0 } });
    expect(weights(0)).toMatchObject({ 2: 10, 3: 0, 4: 0 });
  });

  test('an operator’s weight stands for the desired one, and health holds all the same', async () => {
    const { weights, say, world } = await direct([{ ...web, maxUnhealthy: 1, destinations: [at(2), at(3)] }]);
    for (const host of [2, 3]) say(host, 'up', 0);
    const service = { protocol: 'tcp', address: '10.0.0.1', port: 80 } as const;
    world.operators.say({ service, destination: at(2) }, { weight: 9 });
    world.operators.say({ service, destination: at(3) }, { admin: 'maintenance', weight: 9 });
    expect(weights(0)).toMatchObject({ 2: 9, 3: 0 });
    expect(world.operators.records()).toHaveLength(2);
    world.operators.say({ service, destination: at(3) }, { admin: undefined, weight: undefined });
    expect(weights(1)).toMatchObject({ 2: 9 });
    expect(world.operators.records()).toHaveLength(1);
    say(2, 'down', 2);
    expect(weights(2)).toMatchObject({ 2: 0 });
  });

  test('failures of more than half of all checks at once are believed only when they last', async () => {
    const { weights, say } = await direct(
      [{ ...web, maxUnhealthy: 1, destinations: [at(2), at(3)] }],
      {},
      1000,
    );
    for (const host of [2, 3]) say(host, 'up', 0);
    expect(weights(0)).toMatchObject({ 2: 1, 3: 1 });
    for (const host of [2, 3]) say(host, 'down', 5000);
    expect(weights(5500)).toMatchObject({ 2: 1, 3: 1 });
    expect(weights(6100)).toMatchObject({ 2: 0, 3: 0 });
  });

  test('checks of what stays the same go on, others end and begin', async () => {
    const { watcher, say, weights, listeners, take } = await direct([
      { ...web, destinations: [at(2), at(3)] },
    ]);
    say(2, 'up', 0);
    weights(0);
    const desired = [{ ...web, destinations: [{ ...at(2), weight: 6 }, at(4)] }];
    await take(desired);
    expect([...listeners.keys()]).toEqual(['10.0.0.2', '10.0.0.4']);
    expect(weights(1)).toMatchObject({ 2: 6, 4: 0 });
    watcher.follow(await readDirected(desired, {}), new Map(), (_, row) => row.key !== '10.0.0.2:80');
    expect(watcher.count()).toBe(1);
    watcher.stop();
    expect(listeners.size).toBe(0);
  });
});

describe('services that are decided anew only where something has changed', () => {
  const host = fc.constantFrom(2, 3, 6);
  const event = fc.oneof(
    fc.record({
      host,
      state: fc.constantFrom('up', 'down'),
      answer: fc.constantFrom({}, { answer: { factor: 0.5 } }, { answer: { admin: 'drain' } }),
    }),
    fc.record({ host, admin: fc.constantFrom('drain', 'maintenance', undefined) }),
    fc.record({ wait: fc.integer({ min: 1, max: 3000 }) }),
  );
  const service = (number: number, hosts: readonly number[]): DirectedService => ({
    ...web,
    address: `10.0.1.${number}`,
    scheduler: 'wrr',
    slowStart: 5000,
    quorum: 2,
    hysteresis: 1,
    destinations: hosts.map(last => ({ ...at(last), weight: 10, tier: last === 7 ? 1 : 0 })),
  });
  const desired = [service(1, [2, 3]), service(2, [6, 7])];

  test('what is decided of services that were touched is what would be decided of all', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 30 }), async events => {
        const [some, all] = await Promise.all([direct(desired, {}, 2000), direct(desired, {}, 2000)]);
        let now = 0;
        for (const one of events) {
          now += 'wait' in one ? one.wait : 1;
          for (const side of [some, all]) {
            if ('state' in one) {
              side.say(one.host, one.state as 'up', now, one.answer as Partial<TargetHealth>);
            } else if ('host' in one) {
              const { protocol, address, port } = service(one.host < 6 ? 1 : 2, []);
              const place = { service: { protocol, address, port } as ServiceId, destination: at(one.host) };
              side.world.operators.say(place, { admin: one.admin as 'drain' });
              side.outlook.touch(); // as the director does where an operator speaks
            }
            if (side === all) side.outlook.touch();
            side.weights(now);
          }
          expect([...some.outlook.entries]).toEqual([...all.outlook.entries]);
          expect([...some.outlook.decisions]).toEqual([...all.outlook.decisions]);
        }
      }),
    );
  });

  test('a service that nothing has changed of is not looked at, and its entry stays the same object', async () => {
    const { say, weights, outlook, world } = await direct(desired);
    for (const last of [2, 3, 6, 7]) say(last, 'up', 0);
    weights(0);
    const [first, second] = [...outlook.entries.values()];
    say(3, 'down', 1);
    expect([...outlook.look(world, 1).keys()]).toEqual(['tcp 10.0.1.1:80']);
    expect(outlook.look(world, 2).size).toBe(0);
    const [changed, kept] = [...outlook.entries.values()];
    expect(kept).toBe(second);
    expect(changed).not.toBe(first);
  });
});

describe('destinations that must not be at weight 0', () => {
  const rows = [at(2), at(3), { ...at(4), weight: 0 }];

  async function tableOf(service: object, settings?: Partial<Settings>) {
    const directed = { ...web, ...service, destinations: rows } as DirectedService;
    const { weights, say } = await direct([directed], { settings: settings as Settings });
    say(2, 'up', 0);
    say(3, 'down', 0);
    say(4, 'up', 0);
    return weights(0);
  }

  test('a hashing scheduler without fallback has no server at weight 0 but those that are desired so', async () => {
    expect(await tableOf({ scheduler: 'mh' })).toEqual({ 2: 1, 4: 0, next: undefined });
    expect(await tableOf({ scheduler: 'mh', schedulerFlags: ['mh-fallback'] })).toMatchObject({ 3: 0 });
    expect(await tableOf({ scheduler: 'dh' })).not.toHaveProperty('3');
  });

  test('persistent clients of a failed server move only where it is removed or templates expire', async () => {
    const service = { persistence: { timeout: 300 } };
    expect(await tableOf(service, { expireQuiescentTemplate: false })).not.toHaveProperty('3');
    expect(await tableOf(service, { expireQuiescentTemplate: true })).toMatchObject({ 3: 0 });
    expect(
      await tableOf({ ...service, onFailure: 'quiet' }, { expireQuiescentTemplate: false }),
    ).toMatchObject({
      3: 0,
    });
  });

  test('a failed server may be removed by choice', async () => {
    expect(await tableOf({ onFailure: 'remove' })).not.toHaveProperty('3');
    expect(await tableOf({})).toMatchObject({ 3: 0 });
  });
});
