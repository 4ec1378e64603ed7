import { spawn } from 'node:child_process';
import { getEventListeners, once } from 'node:events';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import type { CallOptions, Ipvs } from '../../lib/index.ts';
import { type Rejection, rejection, useBed } from './support.ts';

const bed = useBed();

const SERVICES = 400;
/** For how many milliseconds a process is stopped: longer than the deadline that its calls have, five seconds. */
const STOPPED = 1000 * Number(process.env['IPVS_STOPPED'] ?? 6);
const id = (port: number) => ({ protocol: 'tcp', address: '10.100.10.101', port }) as const;

beforeAll(async () => {
  for (let port = 1; port <= SERVICES; port++) {
    void bed.ipvs.addService({ ...id(port), scheduler: 'rr' });
    void bed.ipvs.addDestination(id(port), { address: '10.0.0.1', port });
  }
  await bed.ipvs.info();
});

interface Exit {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

/** Runs one of the programs beside this file to its end, or to a deadline that fails the test. */
function program(name: string, args: readonly string[] = [], flags: readonly string[] = []): Promise<Exit> {
  const file = fileURLToPath(new URL(`programs/${name}`, import.meta.url));
  return new Promise(resolve => {
    const child = spawn(process.execPath, [...flags, file, bed.netns, ...args], { timeout: 110_000 });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', chunk => {
        output += chunk;
      });
    }
    child.once('close', (status, signal) => resolve({ status, signal, output }));
  });
}

describe('a process with clients', () => {
  test('a process with open clients ends by itself', async () => {
    expect(await program('left-open.mjs')).toEqual({ status: 0, signal: null, output: `${SERVICES}\n` });
  });

  test.each(['0', '30', '200'])('a process exits with calls in flight after %s ms', async delay => {
    expect(await program('exit-in-flight.mjs', [delay])).toEqual({ status: 7, signal: null, output: '' });
  });

  test('a process gets back threads and descriptors of garbage-collected clients', async () => {
    const { status, output } = await program('collected.mjs', [], ['--expose-gc']);
    expect(status, output).toBe(0);
    const { before, during, after } = JSON.parse(output);
    expect(during.threads).toBeGreaterThanOrEqual(before.threads + 30);
    expect(after.threads).toBeLessThanOrEqual(before.threads);
    expect(after.descriptors).toBeLessThanOrEqual(before.descriptors);
  });

  test('a process gets back the memory of 40 watchers that were left after one step each', async () => {
    const { status, output } = await program('watchers.mjs', [], ['--expose-gc']);
    expect(status, output).toBe(0);
    const { before, during, after } = JSON.parse(output);
    expect(during - before).toBeGreaterThan(2_000_000);
    expect(after - before).toBeLessThan(1_000_000);
  });

  test('a process survives worker threads that are terminated amid calls', async () => {
    const { status, output } = await program('workers.mjs');
    expect(status, output).toBe(0);
    const { before, after, services } = JSON.parse(output);
    expect(services).toBe(SERVICES);
    expect(after.threads).toBeLessThanOrEqual(before.threads);
    expect(after.descriptors).toBeLessThanOrEqual(before.descriptors);
  });

  test('a process that is stopped amid calls for seconds goes on where it was, and has seen what came', async () => {
    const file = fileURLToPath(new URL('programs/stopped.mjs', import.meta.url));
    const child = spawn(process.execPath, [file, bed.netns], { timeout: 110_000 });
    const closed = once(child, 'close');
    let printed = '';
    child.stdout.on('data', chunk => (printed += chunk));
    child.stderr.on('data', chunk => (printed += chunk));
    await expect.poll(() => printed, { timeout: 60_000 }).toContain('ready');
    child.kill('SIGSTOP');
    await bed.ipvs.addService({ ...id(4000), scheduler: 'rr' });
    await sleep(STOPPED);
    child.kill('SIGCONT');
    child.stdin.write('\n');
    await expect.poll(() => printed, { timeout: 60_000 }).toContain('resumed');
    child.stdin.end();
    expect((await closed)[0], printed).toBe(0);
    await bed.ipvs.removeService(id(4000));
    const { errors, ...told } = JSON.parse(printed.replace(/^(ready|resumed)\n/gm, ''));
    expect(told.added).toEqual([4000]);
    expect(told.longest).toBeGreaterThan(STOPPED - 500);
    expect(told.after).toBeGreaterThan(0);
    // Some 120 steps were missed, or many more.
    expect(told.atOnce).toBeLessThan(20);
    // Three calls may have been under way, each of which may have lost its answer to its deadline.
    expect(errors.length).toBeLessThanOrEqual(3);
    for (const error of errors) expect(error).toMatch(/^ERR_IPVS_TIMEOUT /);
  });

  test('a process that drops its capabilities beside open clients is told so by every call', async () => {
    const { status, output } = await program('dropped.mjs');
    expect(status, output).toBe(0);
    const told = JSON.parse(output);
    const calls = ['services', 'inline', 'queued', 'sample', 'filesElsewhere'];
    const all = (code: string) => ({
      ...Object.fromEntries(calls.map(name => [name, code])),
      files: 'resolved',
    });
    expect(told).toEqual({
      before: all('resolved'),
      after: all('ERR_IPVS_PERMISSION'),
      fresh: 'ERR_IPVS_PERMISSION',
    });
  });

  test('the package can be loaded by require()', async () => {
    expect(await program('required.cjs')).toEqual({ status: 0, signal: null, output: `${SERVICES}\n` });
  });
});

