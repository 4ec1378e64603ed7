import { beforeAll, describe, expect, test } from 'vitest';
import type { DestinationSpec } from '../../lib/index.ts';
import { rejection, useBed } from './support.ts';

const bed = useBed();

const web = { protocol: 'tcp', address: '10.100.10.101', port: 80 } as const;
const web6 = { protocol: 'tcp', address: 'fd00::101', port: 80 } as const;
const mark = { fwmark: 5, family: 'ipv4' } as const;

beforeAll(async () => {
  await Promise.all([web, web6, mark].map(service => bed.ipvs.addService({ ...service, scheduler: 'rr' })));
});

const observed = {
  activeConnections: 0,
  inactiveConnections: 0,
  persistentConnections: 0,
  stats: { connections: 0, rates: { connections: 0 } },
};
const defaults = { weight: 1, upperThreshold: 0, lowerThreshold: 0, forwarding: 'direct' };

const specs: readonly (readonly [string, typeof web | typeof web6 | typeof mark, DestinationSpec])[] = [
  ['all defaults', web, { address: '172.16.120.11', port: 80 }],
  [
    'masquerade, another port',
    web,
    { address: '172.16.120.12', port: 8080, forwarding: 'masquerade', weight: 5 },
  ],
  ['weight 0', web, { address: '172.16.120.13', port: 80, weight: 0 }],
  ['a weight above 65535', web, { address: '172.16.120.23', port: 80, weight: 70_000 }],
  ['the greatest weight', web, { address: '172.16.120.14', port: 80, weight: 2 ** 31 - 1 }],
  ['local', web, { address: '127.0.0.1', port: 80, forwarding: 'local' }],
  ['bypass', web, { address: '172.16.120.15', port: 80, forwarding: 'bypass' }],
  ['thresholds', web, { address: '172.16.120.16', port: 80, upperThreshold: 100, lowerThreshold: 50 }],
  ['the greatest threshold', web, { address: '172.16.120.17', port: 80, upperThreshold: 2 ** 31 - 1 }],
  [
    'tunnel, ipip',
    web,
    { address: '172.16.120.18', port: 80, forwarding: 'tunnel', tunnel: { type: 'ipip' } },
  ],
  [
    'tunnel, gue',
    web,
    {
      address: '172.16.120.19',
      port: 80,
      forwarding: 'tunnel',
      tunnel: { type: 'gue', port: 6080, checksum: 'none' },
    },
  ],
  [
    'tunnel, gue, checksum',
    web,
    {
      address: '172.16.120.20',
      port: 80,
      forwarding: 'tunnel',
      tunnel: { type: 'gue', port: 1, checksum: 'csum' },
    },
  ],
  [
    'tunnel, gue, remote checksum',
    web,
    {
      address: '172.16.120.21',
      port: 80,
      forwarding: 'tunnel',
      tunnel: { type: 'gue', port: 65_535, checksum: 'remcsum' },
    },
  ],
  [
    'tunnel, gre, checksum',
    web,
    { address: '172.16.120.22', port: 80, forwarding: 'tunnel', tunnel: { type: 'gre', checksum: 'csum' } },
  ],
  [
    'IPv6 behind IPv4',
    web,
    { address: 'fd00::11', port: 80, forwarding: 'tunnel', tunnel: { type: 'ipip' } },
  ],
  ['direct, another port', web, { address: '172.16.120.24', port: 8080 }],
  [
    'tunnel, another port',
    web,
    { address: '172.16.120.25', port: 8080, forwarding: 'tunnel', tunnel: { type: 'ipip' } },
  ],
  ['local, a machine elsewhere', web, { address: '172.16.120.26', port: 80, forwarding: 'local' }],
  ['a forwarding without a name', web, { address: '172.16.120.27', port: 80, forwarding: '5' as 'local' }],
  [
    'tunnel, gue, both checksums',
    web,
    {
      address: '172.16.120.28',
      port: 80,
      forwarding: 'tunnel',
      tunnel: { type: 'gue', port: 6080, checksum: '0x3' as 'csum' },
    },
  ],
  [
    'tunnel, gre, remote checksum and a port',
    web,
    {
      address: '172.16.120.29',
      port: 80,
      forwarding: 'tunnel',
      tunnel: { type: 'gre', port: 6080, checksum: 'remcsum' },
    },
  ],
  [
    'tunnel, ipip, checksum',
    web,
    {
      address: '172.16.120.30',
      port: 80,
      forwarding: 'tunnel',
      tunnel: { type: 'ipip', checksum: 'csum' },
    },
  ],
  [
    'a tunnel without a name',
    web,
    { address: '172.16.120.31', port: 80, forwarding: 'tunnel', tunnel: { type: '3' as 'gre' } },
  ],
  [
    'tunnel fields on what is no tunnel',
    web,
    {
      address: '172.16.120.32',
      port: 80,
      forwarding: 'masquerade',
      tunnel: { type: 'gue', port: 6080, checksum: 'none' },
    },
  ],
  ['IPv6', web6, { address: 'fd00::12', port: 8080, forwarding: 'masquerade' }],
  [
    'IPv4 behind IPv6',
    web6,
    { address: '172.16.120.11', port: 80, forwarding: 'tunnel', tunnel: { type: 'ipip' } },
  ],
  ['under a mark, port 0', mark, { address: '172.16.120.11', port: 0, forwarding: 'masquerade' }],
  ['under a mark, direct, any port', mark, { address: '172.16.120.12', port: 8080 }],
];

