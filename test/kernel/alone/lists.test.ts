import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  type DestinationId,
  destinationKey,
  type Ipvs,
  type ServiceId,
  serviceKey,
} from '../../../lib/index.ts';
import { rejection, useBed } from '../support.ts';

const bed = useBed();

const pool = { protocol: 'tcp', address: '10.100.10.101', port: 80 } as const;
const service = (n: number) =>
  ({ protocol: 'udp', address: `10.101.${n >> 8}.${n & 255}`, port: 53 }) as const;
const server = (n: number) => ({ address: `10.102.${n >> 8}.${n & 255}`, port: 80 });

/** Changes a table back and forth until the returned function is called. */
function churn(change: (on: boolean) => Promise<unknown>): () => Promise<void> {
  let going = true;
  const loop = (async () => {
    for (let on = true; going; on = !on) await change(on);
  })();
  return async () => {
    going = false;
    await loop;
  };
}

/** Fails unless a list has each row that stayed, and none twice. */
function expectWhole(found: readonly string[], stable: readonly string[]): void {
  const seen = new Set(found);
  expect(seen.size, 'duplicates').toBe(found.length);
  expect(
    stable.filter(key => !seen.has(key)),
    'missing',
  ).toEqual([]);
}

/** Reads until `rounds` reads returned a list. Up to 200 may reject with ERR_IPVS_UNSTABLE. */
async function readOften(rounds: number, read: () => Promise<void>): Promise<void> {
  let unstable = 0;
  for (let i = 0; i < rounds; ) {
    try {
      await read();
      i++;
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_IPVS_UNSTABLE') throw error;
      expect(++unstable, 'reads given up').toBeLessThan(200);
    }
  }
}

describe('lists of many chunks', () => {
  afterEach(() => bed.ipvs.flush());

  test('lists of 3,000 services and 3,000 destinations are whole', async () => {
    const services: ServiceId[] = Array.from({ length: 3000 }, (_, n) => service(n));
    const servers: DestinationId[] = Array.from({ length: 3000 }, (_, n) => server(n));
    const ipvs = bed.client({ timeout: 60_000 });
    for (const id of services) void ipvs.addService({ ...id, scheduler: 'rr' });
    void ipvs.addService({ ...pool, scheduler: 'rr' });
    for (const id of servers) void ipvs.addDestination(pool, id);
    expectWhole((await ipvs.services()).map(serviceKey), services.map(serviceKey));
    expect((await ipvs.destinations(pool)).map(destinationKey)).toEqual(servers.map(destinationKey));
    const table = await ipvs.snapshot();
    expect(table).toHaveLength(3001);
    expect(table.find(({ address }) => address === pool.address)?.destinations).toHaveLength(3000);
  });

  test('a list right after adding is whole, although a 7.x kernel resizes its table then', async () => {
    for (let round = 0; round < 8; round++) {
      const ids = Array.from({ length: 230 }, (_, n) => service(n));
      for (const id of ids) void bed.ipvs.addService({ ...id, scheduler: 'rr' });
      const listed = await bed.client().services();
      expectWhole(listed.map(serviceKey), []);
      expectWhole((await bed.ipvs.services()).map(serviceKey), ids.map(serviceKey));
      await bed.ipvs.flush();
    }
  });
});