describe('200 clients at once', () => {
  test('200 clients at once read the table, some of them all of it, and leave nothing behind when closed', async () => {
    const before = {
      threads: readdirSync('/proc/self/task').length,
      fds: readdirSync('/proc/self/fd').length,
    };
    const clients = Array.from({ length: 200 }, () => bed.client({ timeout: 120_000 }));
    const lists = await Promise.all(
      clients.map((ipvs, i) => (i % 10 === 0 ? ipvs.snapshot() : ipvs.destinations(id(1)))),
    );
    const wanted = clients.map((_, i) => (i % 10 === 0 ? SERVICES : 1));
    expect(lists.map(list => list.length)).toEqual(wanted);
    await Promise.all(clients.map(ipvs => ipvs.close()));
    await expect
      .poll(
        () => ({
          threads: readdirSync('/proc/self/task').length,
          fds: readdirSync('/proc/self/fd').length,
        }),
        { timeout: 20_000 },
      )
      .toEqual(before);
  });
});

describe('close()', () => {
  test('close() lets earlier calls finish, and refuses later ones', async () => {
    const ipvs = bed.client();
    const added = ipvs.addService({ ...id(5000), scheduler: 'rr' });
    const listed = ipvs.services();
    const closed = ipvs.close();
    const late = await rejection(ipvs.services());
    expect(late).toMatchObject({ code: 'ERR_IPVS_CLOSED' });
    await Promise.all([added, closed]);
    expect(await listed).toHaveLength(SERVICES + 1);
    await bed.ipvs.removeService(id(5000));
  });

  test('close() may be called again, and on a client that was never used', async () => {
    const ipvs = bed.client();
    await Promise.all([ipvs.close(), ipvs.close()]);
    await ipvs.close();
  });

  test('close() is called at the end of `await using`', async () => {
    let outer: ReturnType<typeof bed.client>;
    {
      await using ipvs = bed.client();
      outer = ipvs;
      await ipvs.info();
    }
    expect((await rejection(outer.info())).code).toBe('ERR_IPVS_CLOSED');
  });
});

