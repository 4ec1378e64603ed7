import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type Applied, Ipvs, type IpvsError, type IpvsOptions } from '../../../lib/index.ts';

/** What a scene acts on. It remembers what the scene was told, and so what the kernel's table may hold. */
export interface Stage {
  readonly netns: string;
  /** A client that is closed when the scene ends. */
  client(options?: IpvsOptions): Ipvs;
  /** Awaits a read, whose value must then be this one. */
  read(what: string, promise: Promise<unknown>, expected?: unknown): Promise<void>;
  /** Awaits a write that gives a row another state: 'absent', or what `statesOf` says of it. */
  write(row: string, state: string, promise: Promise<unknown>): Promise<void>;
  /**
   * Awaits an apply() that gives rows these states: those of steps that failed keep the one they had, and any may have
   * got its state where there is no report.
   */
  apply(rows: ReadonlyMap<string, string>, promise: Promise<Applied>): Promise<void>;
  /** Runs when the scene ends. */
  defer(end: () => unknown): void;
}

type Outcome<T> =
  | { readonly value: T; readonly error?: undefined }
  | { readonly value?: undefined; readonly error: IpvsError };

/** What came of a scene. */
interface Performance {
  readonly errors: readonly Error[];
  /** What is wrong, a sentence each. */
  readonly defects: readonly string[];
}

const SERVER_ROWS = 60;

export const web = { protocol: 'tcp', address: '10.0.0.1', port: 80 } as const;
export const mark = { fwmark: 7, family: 'ipv4' } as const;

/** The address of a destination by its number. */
export const server = (i: number) => ({ address: `10.1.${i >> 8}.${i & 255}`, port: 8080 }) as const;

/** A destination's row of `web`. */
export const serverRow = (i: number) => `${web.address}:80 > ${server(i).address}`;

/** The table before each scene, longer than one chunk of a dump: the rows and their states. */
export const fixture: ReadonlyMap<string, string> = new Map([
  ['10.0.0.1:80', 'wlc'],
  ['fwmark 7', 'rr'],
  ...Array.from({ length: SERVER_ROWS }, (_, i) => [serverRow(i), '1'] as const),
]);

async function addFixture(ipvs: Ipvs): Promise<void> {
  await ipvs.addService({ ...web, scheduler: 'wlc' });
  await ipvs.addService({ ...mark, scheduler: 'rr' });
  await Promise.all(Array.from({ length: SERVER_ROWS }, (_, i) => ipvs.addDestination(web, server(i))));
}

/** The rows of a table and their states: a service's scheduler, a destination's weight. */
async function statesOf(ipvs: Ipvs): Promise<Map<string, string>> {
  const states = new Map<string, string>();
  for (const service of await ipvs.snapshot()) {
    const name =
      service.fwmark === undefined ? `${service.address}:${service.port}` : `fwmark ${service.fwmark}`;
    states.set(name, service.scheduler);
    for (const { address, weight } of service.destinations)
      states.set(`${name} > ${address}`, String(weight));
  }
  return states;
}

/** Makes the table what it is before each scene. */
export async function resetTable(netns: string): Promise<void> {
  await using ipvs = new Ipvs({ netns });
  if (isDeepStrictEqual(await statesOf(ipvs), fixture)) return;
  await ipvs.flush();
  await addFixture(ipvs);
}

export const resources = () => ({
  threads: readdirSync('/proc/self/task').length,
  descriptors: readdirSync('/proc/self/fd').length,
});

/** Waits until the process has no more threads and descriptors than before. Returns what is left over. */
export async function leftOver(before: ReturnType<typeof resources>): Promise<string | undefined> {
  for (let look = 0; ; look++) {
    const now = resources();
    if (now.threads <= before.threads && now.descriptors <= before.descriptors) return undefined;
    if (look === 60) {
      return `${now.threads - before.threads} threads and ${now.descriptors - before.descriptors} descriptors are left`;
    }
    await sleep(look < 20 ? 1 : 50);
  }
}

const HANG = 30_000;

