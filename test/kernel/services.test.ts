import { describe, expect, test } from 'vitest';
import type { ServiceId, ServiceSpec } from '../../lib/index.ts';
import { rejection, useBed } from './support.ts';

const bed = useBed();

const web = { protocol: 'tcp', address: '10.100.10.101', port: 80 } as const;

describe('an empty table', () => {
  test('services() and snapshot() of an empty table are empty', async () => {
    expect(await bed.ipvs.services()).toEqual([]);
    expect(await bed.ipvs.snapshot()).toEqual([]);
  });

  test('an absent service is undefined on reading and an error on writing', async () => {
    expect(await bed.ipvs.service(web)).toBeUndefined();
    const error = await rejection(bed.ipvs.removeService(web));
    expect(error).toMatchObject({
      name: 'IpvsError',
      code: 'ERR_IPVS_SERVICE_NOT_FOUND',
      errno: -3,
      command: 'DEL_SERVICE',
      service: web,
      message: 'service tcp 10.100.10.101:80 does not exist (ESRCH)',
    });
  });

  test('info() returns the version of IPVS and the size of its connection table', async () => {
    const info = await bed.ipvs.info();
    expect(info.version).toMatch(/^1\.2\.\d+$/);
    expect(info.connectionTableSize).toBeGreaterThanOrEqual(0);
  });
});

/** Every kind of service as it is added, and what its defaults read back as. */
const specs: readonly (readonly [string, ServiceSpec, object])[] = [
  ['IPv4 TCP, all defaults', web, { scheduler: 'wlc', schedulerFlags: [], onePacket: false }],
  [
    'IPv4 UDP, one packet',
    { ...web, protocol: 'udp', scheduler: 'rr', onePacket: true },
    { schedulerFlags: [] },
  ],
  ['IPv4 SCTP', { ...web, protocol: 'sctp', scheduler: 'lc' }, { schedulerFlags: [], onePacket: false }],
  [
    'IPv6 TCP, persistent for a network',
    {
      protocol: 'tcp',
      address: 'fd00::101',
      port: 443,
      scheduler: 'wrr',
      persistence: { timeout: 1200, granularity: 64 },
    },
    {},
  ],
  ['IPv6 UDP', { protocol: 'udp', address: '2001:db8::35', port: 53, scheduler: 'sed' }, {}],
  ['IPv6 SCTP', { protocol: 'sctp', address: '2001:db8::36', port: 2905, scheduler: 'nq' }, {}],
  [
    'persistence with all defaults',
    { ...web, port: 81, persistence: {} },
    { persistence: { timeout: 360, granularity: 32 } },
  ],
  [
    'persistence by netmask reads back as a prefix length',
    { ...web, port: 82, persistence: { timeout: 1, granularity: '255.255.240.0' } },
    { persistence: { timeout: 1, granularity: 20 } },
  ],
  [
    'one client for the whole world, for 31 days',
    { ...web, port: 83, persistence: { timeout: 2_678_400, granularity: 0 } },
    {},
  ],
  [
    'every port',
    { ...web, port: 0, persistence: { timeout: 60 } },
    { persistence: { timeout: 60, granularity: 32 } },
  ],
  [
    'the sip engine',
    { ...web, protocol: 'udp', port: 5060, persistence: { engine: 'sip' } },
    { persistence: { timeout: 360, granularity: 32, engine: 'sip' } },
  ],
  ['a mark, IPv4', { fwmark: 7, family: 'ipv4', scheduler: 'rr' }, {}],
  ['a mark, IPv6, one packet', { fwmark: 0xffff_fffe, family: 'ipv6', scheduler: 'rr', onePacket: true }, {}],
  [
    'a persistent mark, IPv6',
    { fwmark: 9, family: 'ipv6', persistence: { timeout: 5 } },
    { persistence: { timeout: 5, granularity: 128 } },
  ],
  [
    'sh with its flags',
    { ...web, port: 84, scheduler: 'sh', schedulerFlags: ['sh-fallback', 'sh-port'] },
    {},
  ],
  [
    'mh with its flags',
    { ...web, port: 85, scheduler: 'mh', schedulerFlags: ['mh-fallback', 'mh-port', 'flag-3'] },
    {},
  ],
  ['generic flags', { ...web, port: 86, scheduler: 'rr', schedulerFlags: ['flag-1', 'flag-3'] }, {}],
  ['no scheduler', { ...web, port: 87, scheduler: 'none' }, {}],
  ['one-packet scheduling of TCP', { ...web, port: 88, onePacket: true }, {}],
  ['every port, and no persistence', { ...web, address: '10.100.10.102', port: 0 }, {}],
  [
    'a netmask with holes',
    { ...web, port: 89, persistence: { timeout: 100, granularity: '255.0.255.0' } },
    {},
  ],
  ['a persistence of 0 seconds', { ...web, port: 90, persistence: { timeout: 0, granularity: 32 } }, {}],
  [
    'a persistence of 3000000 seconds',
    { ...web, port: 91, persistence: { timeout: 3_000_000, granularity: 24 } },
    {},
  ],
  ['a protocol without a name', { ...web, protocol: '50' as 'tcp' }, {}],
  [
    'flags without a name',
    { ...web, port: 92, scheduler: 'rr', schedulerFlags: ['flag-2', '0x40', '0x80000000'] },
    {},
  ],
  [
    'what is left of a persistence',
    { ...web, port: 93, dormantPersistence: { granularity: 24 } },
    {
      dormantPersistence: { timeout: 0, granularity: 24 },
    },
  ],
  [
    'what is left of a persistence, IPv6',
    {
      protocol: 'udp',
      address: 'fd00::102',
      port: 5060,
      dormantPersistence: { timeout: 300, granularity: 128, engine: 'sip' },
    },
    {},
  ],
];

