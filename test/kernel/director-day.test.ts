import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type DirectedService,
  Director,
  type DirectorEvent,
  type DirectorOptions,
  type DirectorState,
  type NamedCheck,
} from '../../lib/director/index.ts';
import { collectGarbage } from '../support/collect-garbage.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';
import { useBed } from './support.ts';

const bed = useBed();

/** How much a director lives through, by a clock that the test moves; 24 take minutes on an emulated processor. */
const HOURS = Number(process.env['IPVS_HOURS'] ?? (process.env['CI'] ? 6 : 1));

const MINUTE = 60_000;
const INTERVAL = 30_000;
const LOOK = 2 * MINUTE;
const HOSTS = [1, 2, 3] as const;

const web = { protocol: 'tcp', address: '10.1.0.1', port: 80 } as const;
const at = (host: number) => ({ address: `127.0.1.${host}`, port: 80 });

let failing = 0;
const check: NamedCheck = {
  name: 'told',
  key: 'told',
  async check({ address }) {
    if (address === at(failing).address) throw new Error('a test says so');
  },
};

function service(weight: number): DirectedService {
  return { ...web, scheduler: 'wrr', destinations: HOSTS.map(host => ({ ...at(host), weight })) };
}

const clock = createVirtualClock(Date.UTC(2026, 0, 1));
const options: Omit<DirectorOptions, 'ipvs'> = {
  checks: [check],
  defaults: {
    policy: { interval: INTERVAL, fasterInterval: 10_000, timeout: 5000, rise: 2, fall: 3, jitter: 0 },
    slowStart: 5 * MINUTE,
  },
  driftInterval: LOOK,
  suspicion: false,
  desired: [service(10)],
};

let director: Director;
beforeAll(() => {
  director = new Director({ ipvs: bed.ipvs, clock, ...options });
});
afterAll(() => director.close());

/** How many events of each kind were told. */
const told = new Map<DirectorEvent['type'], number>();
const count = (type: DirectorEvent['type']) => told.get(type) ?? 0;

async function listen(): Promise<void> {
  for await (const { type } of director.events()) told.set(type, count(type) + 1);
}

/** The weights in the kernel's table, in the order of addresses. */
async function weights(): Promise<readonly number[]> {
  const rows = await bed.ipvs.destinations(web);
  return rows.toSorted((one, other) => (one.address < other.address ? -1 : 1)).map(({ weight }) => weight);
}

/** Moves the clock on by minutes, and some seconds more until the table has these weights: the kernel's time is its own. */
async function pass(minutes: number, wanted: readonly number[]): Promise<void> {
  await clock.advance(minutes * MINUTE);
  const look = async () => {
    await clock.advance(1000);
    return weights();
  };
  await expect.poll(look, { timeout: 10_000 }).toEqual(wanted);
}

/** An hour: a server fails and comes back, another program meddles, a new desired state comes, and all is quiet. */
async function hour(host: number, before: number, after: number): Promise<void> {
  const all = (weight: number) => HOSTS.map(() => weight);
  failing = host;
  await pass(
    5,
    HOSTS.map(each => (each === host ? 0 : before)),
  );
  failing = 0;
  await pass(10, all(before));
  await bed.ipvs.updateDestination(web, at(host), { weight: before + 1 });
  await pass(6, all(before));
  await director.update([service(after)]);
  await pass(5, all(after));
  const quiet = count('applied');
  await pass(30, all(after));
  expect(count('applied'), 'writes while nothing changed').toBe(quiet);
}

const probesOf = ({ statistics }: DirectorState) => statistics.checks.passed + statistics.checks.failed;

test('a director goes on for hours by its clock: steady checks, no write but for a reason, nothing that piles up', async () => {
  void listen();
  await director.start();
  await pass(10, [10, 10, 10]);
  let [weight, timers, heap, begun, probes] = [10, 0, 0, 0, 0];
  for (let i = 0; i < HOURS; i++) {
    const next = weight === 10 ? 20 : 10;
    await hour(HOSTS[i % HOSTS.length]!, weight, next);
    weight = next;
    if (i > 0) continue;
    collectGarbage();
    [timers, heap] = [clock.pending, process.memoryUsage().heapUsed];
    [begun, probes] = [clock.now(), probesOf(director.state())];
  }
  const state = director.state();
  expect(count('drift')).toBe(HOURS);
  expect(count('desired')).toBe(HOURS + 1);
  expect(state).toMatchObject({ isConverged: true, isSuspicious: false, problems: [] });
  expect(clock.pending).toBeLessThanOrEqual(timers);
  // Checks are as many as the interval says, and a few more of a server on its way down or up.
  const usual = (HOSTS.length * (clock.now() - begun)) / INTERVAL;
  const made = probesOf(state) - probes;
  expect(made).toBeGreaterThan(usual - 2 * HOSTS.length);
  expect(made).toBeLessThan(1.05 * usual + 10 * HOURS);
  collectGarbage();
  expect(process.memoryUsage().heapUsed - heap).toBeLessThan(2_000_000);
}, 1_200_000);