/** Performs a scene to its end, whatever fails in it. `ended` is called before the table is looked at. */
export async function perform(
  netns: string,
  scene: (stage: Stage) => Promise<void>,
  ended: () => void = () => {},
): Promise<Performance> {
  const errors: Error[] = [];
  const defects: string[] = [];
  const ends: (() => unknown)[] = [];
  const told = new Map<string, Set<string>>();
  const may = (row: string, state: string, only: boolean) => {
    const before = told.get(row) ?? new Set([fixture.get(row) ?? 'absent']);
    told.set(row, only ? new Set([state]) : before.add(state));
  };
  const outcomeOf = async <T>(promise: Promise<T>): Promise<Outcome<T>> => {
    try {
      return { value: await promise };
    } catch (error) {
      errors.push(error as Error);
      return { error: error as IpvsError };
    }
  };
  const apply = async (rows: ReadonlyMap<string, string>, promise: Promise<Applied>) => {
    const { value, error } = await outcomeOf(promise);
    const failed = value === undefined ? new Map<string, Error>() : failuresOf(value);
    errors.push(...failed.values());
    for (const [row, state] of rows) {
      const failure = error ?? failed.get(row);
      if (failure === undefined || failure === error || mayBeDone(failure))
        may(row, state, failure === undefined);
    }
  };
  const stage: Stage = {
    netns,
    client(options) {
      const made = new Ipvs({ netns, timeout: 20_000, ...options });
      ends.push(() => made.close());
      return made;
    },
    async read(what, promise, expected) {
      const { value, error } = await outcomeOf(promise);
      if (expected === undefined || error !== undefined || isDeepStrictEqual(value, expected)) return;
      defects.push(`${what} resolved with ${JSON.stringify(value)?.slice(0, 200)}`);
    },
    async write(row, state, promise) {
      const { error } = await outcomeOf(promise);
      if (error !== undefined) {
        if (mayBeDone(error)) may(row, state, false);
        return;
      }
      may(row, state, true);
      if (state !== 'absent') return;
      // A service takes its destinations along.
      for (const other of told.keys()) if (other.startsWith(`${row} > `)) may(other, 'absent', true);
    },
    apply,
    defer: end => void ends.push(end),
  };

  const hung = new AbortController();
  const acted = (async () => {
    try {
      await scene(stage);
    } catch (error) {
      errors.push(error as Error);
    }
    for (const end of ends.reverse()) await end();
  })();
  const late = sleep(HANG, 'late', { signal: hung.signal }).catch(() => undefined);
  if ((await Promise.race([acted, late])) === 'late') defects.push(`does not end within ${HANG / 1000} s`);
  hung.abort();
  ended();

  return { errors, defects: [...defects, ...(await untold(netns, told))] };
}

/** Whether a write that failed may have taken effect. */
function mayBeDone(error: Error): boolean {
  const { code, sent } = error as IpvsError;
  return code === 'ERR_IPVS_OUTCOME_UNKNOWN' || sent === true;
}

/** The rows whose last step failed, and why. */
function failuresOf({ steps }: Applied): Map<string, Error> {
  const failed = new Map<string, Error>();
  for (const { step, outcome, error } of steps) {
    const { address, port, fwmark } = step.service;
    const service = fwmark === undefined ? `${address}:${port}` : `fwmark ${fwmark}`;
    const row = 'destination' in step ? `${service} > ${step.destination.address}` : service;
    if (outcome === 'failed') failed.set(row, error!);
    else failed.delete(row);
  }
  return failed;
}

/** What the table holds that nobody was told of, by a fresh client. */
async function untold(netns: string, told: ReadonlyMap<string, ReadonlySet<string>>): Promise<string[]> {
  await using fresh = new Ipvs({ netns });
  let states: Map<string, string>;
  try {
    states = await statesOf(fresh);
  } catch (error) {
    return [`a fresh client fails: ${error}`];
  }
  return [...new Set([...fixture.keys(), ...told.keys(), ...states.keys()])].flatMap(row => {
    const state = states.get(row) ?? 'absent';
    const allowed = told.get(row) ?? new Set([fixture.get(row) ?? 'absent']);
    return allowed.has(state) ? [] : [`${row} is ${state}, and was told to be ${[...allowed].join(' or ')}`];
  });
}
