/**
 * The process whose checks are measured: of a monitor alone, or of a director. Its one argument is a
 * `CheckingTask` as JSON. It prints what it measured as a line of JSON, and goes on until its standard input ends.
 */
import { once } from 'node:events';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Checking } from '../records.ts';
import { GREETING } from './checked.ts';
import { type CheckingTask, targetOf } from './checking.ts';
import { tableOf } from './table.ts';

const { main, netns, size, port, interval, timeout, greeting } = JSON.parse(process.argv[2]!) as CheckingTask;

const from = async (path: string) => import(new URL(path, pathToFileURL(main)).href);
const { createMonitor, tcpCheck } = (await from(
  'health/index.js',
)) as typeof import('../../lib/health/index.ts');

const policy = { interval, fasterInterval: interval, timeout, fall: 1, jitter: 0 };
const check = tcpCheck();
const greeted = tcpCheck({ expect: GREETING });
const checkOf = (address: string) => (greeting.includes(address) ? greeted : check);

/** Begins checks, and returns how many were made so far. */
function beginMonitor(): () => number {
  // A first check at any moment of an interval, as checks with jitter come to be.
  const monitor = createMonitor();
  for (let i = 0; i < size.services * size.destinations; i++) {
    const address = targetOf(i);
    monitor.follow({ address, port }, checkOf(address), { ...policy, jitter: 0.1 }, () => {});
  }
  return () => monitor.statistics.passed + monitor.statistics.failed;
}

async function beginDirector(): Promise<() => number> {
  const { Ipvs } = (await from('index.js')) as typeof import('../../lib/index.ts');
  const { Director } = (await from('director/index.js')) as typeof import('../../lib/director/index.ts');
  const { services, destinations } = tableOf(size);
  const director = new Director({
    ipvs: new Ipvs({ netns, timeout: 600_000 }),
    // The table is read as often as targets are checked: by default that is every two intervals.
    driftInterval: interval,
    initial: 'up',
    defaults: { policy: { ...policy, jitter: 0.1 } },
    desired: services.map((service, s) => ({
      ...service,
      destinations: destinations.map((row, d) => {
        const address = targetOf(s * size.destinations + d);
        const greets = greeting.includes(address);
        return { ...row, address, port, checks: [checkOf(address)], ...(greets && { policy }) };
      }),
    })) as never,
  });
  await director.start();
  return () => {
    const { passed, failed, timedOut } = director.statistics.checks;
    return passed + failed + timedOut;
  };
}

const made = netns === undefined ? beginMonitor() : await beginDirector();
/** Milliseconds in which each target is checked, and V8 compiles what it will compile. */
const ROUND = Math.max(interval, 10_000);

await sleep(ROUND);
const [checks, cpu, begun] = [made(), process.cpuUsage(), performance.now()];
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
await sleep(ROUND);
delay.disable();
const { user, system } = process.cpuUsage(cpu);
const measured: Checking = {
  checks: made() - checks,
  wall: performance.now() - begun,
  cpu: (user + system) / 1000,
  delay: delay.percentile(99) / 1e6,
};
process.stdout.write(`${JSON.stringify(measured)}\n`);
process.stdin.resume();
await once(process.stdin, 'end');
process.exit();