describe('destinations that are added', () => {
  test.each(specs)('a destination reads back as it was written: %s', async (_, service, spec) => {
    await bed.ipvs.addDestination(service, spec);
    const read = (await bed.ipvs.destinations(service)).find(({ address }) => address === spec.address);
    expect(read).toMatchObject({ ...defaults, ...spec, ...observed });
    expect('tunnel' in read!).toBe(spec.tunnel !== undefined);
  });

  test('a service lists its destinations in the order in which they were added', async () => {
    const addresses = (await bed.ipvs.destinations(web)).map(({ address }) => address);
    expect(addresses).toEqual(
      specs.filter(([, service]) => service === web).map(([, , spec]) => spec.address),
    );
  });

  test('a table that snapshot() returned can be written back, in the same order', async () => {
    const before = await bed.ipvs.snapshot();
    await bed.ipvs.flush();
    for (const service of before) {
      void bed.ipvs.addService(service);
      for (const destination of service.destinations) void bed.ipvs.addDestination(service, destination);
    }
    const after = await bed.ipvs.snapshot();
    expect(after).toHaveLength(before.length);
    expect(after).toEqual(expect.arrayContaining(before));
  });
});

describe('updates of a destination', () => {
  const id = { address: '172.16.120.20', port: 80 };
  const read = async () => (await bed.ipvs.destinations(web)).find(({ address }) => address === id.address);

  test('an update of the weight keeps the tunnel', async () => {
    const before = await read();
    await bed.ipvs.updateDestination(web, id, { weight: 9 });
    expect(await read()).toEqual({ ...before, weight: 9 });
  });

  test('an update of one threshold keeps the other', async () => {
    const before = await read();
    await bed.ipvs.updateDestination(web, id, { upperThreshold: 10 });
    await bed.ipvs.updateDestination(web, id, { lowerThreshold: 4 });
    expect(await read()).toEqual({ ...before, upperThreshold: 10, lowerThreshold: 4 });
  });

  test('an update to a lower threshold above the upper one that stays is refused', async () => {
    const before = await read();
    const error = await rejection(bed.ipvs.updateDestination(web, id, { lowerThreshold: 11 }));
    expect(error.code).toBe('ERR_IPVS_THRESHOLDS');
    expect(await read()).toEqual(before);
  });

  test('an update to another forwarding removes the tunnel', async () => {
    const before = await read();
    await bed.ipvs.updateDestination(web, id, { forwarding: 'masquerade' });
    const { tunnel, ...rest } = before!;
    expect(await read()).toEqual({ ...rest, forwarding: 'masquerade' });
    expect(tunnel).toBeDefined();
  });

  test('an update may change every field at once', async () => {
    const all = { forwarding: 'direct', weight: 2, upperThreshold: 7, lowerThreshold: 6 } as const;
    await bed.ipvs.updateDestination(web, id, all);
    expect(await read()).toMatchObject(all);
  });

  test('many updates at once change each its own destination', async () => {
    const before = await bed.ipvs.destinations(web);
    await Promise.all(
      before.map((destination, i) => bed.ipvs.updateDestination(web, destination, { weight: i + 20 })),
    );
    expect((await bed.ipvs.destinations(web)).map(({ weight }) => weight)).toEqual(
      before.map((_, i) => i + 20),
    );
  });
});

