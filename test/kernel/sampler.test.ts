import { type ChildProcess, spawn } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { SamplerOptions } from '../../lib/index.ts';
import { collectGarbage } from '../support/garbage.ts';
import { rejection, useBed } from './support.ts';

const bed = useBed();

const dns = { protocol: 'udp', address: '10.100.10.101', port: 53 } as const;
const web = { protocol: 'tcp', address: '10.100.10.101', port: 80 } as const;
const server = (n: number) => ({ address: `10.102.${n >> 8}.${n & 255}`, port: 80 });
const service = (n: number) =>
  ({ protocol: 'tcp', address: `10.101.${n >> 8}.${n & 255}`, port: 80 }) as const;
const local = { address: '127.0.0.1', port: 8053, forwarding: 'masquerade' } as const;

async function fill(services: number, destinations: number): Promise<void> {
  for (let s = 0; s < services; s++) {
    void bed.ipvs.addService({ ...service(s), scheduler: 'rr' });
    for (let d = 0; d < destinations; d++)
      void bed.ipvs.addDestination(service(s), { ...server(d), weight: d });
  }
  await bed.ipvs.info();
}

describe('samples', () => {
  afterEach(() => bed.ipvs.flush());

  test('a sample of an empty table has no rows', async () => {
    using sampler = bed.ipvs.sampler();
    const sample = await sampler.read();
    expect(sample).toMatchObject({ generation: 1, services: { ids: [] }, destinations: { ids: [] } });
    expect(sample.services.rates?.connections).toEqual(new Float64Array(0));
  });

  test('a sample has the rows of the table and their columns', async () => {
    await fill(3, 4);
    using sampler = bed.ipvs.sampler();
    const { services, destinations, time } = await sampler.read();
    expect(Math.abs(time - Date.now())).toBeLessThan(60_000);
    expect(services.ids).toHaveLength(3);
    expect(services.ids).toEqual(expect.arrayContaining([service(0), service(1), service(2)]));
    expect(destinations.ids).toHaveLength(12);
    for (const [row, id] of destinations.ids.entries()) {
      expect(destinations.weight[row]).toBe(Number(id.address.split('.')[3]));
      expect(destinations.service[row]).toBeLessThan(3);
    }
    expect(services.counters?.inBytes).toEqual(new BigUint64Array(3));
    expect(services.deltas?.inBytes).toEqual(new Float64Array(3));
    expect([...destinations.rates!.connections]).toEqual(Array.from({ length: 12 }, () => Number.NaN));
    expect(destinations.activeConnections).toEqual(new Uint32Array(12));
  });

  test('a sample can be of chosen services and columns, and without destinations', async () => {
    await fill(5, 2);
    const absent = { ...web, port: 99 };
    using some = bed.ipvs.sampler({ services: [service(3), absent, service(1)], columns: ['counters'] });
    const sample = await some.read();
    expect(sample.services.ids).toEqual([service(3), service(1)]);
    expect(sample.destinations.ids).toHaveLength(4);
    expect(sample.services).not.toHaveProperty('rates');
    expect(sample.destinations).not.toHaveProperty('deltas');
    using bare = bed.ipvs.sampler({ destinations: false, columns: [] });
    const short = await bare.read();
    expect(short.services.ids).toHaveLength(5);
    expect(short.destinations.ids).toEqual([]);
  });

  test('a sample keeps its row numbers while rows stay, and while others come and go', async () => {
    await fill(4, 30);
    using sampler = bed.ipvs.sampler();
    const first = await sampler.read();
    const second = await sampler.read();
    expect(second.generation).toBe(first.generation);
    expect(second.destinations.ids).toBe(first.destinations.ids);

    await bed.ipvs.addService({ ...web, scheduler: 'rr' });
    const third = await sampler.read();
    expect(third.generation).toBe(first.generation + 1);
    expect(third.services.ids.slice(0, 4)).toEqual(first.services.ids);
    expect(third.services.ids[4]).toEqual(web);

    await bed.ipvs.removeService(first.services.ids[1]!);
    const fourth = await sampler.read();
    expect(fourth.services.ids).toEqual([0, 2, 3, 4].map(row => third.services.ids[row]));
    expect(fourth.destinations.ids).toHaveLength(90);
    expect(new Set(fourth.destinations.service)).toEqual(new Set([0, 1, 2]));
  });

  test('a sample takes in a table that grows tenfold between two reads', async () => {
    await fill(20, 10);
    using sampler = bed.ipvs.sampler({ reuse: true });
    expect((await sampler.read()).destinations.ids).toHaveLength(200);
    await bed.ipvs.flush();
    await fill(200, 10);
    const grown = await sampler.read();
    expect(grown.services.ids).toHaveLength(200);
    expect(grown.destinations.ids).toHaveLength(2000);
    expect(grown.destinations.weight).toHaveLength(2000);
  });

  test('a sample’s arrays are written over by the next read only with `reuse`', async () => {
    await fill(2, 2);
    using reusing = bed.ipvs.sampler({ reuse: true });
    const [one, two] = [await reusing.read(), await reusing.read()];
    expect(two.services.counters?.inBytes.buffer).toBe(one.services.counters?.inBytes.buffer);
    expect(two.destinations.weight.buffer).toBe(one.destinations.weight.buffer);
    using fresh = bed.ipvs.sampler();
    const [three, four] = [await fresh.read(), await fresh.read()];
    expect(four.services.counters?.inBytes.buffer).not.toBe(three.services.counters?.inBytes.buffer);
  });
});