test('an empty dormantPersistence keeps nothing: it reads back as none, and nothing is planned', async () => {
  const spec = { ...web, port: 94, scheduler: 'rr', dormantPersistence: { timeout: 300, granularity: 24 } };
  await bed.ipvs.addService(spec);
  await bed.ipvs.updateService(spec, { dormantPersistence: {} });
  expect(await bed.ipvs.service(spec)).not.toHaveProperty('dormantPersistence');
  await bed.ipvs.removeService(spec);
  const none = { ...spec, dormantPersistence: {}, destinations: [] };
  expect(await bed.ipvs.apply([none])).toMatchObject({ converged: true });
  expect(await bed.ipvs.service(spec)).not.toHaveProperty('dormantPersistence');
  expect((await bed.ipvs.plan([none])).steps).toEqual([]);
  await bed.ipvs.removeService(spec);
});

describe('services that are added', () => {
  test.each(specs)('a service reads back as it was written: %s', async (_, spec, defaults) => {
    await bed.ipvs.addService(spec);
    const read = await bed.ipvs.service(spec);
    expect(read).toMatchObject({ ...spec, ...defaults });
    expect(read?.stats.rates.connections).toBe(0);
    if (spec.persistence === undefined) expect(read).not.toHaveProperty('persistence');
  });

  test('services() lists every service once', async () => {
    const services = await bed.ipvs.services();
    expect(services).toHaveLength(specs.length);
    for (const [, spec, defaults] of specs) {
      expect(services).toContainEqual(expect.objectContaining({ ...spec, ...defaults }));
    }
  });

  test('a table that snapshot() returned can be written back', async () => {
    const before = await bed.ipvs.snapshot();
    await bed.ipvs.flush();
    expect(await bed.ipvs.services()).toEqual([]);
    await Promise.all(before.map(service => bed.ipvs.addService(service)));
    const after = await bed.ipvs.snapshot();
    expect(after).toHaveLength(before.length);
    expect(after).toEqual(expect.arrayContaining(before));
  });

  test('a service is found by any spelling of its address', async () => {
    const id: ServiceId = { protocol: 'tcp', address: 'FD00:0:0::0101', port: 443 };
    expect(await bed.ipvs.service(id)).toMatchObject({ address: 'fd00::101' });
  });

  test('statistics are bigints on request', async () => {
    const service = await bed.ipvs.service(web, { bigint: true });
    expect(service?.stats.inBytes).toBe(0n);
    expect(service?.stats.rates.inBytes).toBe(0n);
  });
});

