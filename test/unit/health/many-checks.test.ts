import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { systemClock } from '../../../lib/health/clock.ts';
import { type Clock, createMonitor, tcpCheck } from '../../../lib/health/index.ts';
import { collectGarbage } from '../../support/collect-garbage.ts';
import { refusing } from './servers.ts';

/** IPVS_CHECKS=10000 is what one process should do; fewer show the same, sooner. */
const count = Number(process.env['IPVS_CHECKS'] ?? 2000);
const concurrency = 300;

/** How targets fare, and how many of a hundred. Both ends of their connections are this process's. */
const kinds = { healthy: 49, dead: 40, slow: 10, silent: 1 } as const;
type Kind = keyof typeof kinds;
const SLOW = 50;

/** Milliseconds for an answer. What comes at all may take as long as a busy machine likes. */
const timeouts = { healthy: 120_000, dead: 120_000, slow: 120_000, silent: 3000 } as const;

/** How often each target that answers is checked until memory is looked at for the last time. */
const LAST = 3;

/** Milliseconds of a processor that a check may take, with the other end of its connection: many times the usual. */
const MOST_WORK = 5;

const descriptors = () => readdirSync('/proc/self/fd').length;

/** Bytes of JavaScript objects that are in use. */
function heapUsed(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

function kindOf(index: number): Kind {
  let rest = index % 100;
  for (const [kind, share] of Object.entries(kinds)) {
    if (rest < share) return kind as Kind;
    rest -= share;
  }
  throw new RangeError('the shares are of a hundred');
}

/** A server on all addresses of 127.0.0.0/8. */
async function listen(accept: (socket: Socket) => void) {
  const server = createServer(socket => accept(socket.on('error', () => {}).resume()));
  server.listen({ port: 0, host: '0.0.0.0', backlog: 4096 });
  await once(server, 'listening');
  return { server, port: (server.address() as { readonly port: number }).port };
}

/** The computer's time. While it is held no timer is due: no check begins, and those that run come to their end. */
function createHeldClock() {
  const due = new Set<() => void>();
  let isHeld = false;
  const clock: Clock = {
    now: systemClock.now,
    setTimeout(run, ms) {
      const call = () => (isHeld ? void due.add(call) : run());
      return { call, timer: setTimeout(call, ms) };
    },
    clearTimeout(set) {
      const { call, timer } = set as { readonly call: () => void; readonly timer: NodeJS.Timeout };
      due.delete(call);
      clearTimeout(timer);
    },
  };
  return {
    clock,
    hold: () => {
      isHeld = true;
    },
    release() {
      isHeld = false;
      for (const call of due) call();
      due.clear();
    },
  };
}

test('memory and descriptors stay flat beside thousands of checks of silent, slow and dead targets', async () => {
  const dead = await refusing();
  const servers = {
    healthy: await listen(() => {}),
    slow: await listen(socket => setTimeout(() => socket.write('at last'), SLOW)),
    silent: await listen(() => {}),
  };
  const checks = {
    healthy: tcpCheck(),
    dead: tcpCheck(),
    slow: tcpCheck({ expect: 'at last' }),
    silent: tcpCheck({ expect: 'never' }),
  };
  const begun = heapUsed();
  const before = descriptors();
  const work = process.cpuUsage();
  const { clock, hold, release } = createHeldClock();
  const monitor = createMonitor({ concurrency, clock });
  const states = new Map<string, number>();
  const results = new Uint32Array(count);
  let most = 0;
  let told = 0;
  // 2,000 checks a second, as of 10,000 targets each 5 s.
  const interval = Math.max(1000, count / 2);
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  for (let i = 0; i < count; i++) {
    const kind = kindOf(i);
    const port = kind === 'dead' ? dead.port : servers[kind].port;
    // All of 127.0.0.0/8 is this machine.
    const target = { address: `127.1.${i >> 8}.${i & 255}`, port };
    const policy = { interval, fasterInterval: interval, timeout: timeouts[kind], fall: 1 };
    monitor.follow(target, checks[kind], policy, ({ state }) => {
      results[i]! += 1;
      if (results[i] === 1) states.set(`${kind} ${state}`, (states.get(`${kind} ${state}`) ?? 0) + 1);
      if (++told % 100 === 0) most = Math.max(most, descriptors());
    });
  }
  expect(monitor.statistics.followed).toBe(count);
  const of = (kind: Kind) => (count * kinds[kind]) / 100;
  /** The heap while only silent targets may be checked: how many checks run at once is a matter of the machine. */
  const heapAtRest = async () => {
    hold();
    const isBusy = () => monitor.statistics.waiting > 0 || monitor.statistics.running > of('silent');
    while (isBusy()) await sleep(20);
    const used = heapUsed();
    release();
    return used;
  };
  const answering = (i: number) => kindOf(i) !== 'silent';
  while (results.some((result, i) => result === 0 && answering(i))) await sleep(20);
  const early = await heapAtRest();
  const fewest = told;
  while (results.some((result, i) => result < (answering(i) ? LAST : 1))) await sleep(20);
  const late = await heapAtRest();
  expect(Object.fromEntries(states)).toEqual({
    'healthy up': of('healthy'),
    'dead down': of('dead'),
    'slow up': of('slow'),
    'silent down': of('silent'),
  });
  delay.disable();
  const { passed, failed, timedOut } = monitor.statistics;
  const { user, system } = process.cpuUsage(work);
  const each = (user + system) / 1000 / (passed + failed);
  await monitor.close();
  for (let i = 0; i < 3000 && descriptors() > before; i++) await sleep(10);
  const left = heapUsed() - begun;
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  console.log(
    `${passed + failed} checks of ${count} targets, ${timedOut} without an answer; heap ${mib(early - begun)} after ${fewest}, ` +
      `${mib(late - begun)} after ${told}, ${mib(left)} at the end; at most ${most - before} descriptors; ${each.toFixed(2)} ms of work each; ` +
      `event loop late by ${(delay.percentile(50) / 1e6).toFixed(1)} ms, 99 of 100 turns by less than ${(delay.percentile(99) / 1e6).toFixed(1)}`,
  );
  // What each target has, once and for all, is less than 4 KiB; a check that left something behind would add to it.
  expect(early - begun).toBeLessThan(4096 * count + 2 ** 22);
  expect(late - early).toBeLessThan(2 ** 20 + 100 * (told - fewest));
  expect(left).toBeLessThan(2 ** 22);
  // Both ends of a connection are this process’s; those that were just closed wait for the next turn.
  expect(most - before).toBeLessThanOrEqual(4 * concurrency);
  expect(descriptors()).toBeLessThanOrEqual(before);
  expect(each).toBeLessThan(MOST_WORK);
  for (const { server } of Object.values(servers)) server.close();
}, 300_000);