describe('samplers', () => {
  afterEach(() => bed.ipvs.flush());

  test('a sampler refuses a read while one is under way', async () => {
    using sampler = bed.ipvs.sampler();
    const [first, second] = await Promise.allSettled([sampler.read(), sampler.read()]);
    expect(first.status).toBe('fulfilled');
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'ERR_IPVS_BUSY' } });
    await sampler.read();
  });

  test('a sampler reads in the order of calls, and to the end when the client is closed after', async () => {
    const ipvs = bed.client();
    using sampler = ipvs.sampler();
    const first = sampler.read();
    void ipvs.addService(web);
    expect((await first).services.ids).toEqual([]);
    const second = sampler.read();
    const closed = ipvs.close();
    expect((await second).services.ids).toEqual([web]);
    await closed;
    await bed.ipvs.flush();
  });

  test('a sampler of no services has no rows', async () => {
    await fill(2, 2);
    using sampler = bed.ipvs.sampler({ services: [] });
    expect(await sampler.read()).toMatchObject({ services: { ids: [] }, destinations: { ids: [] } });
    await bed.ipvs.flush();
  });

  test('a sampler has a service once, however often it was named', async () => {
    await fill(2, 3);
    const often = Array.from({ length: 2000 }, () => service(0));
    using sampler = bed.ipvs.sampler({ services: [...often, service(1)] });
    const { services, destinations } = await sampler.read();
    expect(services.ids).toEqual([service(0), service(1)]);
    expect([...destinations.service]).toEqual([0, 0, 0, 1, 1, 1]);
    await bed.ipvs.flush();
  });

  test('a sampler names its services again when a read was aborted before it was sent', async () => {
    await fill(300, 10);
    using sampler = bed.ipvs.sampler({ services: [service(1)] });
    const busy = bed.ipvs.snapshot();
    const controller = new AbortController();
    const reading = sampler.read({ signal: controller.signal });
    controller.abort();
    expect(await rejection(reading)).toMatchObject({ sent: false });
    await busy;
    expect((await sampler.read()).services.ids).toEqual([service(1)]);
    expect((await sampler.read()).services.ids).toEqual([service(1)]);
    await bed.ipvs.flush();
  });

  test('a sampler of an invalid service says so at each read', async () => {
    using sampler = bed.ipvs.sampler({ services: [{ ...web, port: -1 }] });
    for (let i = 0; i < 2; i++) expect((await rejection(sampler.read())).message).toMatch(/service\.port/);
  });

  test('a sampler goes on after a read that was aborted', async () => {
    await fill(50, 20);
    using sampler = bed.ipvs.sampler();
    expect(await rejection(sampler.read({ signal: AbortSignal.abort() }))).toMatchObject({
      code: 'ERR_IPVS_ABORTED',
    });
    const controller = new AbortController();
    const reading = sampler.read({ signal: controller.signal });
    setTimeout(() => controller.abort(), 5);
    await reading.catch(error => expect(error.code).toBe('ERR_IPVS_ABORTED'));
    const sample = await sampler.read();
    expect(sample.services.ids).toHaveLength(50);
    expect(sample.destinations.ids).toHaveLength(1000);
    // The identities of rows come once, and may come with the answer to an aborted read.
    await bed.ipvs.addService(web);
    const late = new AbortController();
    const given = sampler.read({ signal: late.signal });
    setTimeout(() => late.abort(), 2);
    await given.catch(error => expect(error).toMatchObject({ code: 'ERR_IPVS_ABORTED', sent: true }));
    expect((await sampler.read()).services.ids).toContainEqual(web);
    await bed.ipvs.flush();
  });

  test('a sampler keeps its rows, which V8 knows the weight of, until it is closed', async () => {
    await fill(2, 2000);
    const ipvs = bed.client();
    await ipvs.info();
    const weight = async () => {
      await collectGarbage();
      return process.memoryUsage().external;
    };
    /** Its weight once nothing goes any more of what earlier tests left. */
    const settled = async () => {
      for (let before = await weight(); ; ) {
        await new Promise(resolve => setTimeout(resolve, 100));
        const now = await weight();
        if (now === before) return now;
        before = now;
      }
    };
    const rows = 4000 * 15 * 8; // five counters, deltas and rates each
    const before = await settled();
    const sampler = ipvs.sampler();
    await sampler.read();
    expect(await weight()).toBeGreaterThan(before + rows);
    sampler.close();
    await expect.poll(weight, { timeout: 20_000 }).toBeLessThan(before + rows / 2);
  });

  test('a sampler does not read when it is closed', async () => {
    const sampler = bed.ipvs.sampler();
    sampler.close();
    sampler.close();
    expect((await rejection(sampler.read())).code).toBe('ERR_IPVS_CLOSED');
  });

  test.each([
    [{ services: 'all' }, 'options.services'],
    [{ destinations: 1 }, 'options.destinations'],
    [{ columns: ['gauges'] }, 'options.columns'],
    [{ columns: 'rates' }, 'options.columns'],
    [{ reuse: 'yes' }, 'options.reuse'],
    [{ interval: 5 }, "no option 'interval'"],
  ])('sampler(%j) throws an error that names the option', (options, names) => {
    expect(() => bed.ipvs.sampler(options as unknown as SamplerOptions)).toThrow(names);
  });

  test('a sampler of an invalid service names the field', async () => {
    using sampler = bed.ipvs.sampler({ services: [{ ...web, port: 70_000 }] });
    expect((await rejection(sampler.read())).message).toContain('service.port');
  });
});