test.each(['rr', 'wrr', 'lc', 'wlc', 'fo', 'ovf', 'lblc', 'lblcr', 'dh', 'sh', 'mh', 'sed', 'nq'])(
  'a service can be added with the scheduler %s',
  async scheduler => {
    const id = { protocol: 'tcp', address: '10.100.10.150', port: 80 } as const;
    await bed.ipvs.addService({ ...id, scheduler });
    expect(await bed.ipvs.service(id)).toMatchObject({ scheduler });
    await bed.ipvs.removeService(id);
  },
);

describe('services that the kernel refuses', () => {
  test('a service that exists cannot be added', async () => {
    const error = await rejection(bed.ipvs.addService(web));
    expect(error).toMatchObject({
      code: 'ERR_IPVS_SERVICE_EXISTS',
      errno: -17,
      command: 'NEW_SERVICE',
      message: 'service tcp 10.100.10.101:80 already exists; updateService() changes it (EEXIST)',
    });
  });

  test('a service with a scheduler that the kernel does not have is refused', async () => {
    const error = await rejection(bed.ipvs.addService({ ...web, port: 99, scheduler: 'nosuch' }));
    expect(error.code).toBe('ERR_IPVS_SCHEDULER_NOT_FOUND');
    expect(error.message).toContain("no scheduler 'nosuch' (module ip_vs_nosuch)");
    expect(await bed.ipvs.service({ ...web, port: 99 })).toBeUndefined();
  });

  test('a missing persistence engine is told from a missing scheduler', async () => {
    const spec = { ...web, port: 99, scheduler: 'rr', persistence: { engine: 'nosuch' } };
    expect((await rejection(bed.ipvs.addService(spec))).code).toBe('ERR_IPVS_ENGINE_NOT_FOUND');
    const both = { ...spec, scheduler: 'nosuch', persistence: { engine: 'sip' } };
    expect((await rejection(bed.ipvs.addService(both))).code).toBe('ERR_IPVS_SCHEDULER_NOT_FOUND');
    expect(await bed.ipvs.service({ ...web, port: 99 })).toBeUndefined();
  });

  test('an error’s stack names the function that awaited the call', async () => {
    async function caller() {
      await bed.ipvs.addService(web);
    }
    const error = await rejection(caller());
    expect(error.stack).toMatch(/at (async )?caller/);
  });
});

test('calls take effect in the order in which they are made, awaited or not', async () => {
  const id = { protocol: 'tcp', address: '10.100.10.160', port: 80 } as const;
  const calls = [
    bed.ipvs.addService({ ...id, scheduler: 'rr' }),
    bed.ipvs.addDestination(id, { address: '10.0.0.1', port: 80, weight: 3 }),
    bed.ipvs.updateDestination(id, { address: '10.0.0.1', port: 80 }, { weight: 4 }),
    bed.ipvs.destinations(id),
    bed.ipvs.removeService(id),
    bed.ipvs.service(id),
    bed.ipvs.addService({ ...id, scheduler: 'wrr' }),
    bed.ipvs.service(id),
    bed.ipvs.removeService(id),
  ] as const;
  const results = await Promise.all(calls);
  expect(results[3]).toMatchObject([{ address: '10.0.0.1', weight: 4 }]);
  expect(results[5]).toBeUndefined();
  expect(results[7]).toMatchObject({ scheduler: 'wrr' });
});

test('many calls at once have each their own answer', async () => {
  const ids = Array.from(
    { length: 300 },
    (_, i) => ({ protocol: 'udp', address: '10.100.11.1', port: i + 1 }) as const,
  );
  await Promise.all(ids.filter((_, i) => i % 3 === 0).map(id => bed.ipvs.addService(id)));
  const outcomes = await Promise.allSettled(ids.map(id => bed.ipvs.addService(id)));
  for (const [i, outcome] of outcomes.entries()) {
    expect(outcome.status).toBe(i % 3 === 0 ? 'rejected' : 'fulfilled');
    if (outcome.status === 'rejected') {
      expect(outcome.reason).toMatchObject({ code: 'ERR_IPVS_SERVICE_EXISTS', service: ids[i] });
    }
  }
  await Promise.all(ids.map(id => bed.ipvs.removeService(id)));
});
