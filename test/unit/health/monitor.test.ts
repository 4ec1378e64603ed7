import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  type CheckResult,
  createMonitor,
  customCheck,
  type Dial,
  type DialOptions,
  execCheck,
  type Monitor,
  type MonitorOptions,
  type NamedCheck,
  type TargetHealth,
  tcpCheck,
} from '../../../lib/health/index.ts';
import { collectGarbage } from '../../support/collect-garbage.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

const target = { address: '10.0.0.1', port: 80 };
const steady = { jitter: 0, rise: 1, fall: 1 } as const;

const monitors: Monitor[] = [];
afterEach(() => Promise.all(monitors.splice(0).map(monitor => monitor.close())));

function withClock(options: MonitorOptions = {}) {
  const clock = createVirtualClock(1_000_000);
  const monitor = createMonitor({ clock, random: () => 0.5, ...options });
  monitors.push(monitor);
  return { clock, monitor };
}

/** A check that comes out as was said last, and counts. */
function scripted() {
  const state = { calls: 0, reason: undefined as string | undefined };
  const check = customCheck('scripted', async () => {
    state.calls++;
    if (state.reason !== undefined) throw new Error(state.reason);
  });
  return { state, check };
}

describe('following', () => {
  test('a target is checked at its interval, sooner on the way down, and its follower is told each time', async () => {
    const { clock, monitor } = withClock();
    const { state, check } = scripted();
    const told: TargetHealth[] = [];
    const policy = { ...steady, interval: 5000, fasterInterval: 1000, fall: 3, first: 'up' } as const;
    const following = monitor.follow(target, check, policy, health => told.push(health));
    expect(following.health).toEqual({ state: 'up', since: 1_000_000, consecutive: 0 });
    await clock.advance(10_000);
    expect(told.map(({ state, consecutive }) => [state, consecutive])).toEqual([
      ['up', 1],
      ['up', 2],
      ['up', 3],
    ]);
    state.reason = 'gone';
    await clock.advance(4999);
    expect(told).toHaveLength(3);
    await clock.advance(2001);
    expect(told.slice(3).map(({ state, since, reason }) => [state, since, reason])).toEqual([
      ['up', 1_000_000, 'gone'],
      ['up', 1_000_000, 'gone'],
      ['down', 1_017_000, 'gone'],
    ]);
    expect(monitor.statistics).toMatchObject({
      followed: 1,
      up: 0,
      down: 1,
      passed: 3,
      failed: 3,
      running: 0,
    });
    following.stop();
    expect(monitor.statistics.followed).toBe(0);
    expect(clock.pending).toBe(0);
    await clock.advance(60_000);
    expect(state.calls).toBe(6);
  });

  test('equal targets, checks and policies are checked once, however addresses are written', async () => {
    const { clock, monitor } = withClock();
    const { state, check } = scripted();
    const told: string[] = [];
    const first = monitor.follow({ address: 'fd00::1', port: 80 }, check, steady, () => told.push('first'));
    await clock.advance(0);
    const second = monitor.follow(
      { address: 'FD00:0::1', port: 80 },
      check,
      { ...steady, interval: 5000 },
      () => told.push('second'),
    );
    monitor.follow({ address: 'fd00::1', port: 80 }, check, { ...steady, timeout: 100 }, () => {});
    expect(monitor.statistics.followed).toBe(2);
    expect(told).toEqual(['first']);
    await clock.advance(0);
    expect(told).toEqual(['first', 'second']);
    expect(state.calls).toBe(2);
    first.stop();
    await clock.advance(5000);
    expect(told).toEqual(['first', 'second', 'second']);
    second.stop();
    second.stop();
    expect(monitor.statistics.followed).toBe(1);
  });

  test('a target without a port is followed by a check that needs none, and by no other', async () => {
    const { clock, monitor } = withClock();
    const told: TargetHealth[] = [];
    const portless = { ...target, port: 0 };
    const check: NamedCheck = { ...customCheck('no port', async () => {}), needsPort: false };
    monitor.follow(portless, check, steady, health => told.push(health));
    await clock.advance(0);
    expect(told).toMatchObject([{ state: 'up' }]);
    for (const needy of [tcpCheck(), customCheck('any', async () => {})]) {
      expect(() => monitor.follow(portless, needy, steady, () => {})).toThrow(/port must be between 1/);
    }
  });

  test('a server of two services is checked once, unless the check heeds the service', () => {
    const { monitor } = withClock();
    const { check } = scripted();
    const services = [1, 2].map(fwmark => ({ fwmark, family: 'ipv4' }) as const);
    const followed = (asked: NamedCheck) => {
      const before = monitor.statistics.followed;
      for (const service of services) monitor.follow({ ...target, service }, asked, steady, () => {});
      return monitor.statistics.followed - before;
    };
    expect(followed(check)).toBe(2);
    expect(followed(tcpCheck())).toBe(1);
    expect(followed(execCheck({ command: '/bin/true' }))).toBe(1);
    expect(followed(execCheck({ command: '/bin/true', args: ['{serviceAddress}'] }))).toBe(2);
  });

  test('a follower that stops while it is told is not told again, and the others are', async () => {
    const { clock, monitor } = withClock();
    const { check } = scripted();
    const told: string[] = [];
    const one = monitor.follow(target, check, steady, () => {
      told.push('one');
      one.stop();
    });
    monitor.follow(target, check, steady, () => told.push('two'));
    await clock.advance(5000);
    expect(told).toEqual(['one', 'two', 'two']);
  });

  test('a follower that throws is an uncaught exception, and keeps nobody else from being told', async () => {
    const uncaught = vi.fn();
    const others = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.once('uncaughtException', uncaught);
    try {
      const { clock, monitor } = withClock();
      const { check } = scripted();
      const told = vi.fn();
      monitor.follow(target, check, steady, () => {
        throw new Error('mine');
      });
      monitor.follow(target, check, steady, told);
      await clock.advance(0);
      expect(uncaught).toHaveBeenCalledWith(new Error('mine'), 'uncaughtException');
      expect(told).toHaveBeenCalledOnce();
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const other of others) process.on('uncaughtException', other);
    }
  });

  test('a wrong target, check or option is refused by the name of its field', () => {
    const { monitor } = withClock();
    const { check } = scripted();
    const follow = (wrong: object, other: unknown = check, policy: object = {}) =>
      monitor.follow({ ...target, ...wrong }, other as NamedCheck, policy, () => {});
    expect(() => follow({ address: 'web' })).toThrow('address must be an IPv4 or IPv6 address');
    expect(() => follow({ port: 0 })).toThrow('port must be between 1 and 65535');
    expect(() => follow({ mark: 2 ** 32 })).toThrow('mark must be between 1 and 4294967295');
    expect(() => follow({ device: 'a/b' })).toThrow('device must be the name of a network device');
    expect(() => follow({ source: '::1' })).toThrow('source must be of the family of 10.0.0.1');
    expect(() => follow({ netns: '' })).toThrow('netns must be the name of a network namespace');
    expect(() => follow({ adress: 1 })).toThrow("target has no option 'adress'");
    expect(() => follow({}, {})).toThrow('check must be what tcpCheck() and its like return');
    expect(() => follow({}, check, { rise: -1 })).toThrow('rise must be between 1 and 1000');
    expect(() => createMonitor({ concurrency: 0 })).toThrow('concurrency must be between 1 and 100000');
    expect(() => createMonitor({ dial: 1 } as unknown as MonitorOptions)).toThrow('dial must be a function');
    expect(monitor.statistics.followed).toBe(0);
  });
});