describe('samplers under steady traffic', () => {
  const PER_SECOND = 40;
  let peer: ChildProcess;

  beforeAll(async () => {
    bed.run('ip', 'addr', 'add', '10.100.10.101/32', 'dev', 'lo');
    await bed.ipvs.addService({ ...dns, scheduler: 'rr', onePacket: true });
    await bed.ipvs.addDestination(dns, local);
    // The program sends by the clock: what a late timer missed is sent with the next.
    const traffic = `
      import dgram from 'node:dgram';
      dgram.createSocket('udp4').bind(8053, '127.0.0.1');
      const socket = dgram.createSocket('udp4');
      const start = performance.now();
      let sent = 0;
      setInterval(() => {
        for (; sent < (performance.now() - start) / 1000 * ${PER_SECOND}; sent++) socket.send('query', 53, '10.100.10.101');
      }, 20);
      setTimeout(() => process.exit(), 100000);
    `;
    peer = spawn('ip', ['netns', 'exec', bed.netns, process.execPath, '--input-type=module', '-e', traffic], {
      stdio: 'inherit',
    });
    const counted = async () => (await bed.ipvs.service(dns))?.stats.connections ?? 0;
    while ((await counted()) < PER_SECOND) await new Promise(resolve => setTimeout(resolve, 200));
  }, 60_000);

  afterAll(() => {
    peer.kill();
  });

  /** The rates of the service and of its destination that watch() yields at a pace. */
  async function rates(interval: number, duration: number): Promise<number[]> {
    const found: number[] = [];
    const start = performance.now();
    for await (const { sample } of bed.client().watch({ interval })) {
      const elapsed = performance.now() - start;
      if (elapsed > 5000)
        found.push(sample.services.rates!.connections[0]!, sample.destinations.rates!.connections[0]!);
      if (elapsed > duration) break;
    }
    return found;
  }

  // A machine so busy that a read is made 0.1 s after its look at the clock may see two refreshes in what it takes
  // for 1.9 s: once in a while that is twice the rate.
  test('rates under steady traffic are neither zero nor double, at any pace', {
    retry: 2,
    timeout: 120_000,
  }, async () => {
    const paces = [100, 700, 1000, 1900, 3000, 5000];
    const all = await Promise.all(paces.map(interval => rates(interval, 16_000)));
    for (const [i, interval] of paces.entries()) {
      expect(all[i]!.length, `rates every ${interval} ms`).toBeGreaterThan(3);
      for (const rate of all[i]!) {
        expect(rate, `a rate every ${interval} ms`).toBeGreaterThan(PER_SECOND * 0.5);
        expect(rate, `a rate every ${interval} ms`).toBeLessThan(PER_SECOND * 1.6);
      }
    }
  });

  test.each([false, true])(
    'deltas add up to the counters, also when these are zeroed; reuse: %s',
    async reuse => {
      using sampler = bed.ipvs.sampler({ reuse });
      const first = (await sampler.read()).destinations.counters!.connections[0]!;
      let sum = 0;
      let last = first;
      for (let i = 0; i < 8; i++) {
        await new Promise(resolve => setTimeout(resolve, 500));
        const { counters, deltas } = (await sampler.read()).destinations;
        last = counters!.connections[0]!;
        const delta = deltas!.connections[0]!;
        expect(delta).toBeGreaterThanOrEqual(0);
        sum += delta;
      }
      expect(sum).toBe(Number(last - first));
      expect(sum).toBeGreaterThan(0);
      const before = (await bed.ipvs.service(dns))!.stats;
      expect(before.rates.connections).toBeGreaterThan(PER_SECOND * 0.5);
      expect(before.rates.connections).toBeLessThan(PER_SECOND * 1.6);
      await bed.ipvs.zero();
      expect((await bed.ipvs.service(dns))!.stats.connections).toBeLessThan(before.connections);
      for (let i = 0; i < 8; i++) {
        await new Promise(resolve => setTimeout(resolve, 500));
        const { deltas } = (await sampler.read()).destinations;
        expect(deltas!.connections[0]).toBeGreaterThanOrEqual(0);
        expect(deltas!.connections[0]).toBeLessThan(PER_SECOND * 6);
      }
    },
    60_000,
  );

  test('a destination that is removed and added again counts on without a jump', async () => {
    using sampler = bed.ipvs.sampler();
    await sampler.read();
    await bed.ipvs.removeDestination(dns, local);
    expect((await sampler.read()).destinations.ids).toEqual([]);
    await bed.ipvs.addDestination(dns, local);
    const back = await sampler.read();
    expect(back.destinations.deltas!.connections[0]).toBe(0);
    expect(back.destinations.rates!.connections[0]).toBeNaN();
  });
});