describe('lists while another program writes', () => {
  afterEach(() => bed.ipvs.flush());

  test('a list of services stays whole, without duplicates, while another program writes', async () => {
    const stable = Array.from({ length: 250 }, (_, n) => service(n));
    const coming = Array.from({ length: 30 }, (_, n) => service(1000 + n));
    await Promise.all(stable.map(id => bed.ipvs.addService({ ...id, scheduler: 'rr' })));
    const writer = bed.client();
    const stop = churn(on =>
      Promise.all(
        coming.map(id => (on ? writer.addService({ ...id, scheduler: 'rr' }) : writer.removeService(id))),
      ),
    );
    const keys = stable.map(serviceKey);
    await readOften(15, async () => expectWhole((await bed.ipvs.services()).map(serviceKey), keys)).finally(
      stop,
    );
  });

  test('a list of destinations stays whole, without duplicates, while another program writes', async () => {
    const stable = Array.from({ length: 250 }, (_, n) => server(n));
    const coming = Array.from({ length: 20 }, (_, n) => server(1000 + n));
    await bed.ipvs.addService({ ...pool, scheduler: 'rr' });
    await Promise.all(stable.map(id => bed.ipvs.addDestination(pool, id)));
    const writer = bed.client();
    const stop = churn(on =>
      Promise.all(
        coming.map(id => (on ? writer.addDestination(pool, id) : writer.removeDestination(pool, id))),
      ),
    );
    const keys = stable.map(destinationKey);
    await readOften(15, async () =>
      expectWhole((await bed.ipvs.destinations(pool)).map(destinationKey), keys),
    );
    await stop();
  });

  test('a service deleted while its destinations are read is reported absent, not shortened', async () => {
    const writer = bed.client();
    const ids = Array.from({ length: 300 }, (_, n) => server(n));
    const outcomes = new Set<unknown>();
    const read = (ipvs: Ipvs) =>
      ipvs.destinations(pool).then(
        found => outcomes.add(found.length),
        error => outcomes.add(error.code),
      );
    for (let round = 0; round < 30; round++) {
      await bed.ipvs.addService({ ...pool, scheduler: 'rr' });
      await Promise.all(ids.map(id => bed.ipvs.addDestination(pool, id)));
      // New clients know nothing of the table, and their sockets' first chunks are shorter.
      const newcomers = Array.from({ length: 4 }, () => bed.client());
      const readings = [bed.ipvs, ...newcomers].map(read);
      await new Promise(resolve => setTimeout(resolve, round % 10));
      await Promise.all([writer.removeService(pool), ...readings]);
      await Promise.all(newcomers.map(ipvs => ipvs.close()));
    }
    expect([...outcomes].filter(outcome => outcome !== ids.length)).toEqual(['ERR_IPVS_SERVICE_NOT_FOUND']);
    expect((await rejection(bed.ipvs.destinations(pool))).code).toBe('ERR_IPVS_SERVICE_NOT_FOUND');
  });
});

describe('20,000 services of which another program changes one every 100 ms', () => {
  const ids = Array.from({ length: 20_000 }, (_, n) => service(n));
  let stop: (() => Promise<void>) | undefined;

  beforeAll(async () => {
    const writer = bed.client();
    for (const id of ids) void writer.addService({ ...id, scheduler: 'rr' });
    await writer.info();
    let turn = 0;
    stop = churn(async on => {
      const id = ids[((turn >> 1) * 7919) % ids.length]!;
      turn++;
      await (on ? writer.removeService(id) : writer.addService({ ...id, scheduler: 'rr' }));
      await new Promise(resolve => setTimeout(resolve, 100));
    });
  });
  afterAll(async () => {
    await stop?.();
    await bed.ipvs.flush();
  });

  test('20,000 services are all listed while another program changes one every 100 ms', async () => {
    const ipvs = bed.client();
    for (let round = 0; round < 3; round++) {
      const found = new Set((await ipvs.services()).map(serviceKey));
      expect(found.size).toBeGreaterThanOrEqual(ids.length - 1);
      // One service at a time is gone, each for a tenth of a second.
      expect(ids.filter(id => !found.has(serviceKey(id))).length).toBeLessThanOrEqual(20);
    }
  });

  test('20,000 services are sampled without an error while another program changes them', async () => {
    const ipvs = bed.client();
    const sampler = ipvs.sampler({ destinations: false });
    for (let round = 0; round < 3; round++) {
      const { services } = await sampler.read();
      expect(services.ids.length).toBeGreaterThanOrEqual(ids.length - 20);
    }
  });
});