describe('destinations that the kernel refuses', () => {
  test('a destination that exists cannot be added', async () => {
    const error = await rejection(bed.ipvs.addDestination(web, { address: '172.16.120.11', port: 80 }));
    expect(error).toMatchObject({
      code: 'ERR_IPVS_DESTINATION_EXISTS',
      command: 'NEW_DEST',
      message:
        'destination 172.16.120.11:80 of service tcp 10.100.10.101:80 already exists; updateDestination() changes it (EEXIST)',
    });
  });

  test('a destination that does not exist can be neither removed nor updated', async () => {
    const absent = { address: '172.16.120.99', port: 80 };
    for (const call of [
      bed.ipvs.removeDestination(web, absent),
      bed.ipvs.updateDestination(web, absent, { weight: 1 }),
      bed.ipvs.updateDestination(web, absent, {
        forwarding: 'direct',
        weight: 1,
        upperThreshold: 0,
        lowerThreshold: 0,
      }),
    ]) {
      expect((await rejection(call)).code).toBe('ERR_IPVS_DESTINATION_NOT_FOUND');
    }
  });

  test('a destination of a service that does not exist is refused by every method', async () => {
    const absent = { ...web, port: 99 };
    const id = { address: '172.16.120.11', port: 99 };
    for (const call of [
      bed.ipvs.destinations(absent),
      bed.ipvs.addDestination(absent, id),
      bed.ipvs.updateDestination(absent, id, { weight: 1 }),
      bed.ipvs.removeDestination(absent, id),
      bed.ipvs.updateService(absent, { scheduler: 'rr' }),
      bed.ipvs.zero(absent),
    ]) {
      expect((await rejection(call)).code).toBe('ERR_IPVS_SERVICE_NOT_FOUND');
    }
  });

  test.each(['0.0.0.0', '224.0.0.1', '255.255.255.255'])(
    'a destination’s address %s is refused',
    async address => {
      const error = await rejection(bed.ipvs.addDestination(web, { address, port: 80 }));
      expect(error.code).toBe('ERR_IPVS_DESTINATION_REFUSED');
      expect(error.message).toContain('must be a unicast one');
    },
  );
});

test('a threshold above 2147483647 is taken by 5.10, and refused by later kernels with the reason', async () => {
  const large = { address: '172.16.120.40', port: 80, upperThreshold: 2 ** 31, lowerThreshold: 2 ** 31 };
  const outcome = await bed.ipvs.addDestination(web, large).catch((error: Error) => error);
  if (outcome === undefined) {
    expect((await bed.ipvs.destinations(web)).at(-1)).toMatchObject(large);
    await bed.ipvs.removeDestination(web, large);
  } else {
    expect(outcome).toMatchObject({ code: 'ERR_IPVS_THRESHOLDS' });
    expect(outcome.message).toContain('no threshold above 2147483647');
  }
});

test('an update takes a whole row, whose address may be written in another way', async () => {
  const id = { address: 'fd00::12', port: 8080 };
  const row = (await bed.ipvs.destinations(web6))[0]!;
  expect(row).toMatchObject(id);
  await bed.ipvs.updateDestination(web6, { ...id, address: 'fd00:0::0012' }, { ...row, weight: 5 });
  expect((await bed.ipvs.destinations(web6))[0]).toEqual({ ...row, weight: 5 });
  await bed.ipvs.updateDestination(web6, id, { ...id, address: 'FD00:0::12', weight: 6 } as typeof row);
  expect((await bed.ipvs.destinations(web6))[0]).toEqual({ ...row, weight: 6 });
});

test('an update of the tunnel alone keeps the forwarding', async () => {
  const id = { address: '172.16.120.16', port: 80 };
  const read = async () => (await bed.ipvs.destinations(web)).find(({ address }) => address === id.address);
  const before = await read();
  await bed.ipvs.updateDestination(web, id, { tunnel: { type: 'gre', checksum: 'csum' } });
  expect(await read()).toEqual({ ...before, tunnel: { type: 'gre', checksum: 'csum' } });
  await bed.ipvs.updateDestination(web, id, { forwarding: 'direct' });
  expect(await read()).toEqual(before);
});