describe('watch()', () => {
  beforeAll(() => bed.ipvs.flush());
  afterEach(() => bed.ipvs.flush());

  test('watch() yields what comes and goes, and ends with its signal', async () => {
    await fill(1, 1);
    const controller = new AbortController();
    const steps = [
      () => bed.ipvs.addService({ ...web, scheduler: 'rr' }),
      () => bed.ipvs.addDestination(web, server(9)),
      () => bed.ipvs.removeService(web),
      () => controller.abort(),
    ];
    const seen: object[] = [];
    for await (const { added, removed } of bed.client().watch({ interval: 20, signal: controller.signal })) {
      const change = [
        added.services.length,
        added.destinations.length,
        removed.services.length,
        removed.destinations.length,
      ];
      if (change.every(count => count === 0)) continue;
      seen.push(change);
      await steps.shift()?.();
    }
    expect(seen).toEqual([
      [1, 1, 0, 0],
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 1, 1],
    ]);
  });

  // A step that a busy machine makes late stands in the next interval.
  test('watch() keeps its pace: it neither drifts nor piles up behind a slow consumer', {
    retry: 2,
  }, async () => {
    const interval = 200;
    const times: number[] = [];
    const start = performance.now();
    for await (const _ of bed.client().watch({ interval, destinations: false })) {
      times.push(performance.now() - start);
      if (times.length === 3) await new Promise(resolve => setTimeout(resolve, interval * 3.5));
      if (times.length === 8) break;
    }
    // Where in its interval each step after the first came: soon after the beginning of one, never two in the
    // same.
    const steps = times.slice(1).map(time => Math.floor((time - times[0]! + interval / 2) / interval));
    expect(new Set(steps).size).toBe(steps.length);
    // Four, or three if the step before came late.
    expect(steps[2]! - steps[1]!).toBeGreaterThanOrEqual(3);
  });

  test.each([0, 9, 86_400_001, 1.5, '1s'])('watch() refuses the interval %j', interval => {
    expect(() => bed.ipvs.watch({ interval: interval as number })).toThrow('options.interval');
  });
});