describe('probes', () => {
  test('a check without an answer has failed when its time is up, and is told so by its signal', async () => {
    const { clock, monitor } = withClock();
    let signal: AbortSignal | undefined;
    const silent = customCheck('silent', (_, context) => {
      signal = context.signal;
      return new Promise((_, reject) =>
        context.signal.addEventListener('abort', () => reject(new Error('late'))),
      );
    });
    const told: TargetHealth[] = [];
    monitor.follow(target, silent, { ...steady, timeout: 700 }, health => told.push(health));
    await clock.advance(699);
    expect([signal?.aborted, told]).toEqual([false, []]);
    await clock.advance(1);
    expect(signal?.aborted).toBe(true);
    expect(told).toEqual([
      expect.objectContaining({ state: 'down', reason: 'no answer within 700 ms', lastMs: 700 }),
    ]);
    expect(monitor.statistics).toMatchObject({ failed: 1, timedOut: 1, running: 0 });
  });

  test('a check that does not heed its signal is not made twice at a time, fails, and keeps no place', async () => {
    const { clock, monitor } = withClock({ concurrency: 1 });
    let calls = 0;
    let release = () => {};
    const deaf = customCheck('deaf', () => {
      calls++;
      return new Promise<void>(resolve => (release = resolve));
    });
    const told: (string | undefined)[] = [];
    const policy = { ...steady, timeout: 100, interval: 1000 };
    monitor.follow(target, deaf, policy, ({ reason }) => told.push(reason));
    await clock.advance(2000);
    expect(calls).toBe(1);
    expect(told).toEqual([
      'no answer within 100 ms',
      ...Array(2).fill('the check before has not ended, though its time was up'),
    ]);
    const { check } = scripted();
    const other = vi.fn();
    monitor.follow({ ...target, port: 81 }, check, steady, other);
    await clock.advance(0);
    expect(other).toHaveBeenCalledOnce();
    release();
    await clock.advance(1000);
    expect(calls).toBe(2);
  });

  test('no more checks are made at a time than `concurrency`, and those due longest come first', async () => {
    const { clock, monitor } = withClock({ concurrency: 3 });
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const slow = customCheck('slow', ({ port }) => {
      begun.push(port);
      return new Promise<void>(resolve => ends.push(resolve));
    });
    for (let port = 1; port <= 8; port++) monitor.follow({ ...target, port }, slow, steady, () => {});
    await clock.advance(0);
    expect(begun).toEqual([1, 2, 3]);
    expect(monitor.statistics).toMatchObject({ running: 3, waiting: 5 });
    ends[1]!();
    await clock.advance(0);
    expect(begun).toEqual([1, 2, 3, 4]);
    for (const end of ends) end();
    await clock.advance(0);
    expect(begun).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  test('a check that takes longer than the interval begins anew once it has ended', async () => {
    const { clock, monitor } = withClock();
    let running = 0;
    let most = 0;
    const slow = customCheck('slow', async () => {
      most = Math.max(most, ++running);
      await new Promise<void>(resolve => clock.setTimeout(resolve, 250));
      running--;
    });
    const policy = { ...steady, interval: 100, fasterInterval: 100, timeout: 1000 };
    const told: number[] = [];
    monitor.follow(target, slow, policy, ({ lastMs }) => told.push(lastMs!));
    await clock.advance(1000);
    expect(most).toBe(1);
    expect(told).toEqual([250, 250, 250]);
  });

  test('a result that is refused changes nothing, and the next comes as soon as on the way', async () => {
    const results: CheckResult[] = [];
    let trusted = true;
    const { clock, monitor } = withClock({
      accept: result => {
        results.push(result);
        return trusted;
      },
    });
    const { state, check } = scripted();
    const told: TargetHealth[] = [];
    const following = monitor.follow(target, check, steady, health => told.push(health));
    await clock.advance(0);
    const before = following.health;
    trusted = false;
    state.reason = 'the link is down';
    await clock.advance(7000);
    expect(following.health).toBe(before);
    expect(told).toHaveLength(1);
    expect(results.map(({ passed, reason }) => [passed, reason])).toEqual([
      [true, undefined],
      ...Array(3).fill([false, 'the link is down']),
    ]);
    expect(monitor.statistics).toMatchObject({ refused: 3, up: 1 });
    trusted = true;
    await clock.advance(1000);
    expect(following.health.state).toBe('down');
  });

  test.each([
    [{ factor: 2 }, 'the check’s factor must be between 0 and 1, not 2'],
    [{ admin: 'up' }, "the check’s admin must be 'ready', 'drain' or 'maintenance', not 'up'"],
  ])('a check that answers %j has failed', async (answer, reason) => {
    const { clock, monitor } = withClock();
    const following = monitor.follow(
      target,
      customCheck('odd', async () => answer as never),
      steady,
      () => {},
    );
    await clock.advance(0);
    expect(following.health).toMatchObject({ state: 'down', reason });
  });

  test('a dial ends by a signal that nobody else holds, whatever the garbage collector takes meanwhile', async () => {
    const monitor = createMonitor({
      dial: (({ signal }: DialOptions) =>
        new Promise((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason)))) as Dial,
    });
    monitors.push(monitor);
    const check = customCheck('impatient', async (_, { dial }) => {
      await dial({ signal: AbortSignal.timeout(200) });
    });
    const collecting = setInterval(collectGarbage, 20);
    onTestFinished(() => clearInterval(collecting));
    const { reason } = await new Promise<TargetHealth>(resolve =>
      monitor.follow(target, check, { jitter: 0, timeout: 5000 }, resolve),
    );
    expect(reason).toBe('The operation was aborted due to timeout');
  });

  test('a check that throws before it has a promise has failed, once, and is counted out', async () => {
    const { clock, monitor } = withClock();
    const told: TargetHealth[] = [];
    const throwing = customCheck('throwing', () => {
      throw new Error('no such target');
    });
    const policy = { ...steady, interval: 5000, timeout: 1000 };
    monitor.follow(target, throwing, policy, health => told.push(health));
    await clock.advance(10_000);
    expect(told.map(({ reason }) => reason)).toEqual(Array(3).fill('no such target'));
    expect(monitor.statistics).toMatchObject({ running: 0, failed: 3, timedOut: 0 });
  });

  test('a dial that a check does not wait for ends with the check, and is no unhandled rejection', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    onTestFinished(() => void process.removeListener('unhandledRejection', unhandled));
    const dial = (({ signal }: DialOptions) =>
      new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
      })) as Dial;
    const { clock, monitor } = withClock({ dial });
    const told: TargetHealth[] = [];
    const careless = customCheck('careless', async (_, context) => {
      void context.dial();
    });
    monitor.follow(target, careless, steady, health => told.push(health));
    await clock.advance(0);
    // Node.js tells of a rejection when the microtasks of its turn are over.
    await new Promise(resolve => setImmediate(resolve));
    expect(told.map(({ state }) => state)).toEqual(['up']);
    expect(unhandled).not.toHaveBeenCalled();
  });

  test('a reason is short, and never empty', async () => {
    const { clock, monitor } = withClock();
    const reasons: string[] = [];
    const thrown: unknown[] = [
      'x'.repeat(10_000),
      new Error(''),
      undefined,
      Object.assign(new Error(), { code: 'EPIPE' }),
      Object.create(null),
    ];
    for (const [i, error] of thrown.entries()) {
      const failing = customCheck('fails', () => Promise.reject(error));
      monitor.follow({ ...target, port: i + 1 }, failing, steady, ({ reason }) => reasons.push(reason!));
    }
    await clock.advance(0);
    expect(reasons[0]).toHaveLength(501);
    expect(reasons.slice(1)).toEqual(['Error', 'undefined', 'EPIPE', 'the check rejected without a reason']);
  });
});