describe.each([true, false])('lone writes, inlineWrites %s', inlineWrites => {
  const id = { address: '172.16.121.1', port: 80 };

  test(`a lone write has its effect or error in the order of calls, inlineWrites ${inlineWrites}`, async () => {
    const ipvs = bed.client({ inlineWrites });
    await ipvs.info();
    await ipvs.addDestination(web, id);
    expect((await rejection(ipvs.addDestination(web, id))).code).toBe('ERR_IPVS_DESTINATION_EXISTS');
    for (let weight = 0; weight < 250; weight++) {
      await ipvs.updateDestination(web, id, {
        forwarding: 'direct',
        weight,
        upperThreshold: 0,
        lowerThreshold: 0,
      });
    }
    expect((await ipvs.destinations(web)).at(-1)).toMatchObject({ ...id, weight: 249 });
    const first = ipvs.removeDestination(web, id);
    const second = ipvs.removeDestination(web, id);
    await first;
    expect((await rejection(second)).code).toBe('ERR_IPVS_DESTINATION_NOT_FOUND');
  });

  test(`a lone write is ${inlineWrites ? 'often' : 'never'} done before the next turn, inlineWrites ${inlineWrites}`, async () => {
    const ipvs = bed.client({ inlineWrites });
    await ipvs.info();
    let early = 0;
    for (let i = 0; i < 40; i++) {
      let done = false;
      const call = i % 2 === 0 ? ipvs.addDestination(web, id) : ipvs.removeDestination(web, id);
      const settled = call.then(() => {
        done = true;
      });
      for (let turn = 0; turn < 20; turn++) await undefined;
      if (done) early++;
      await settled;
    }
    expect(early > 0).toBe(inlineWrites);
  });

  test(`lone writes leave the event loop its turns, inlineWrites ${inlineWrites}`, async () => {
    const ipvs = bed.client({ inlineWrites });
    await ipvs.info();
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    for (let i = 0; i < 500; i++) {
      await ipvs.addDestination(web, id);
      await ipvs.removeDestination(web, id);
    }
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });
});

test('a removed destination is gone, and the others stay', async () => {
  const before = await bed.ipvs.destinations(web);
  await bed.ipvs.removeDestination(web, before[3]!);
  expect(await bed.ipvs.destinations(web)).toEqual(before.filter((_, i) => i !== 3));
});

test('errors are reported for each of many awaited calls, and none is left unhandled', async () => {
  const spec = { address: '172.16.121.1', port: 80 };
  await bed.ipvs.addDestination(web, spec);
  for (let i = 0; i < 250; i++) {
    const error = await rejection(bed.ipvs.addDestination(web, spec));
    expect(error.code).toBe('ERR_IPVS_DESTINATION_EXISTS');
  }
});

test('an error names the identities that the call was made with', async () => {
  const service = { ...web, port: 80 };
  const destination = { address: '172.16.121.2', port: 80, weight: 3 };
  const failing = bed.ipvs.removeDestination(service, destination);
  service.port = 443;
  destination.address = '172.16.121.99';
  const error = await rejection(failing);
  expect(error.message).toContain('172.16.121.2:80 of service tcp 10.100.10.101:80');
  expect(error.service).toEqual(web);
  expect(error.destination).toEqual({ address: '172.16.121.2', port: 80 });
});

test('an update that fails leaves others of the same destination alone', async () => {
  const spec = { address: '172.16.121.3', port: 80, weight: 5 };
  await bed.ipvs.addDestination(web, spec);
  const outcomes = await Promise.allSettled([
    bed.ipvs.updateDestination(web, spec, { lowerThreshold: 10 }),
    bed.ipvs.updateDestination(web, spec, { weight: 0 }),
    bed.ipvs.updateDestination(web, spec, { upperThreshold: 20 }),
    bed.ipvs.updateDestination(web, spec, { lowerThreshold: 10 }),
  ]);
  expect(outcomes[0]).toMatchObject({ status: 'rejected', reason: { code: 'ERR_IPVS_THRESHOLDS' } });
  expect(outcomes.slice(1).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
  const found = (await bed.ipvs.destinations(web)).find(({ address }) => address === spec.address);
  expect(found).toMatchObject({ weight: 0, upperThreshold: 20, lowerThreshold: 10 });
});