describe('deadlines and signals', () => {
  test('a call under way that misses its deadline says that its outcome is unknown', async () => {
    const ipvs = bed.client();
    await ipvs.info();
    // The duration of a read depends on the machine: deadlines are tried until one falls amid the read.
    let error: Rejection | undefined;
    for (let timeout = 1; error?.sent !== true && timeout < 200; timeout += 2) {
      error = await ipvs.snapshot({ timeout }).then(
        () => undefined,
        (reason: Rejection) => reason,
      );
    }
    expect(error).toMatchObject({ code: 'ERR_IPVS_TIMEOUT', sent: true });
    expect(error?.message).toContain('outcome is unknown');
    expect(await ipvs.services()).toHaveLength(SERVICES);
  });

  test('a queued call that misses its deadline has no effect', async () => {
    const ipvs = bed.client();
    await ipvs.info();
    const reading = Promise.all([ipvs.snapshot(), ipvs.snapshot()]);
    const error = await rejection(ipvs.flush({ timeout: 1 }));
    expect(error).toMatchObject({ code: 'ERR_IPVS_TIMEOUT', sent: false });
    expect(error.message).toContain('has no effect');
    await reading;
    expect(await ipvs.services()).toHaveLength(SERVICES);
  });

  test('the client’s timeout holds where a call has none', async () => {
    const ipvs = bed.client({ timeout: 1 });
    // A read whose answer came while this thread was busy is in time.
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => ipvs.snapshot()));
    const late = outcomes.filter(outcome => outcome.status === 'rejected');
    expect(new Set(late.map(({ reason }) => reason.code))).toEqual(new Set(['ERR_IPVS_TIMEOUT']));
    expect(await ipvs.services({ timeout: 10_000 })).toHaveLength(SERVICES);
  });

  const server = { address: '10.0.0.1', port: 1 };
  const methods: Readonly<Record<string, (ipvs: Ipvs, options: CallOptions) => Promise<unknown>>> = {
    info: (ipvs, options) => ipvs.info(options),
    services: (ipvs, options) => ipvs.services(options),
    service: (ipvs, options) => ipvs.service(id(1), options),
    addService: (ipvs, options) => ipvs.addService(id(1), options),
    updateService: (ipvs, options) => ipvs.updateService(id(1), { scheduler: 'wrr' }, options),
    removeService: (ipvs, options) => ipvs.removeService(id(1), options),
    destinations: (ipvs, options) => ipvs.destinations(id(1), options),
    addDestination: (ipvs, options) => ipvs.addDestination(id(1), server, options),
    updateDestination: (ipvs, options) => ipvs.updateDestination(id(1), server, { weight: 0 }, options),
    removeDestination: (ipvs, options) => ipvs.removeDestination(id(1), server, options),
    snapshot: (ipvs, options) => ipvs.snapshot(options),
    flush: (ipvs, options) => ipvs.flush(options),
    zero: (ipvs, options) => ipvs.zero(undefined, options),
    timeouts: (ipvs, options) => ipvs.timeouts(options),
    setTimeouts: (ipvs, options) => ipvs.setTimeouts({ tcp: 1 }, options),
    daemons: (ipvs, options) => ipvs.daemons(options),
    startDaemon: (ipvs, options) => ipvs.startDaemon({ role: 'master', interface: 'lo' }, options),
    stopDaemon: (ipvs, options) => ipvs.stopDaemon('master', options),
    schedulers: (ipvs, options) => ipvs.schedulers(options),
    hasScheduler: (ipvs, options) => ipvs.hasScheduler('rr', options),
    settings: (ipvs, options) => ipvs.settings(options),
    setSettings: (ipvs, options) => ipvs.setSettings({ conntrack: true }, options),
    totals: (ipvs, options) => ipvs.totals(options),
    connections: (ipvs, options) => ipvs.connections(options).next(),
    'sampler().read': (ipvs, options) => ipvs.sampler().read(options),
  };

  test.each(Object.entries(methods))('the method %s() takes a signal and a timeout', async (_, method) => {
    const error = await rejection(method(bed.ipvs, { signal: AbortSignal.abort() }));
    expect(error).toMatchObject({ code: 'ERR_IPVS_ABORTED', sent: false });
    expect((await rejection(method(bed.ipvs, { timeout: 0 }))).message).toMatch(/^options\.timeout /);
  });

  test('a signal aborted before the call rejects it, with its reason as the cause', async () => {
    const error = await rejection(bed.ipvs.flush({ signal: AbortSignal.abort('enough') }));
    expect(error).toMatchObject({
      name: 'AbortError',
      code: 'ERR_IPVS_ABORTED',
      sent: false,
      cause: 'enough',
    });
  });

  test('an answer that came while this thread was busy is in time', async () => {
    const ipvs = bed.client();
    await ipvs.info();
    await new Promise(resolve => setImmediate(resolve)); // timers come next, then answers
    const reading = ipvs.info({ timeout: 150 });
    for (let turn = 0; turn < 5; turn++) await undefined; // sent
    const start = performance.now();
    while (performance.now() - start < 400);
    expect(await reading).toMatchObject({ version: expect.any(String) });
  });

  test('one signal serves 5,000 calls with one listener and without a warning', async () => {
    const ipvs = bed.client();
    const controller = new AbortController();
    const { signal } = controller;
    const warnings: Error[] = [];
    const warn = (warning: Error) => warnings.push(warning);
    process.on('warning', warn);
    const answered = Array.from({ length: 20 }, () => ipvs.services({ signal }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await Promise.all(answered);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    const reading = ipvs.snapshot();
    const waiting = Array.from({ length: 5000 }, () => ipvs.info({ signal }));
    controller.abort();
    const outcomes = await Promise.allSettled(waiting);
    const codes = new Set(outcomes.map(outcome => outcome.status === 'rejected' && outcome.reason.code));
    expect(codes).toEqual(new Set(['ERR_IPVS_ABORTED']));
    expect(await reading).toHaveLength(SERVICES);
    await new Promise(resolve => setImmediate(resolve)); // warnings come in a turn of their own
    process.off('warning', warn);
    expect(warnings).toEqual([]);
    expect(await ipvs.services()).toHaveLength(SERVICES);
  });

  test('an aborted write takes no other write with it', async () => {
    const ipvs = bed.client();
    await ipvs.info();
    for (const delay of [1, 3, 6, 12]) {
      const controller = new AbortController();
      const updates = Array.from({ length: 100 }, (_, i) => {
        const destination = { address: '10.0.0.1', port: i + 1 };
        const options = i === 99 ? { signal: controller.signal } : {};
        return ipvs.updateDestination(id(i + 1), destination, { weight: delay }, options);
      });
      setTimeout(() => controller.abort(), delay);
      const outcomes = await Promise.allSettled(updates);
      expect(outcomes.slice(0, 99).filter(({ status }) => status === 'rejected')).toEqual([]);
    }
  });

  test('a signal aborted in the tick of the call leaves the call without effect', async () => {
    const controller = new AbortController();
    const ipvs = bed.client();
    const reading = ipvs.snapshot();
    const flushing = ipvs.flush({ signal: controller.signal });
    controller.abort();
    expect(await rejection(flushing)).toMatchObject({ code: 'ERR_IPVS_ABORTED', sent: false });
    await reading;
    expect(await ipvs.services()).toHaveLength(SERVICES);
  });

  test('a signal aborted amid a read frees the client at once', async () => {
    const ipvs = bed.client();
    await ipvs.info();
    let error: Rejection | undefined;
    for (let delay = 1; error?.sent !== true && delay < 200; delay += 2) {
      const controller = new AbortController();
      setTimeout(() => controller.abort(), delay);
      error = await ipvs.snapshot({ signal: controller.signal }).then(
        () => undefined,
        (reason: Rejection) => reason,
      );
    }
    expect(error).toMatchObject({ name: 'AbortError', sent: true });
    expect((await ipvs.info()).version).toBeDefined();
  });

  test('a signal keeps no listener of an answered call', async () => {
    const { signal } = new AbortController();
    await Promise.all([bed.ipvs.info({ signal }), bed.ipvs.service(id(1), { signal })]);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test('close() does not wait for a call beyond its deadline', async () => {
    const ipvs = bed.client();
    const reading = rejection(Promise.all([ipvs.snapshot({ timeout: 1 }), ipvs.snapshot({ timeout: 1 })]));
    await ipvs.close();
    expect((await reading).code).toBe('ERR_IPVS_TIMEOUT');
  });
});