describe('closing', () => {
  test('a closed monitor checks and tells nothing any more, refuses new ones, and may be closed again', async () => {
    const { clock, monitor } = withClock();
    const { check } = scripted();
    const told = vi.fn();
    let aborted = false;
    const silent = customCheck('silent', (_, { signal }) => {
      return new Promise((_, reject) =>
        signal.addEventListener('abort', () => {
          aborted = true;
          reject(signal.reason);
        }),
      );
    });
    monitor.follow(target, check, { ...steady, first: 'up' }, told);
    monitor.follow(target, silent, steady, told);
    await clock.advance(0);
    expect(told).toHaveBeenCalledOnce();
    await monitor.close();
    await monitor.close();
    expect(aborted).toBe(true);
    await clock.advance(60_000);
    expect(told).toHaveBeenCalledOnce();
    expect(clock.pending).toBe(0);
    expect(monitor.statistics).toMatchObject({ followed: 0, running: 0, waiting: 0 });
    expect(() => monitor.follow(target, check, steady, told)).toThrow('the monitor is closed');
  });

  test('a check that never ends keeps close() for a second and not for ever', async () => {
    const { clock, monitor } = withClock();
    monitor.follow(
      target,
      customCheck('deaf', () => new Promise(() => {})),
      steady,
      () => {},
    );
    await clock.advance(0);
    const start = performance.now();
    await monitor.close();
    expect(performance.now() - start).toBeGreaterThan(900);
  });
});
