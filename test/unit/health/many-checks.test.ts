import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createMonitor, tcpCheck } from '../../../lib/health/index.ts';
import { refusing, serve } from './servers.ts';

const descriptors = () => readdirSync('/proc/self/fd').length;

const concurrency = 300;
/** IPVS_CHECKS=10000 is what one process should do; fewer show the same, sooner. */
const count = Number(process.env['IPVS_CHECKS'] ?? 2000);

test('thousands of checks of silent, dead and healthy targets keep descriptors bounded and the event loop free', async () => {
  const server = createServer(socket => socket.on('error', () => {}).resume()).listen(0, '0.0.0.0');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  const dead = await refusing();
  const silent = await serve(() => {});
  const before = descriptors();
  const monitor = createMonitor({ concurrency });
  const states = new Map<string, number>();
  let most = 0;
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const policy = { interval: 60_000, fasterInterval: 1000, timeout: 3000, jitter: 1 };
  const heard = new Set<string>();
  const all = new Promise<void>(resolve => {
    for (let i = 0; i < count; i++) {
      const kind = i % 100 === 0 ? 'silent' : i % 2 === 0 ? 'dead' : 'healthy';
      // All of 127.0.0.0/8 is this machine.
      const address = kind === 'healthy' ? `127.1.${i >> 8}.${i & 255}` : '127.0.0.1';
      const target = { address, port: kind === 'healthy' ? port : kind === 'dead' ? dead.port : silent.port };
      // Expressions that differ make other checks of the same target.
      const check = kind === 'healthy' ? tcpCheck() : tcpCheck({ expect: new RegExp(`never ${i}`) });
      monitor.follow(target, check, policy, ({ state }) => {
        if (heard.has(check.key + address)) return;
        heard.add(check.key + address);
        states.set(`${kind} ${state}`, (states.get(`${kind} ${state}`) ?? 0) + 1);
        most = Math.max(most, i % 50 === 0 ? descriptors() : 0);
        if (heard.size === count) resolve();
      });
    }
  });
  expect(monitor.statistics.followed).toBe(count);
  await all;
  delay.disable();
  expect(Object.fromEntries(states)).toEqual({
    'silent down': count / 100,
    'dead down': count * 0.49,
    'healthy up': count / 2,
  });
  // Both ends of a connection are this process’s; those that were just closed wait for the next turn.
  expect(most - before).toBeLessThanOrEqual(4 * concurrency);
  await monitor.close();
  for (let i = 0; i < 200 && descriptors() > before; i++) await sleep(10);
  expect(descriptors()).toBeLessThanOrEqual(before);
  // Far from what a timeout is, on a busy machine too: half of all turns are short.
  expect(delay.percentile(50) / 1e6).toBeLessThan(100);
  server.close();
});
