import { describe, expect, test } from 'vitest';
import type { DestinationSpec, PlanOptions, ServiceSpec, TableEntry, Tunnel } from '../../../lib/index.ts';
import { planFor } from './support.ts';

const id = { protocol: 'tcp', address: '10.0.0.1', port: 80 } as const;
const one: DestinationSpec = { address: '10.0.1.1', port: 80 };
const two: DestinationSpec = { address: '10.0.1.2', port: 80 };

function web(more: Partial<ServiceSpec> = {}, destinations: readonly DestinationSpec[] = []): TableEntry {
  return { ...id, ...more, destinations } as TableEntry;
}

async function stepsFor(
  actual: readonly TableEntry[],
  desired: readonly TableEntry[],
  options: PlanOptions = {},
) {
  return (await planFor(actual, desired, options)).steps;
}

describe('rows that are the same', () => {
  const same: readonly (readonly [what: string, actual: TableEntry, desired: TableEntry])[] = [
    ['the default scheduler and none', web({ scheduler: 'wlc' }), web()],
    ['no flags and an empty list', web({ schedulerFlags: [] }), web()],
    [
      'a flag by its own name and by the generic one',
      web({ scheduler: 'sh', schedulerFlags: ['sh-fallback'] }),
      web({ scheduler: 'sh', schedulerFlags: ['flag-1'] }),
    ],
    [
      'flags in another order, or twice',
      web({ scheduler: 'mh', schedulerFlags: ['mh-fallback', 'mh-port'] }),
      web({ scheduler: 'mh', schedulerFlags: ['mh-port', 'mh-fallback', 'mh-port'] }),
    ],
    [
      'persistence by default and spelled out',
      web({ persistence: { timeout: 360, granularity: 32 } }),
      web({ persistence: {} }),
    ],
    [
      'a prefix length and its netmask',
      web({ persistence: { timeout: 360, granularity: 24 } }),
      web({ persistence: { granularity: '255.255.255.0' } }),
    ],
    [
      'an IPv6 address and its long form',
      { protocol: 'udp', address: 'fd00::1', port: 53, destinations: [] },
      { protocol: 'udp', address: 'fd00:0:0:0::0001', port: 53, destinations: [] },
    ],
    ['nothing kept of a persistence, said so, and left out', web(), web({ dormantPersistence: {} })],
    [
      'nothing kept of a persistence, spelled out, and left out',
      web(),
      web({ dormantPersistence: { timeout: 0, granularity: '255.255.255.255' } }),
    ],
    ['one packet switched off and left out', web({ onePacket: false }), web()],
    [
      'a destination with and without its defaults',
      web({}, [{ ...one, forwarding: 'direct', weight: 1, upperThreshold: 0, lowerThreshold: 0 }]),
      web({}, [one]),
    ],
    [
      'a tunnel of type ipip and none named',
      web({}, [{ ...one, forwarding: 'tunnel', tunnel: { type: 'ipip' } }]),
      web({}, [{ ...one, forwarding: 'tunnel' }]),
    ],
    [
      'a tunnel without and with its default checksum',
      web({}, [{ ...one, forwarding: 'tunnel', tunnel: { type: 'gue', port: 6080, checksum: 'none' } }]),
      web({}, [{ ...one, forwarding: 'tunnel', tunnel: { type: 'gue', port: 6080 } }]),
    ],
    [
      'tunnel fields of what is no tunnel',
      web({}, [{ ...one, forwarding: 'masquerade', tunnel: { type: 'gre' } } as never]),
      web({}, [{ ...one, forwarding: 'masquerade' }]),
    ],
    [
      'statistics',
      { ...web({}, [one]), stats: { connections: 1 } } as never,
      web({}, [{ ...one, activeConnections: 7, stats: {} } as never]),
    ],
  ];
  test.each(same)('a plan finds no difference between %s', async (_, actual, desired) => {
    expect(await stepsFor([actual], [desired], { owns: 'everything' })).toEqual([]);
  });
});

describe('rows that differ', () => {
  const persistence = { timeout: 60, granularity: 24, engine: 'sip' };
  const full = web({ scheduler: 'sh', schedulerFlags: ['sh-port'], persistence });
  const services: readonly (readonly [field: string, from: TableEntry, to: TableEntry])[] = [
    ['scheduler', web({ scheduler: 'rr' }), web({ scheduler: 'wrr' })],
    ['schedulerFlags', full, { ...full, schedulerFlags: ['sh-fallback'] } as TableEntry],
    ['schedulerFlags', full, { ...full, schedulerFlags: [] } as TableEntry],
    ['persistence', full, { ...full, persistence: { ...persistence, timeout: 61 } } as TableEntry],
    ['persistence', full, { ...full, persistence: { ...persistence, granularity: 25 } } as TableEntry],
    ['persistence', full, { ...full, persistence: { ...persistence, engine: 'pe' } } as TableEntry],
    ['persistence', full, { ...full, persistence: { timeout: 60, granularity: 24 } } as TableEntry],
    ['persistence', full, { ...full, persistence: undefined } as TableEntry],
    [
      'dormantPersistence',
      web({ dormantPersistence: { timeout: 100 } }),
      web({ dormantPersistence: { timeout: 200 } }),
    ],
    [
      'onePacket',
      { protocol: 'udp', address: '10.0.0.1', port: 53, destinations: [] },
      { protocol: 'udp', address: '10.0.0.1', port: 53, onePacket: true, destinations: [] },
    ],
  ];
  test.each(services)(
    'a plan finds a difference in %s of a service, both ways, and in no other field',
    async (field, from, to) => {
      for (const [actual, desired] of [
        [from, to],
        [to, from],
      ] as const) {
        const [step, ...rest] = await stepsFor([actual], [desired]);
        expect(rest).toEqual([]);
        expect(step).toMatchObject({ kind: 'change-service' });
        expect(Object.keys((step as { changes: object }).changes)).toEqual([field]);
      }
    },
  );

  const gue = { type: 'gue', port: 6080, checksum: 'csum' } as const;
  const through = (tunnel?: Tunnel): DestinationSpec => ({ ...one, forwarding: 'tunnel', tunnel });
  const destinations: readonly (readonly [field: string, from: DestinationSpec, to: DestinationSpec])[] = [
    ['forwarding', { ...one, forwarding: 'masquerade' }, { ...one, forwarding: 'local' }],
    ['weight', { ...one, weight: 3 }, { ...one, weight: 4 }],
    ['upperThreshold', { ...one, upperThreshold: 3 }, { ...one, upperThreshold: 4 }],
    ['lowerThreshold', { ...one, upperThreshold: 3 }, { ...one, upperThreshold: 3, lowerThreshold: 1 }],
    ['tunnel', through(gue), through({ ...gue, port: 6081 })],
    ['tunnel', through(gue), through({ ...gue, checksum: 'remcsum' })],
    ['tunnel', through(gue), through({ type: 'gre', checksum: 'csum' })],
    ['tunnel', through(gue), through()],
  ];
  test.each(destinations)(
    'a plan finds a difference in %s of a destination, both ways, and in no other field',
    async (field, from, to) => {
      for (const [actual, desired] of [
        [from, to],
        [to, from],
      ] as const) {
        const [step, ...rest] = await stepsFor([web({}, [actual])], [web({}, [desired])]);
        expect(rest).toEqual([]);
        expect(step).toMatchObject({ kind: 'change-destination' });
        expect(Object.keys((step as { changes: object }).changes)).toEqual([field]);
      }
    },
  );
});

test('a plan changes rows in place, with the old and the new value of each field', async () => {
  const before = web({ scheduler: 'rr', persistence: { timeout: 60, granularity: 24 } }, [
    { ...one, forwarding: 'direct', weight: 1 },
  ]);
  const after = web({ scheduler: 'sh', schedulerFlags: ['sh-port'] }, [
    {
      ...one,
      forwarding: 'tunnel',
      tunnel: { type: 'gre' },
      weight: 2,
      upperThreshold: 9,
      lowerThreshold: 3,
    },
  ]);
  expect(await stepsFor([before], [after])).toEqual([
    {
      kind: 'change-destination',
      service: id,
      destination: { address: '10.0.1.1', port: 80 },
      changes: {
        forwarding: { from: 'direct', to: 'tunnel' },
        tunnel: { from: null, to: { type: 'gre', checksum: 'none' } },
        weight: { from: 1, to: 2 },
        upperThreshold: { from: 0, to: 9 },
        lowerThreshold: { from: 0, to: 3 },
      },
      spec: {
        address: '10.0.1.1',
        port: 80,
        forwarding: 'tunnel',
        tunnel: { type: 'gre', checksum: 'none' },
        weight: 2,
        upperThreshold: 9,
        lowerThreshold: 3,
      },
    },
    {
      kind: 'change-service',
      service: id,
      changes: {
        scheduler: { from: 'rr', to: 'sh' },
        schedulerFlags: { from: [], to: ['sh-port'] },
        persistence: { from: { timeout: 60, granularity: 24 }, to: null },
      },
      spec: { ...id, scheduler: 'sh', schedulerFlags: ['sh-port'], onePacket: false },
    },
  ]);
});

test('a plan’s steps come in the order that no client notices', async () => {
  const mail = { protocol: 'tcp', address: '10.0.0.2', port: 25, scheduler: 'rr' } as const;
  const old = { protocol: 'udp', address: '10.0.0.3', port: 53, destinations: [] } as const;
  const three = { address: '10.0.1.3', port: 80 };
  const four = { address: '10.0.1.4', port: 80 };
  const before = [
    old,
    web({ scheduler: 'rr' }, [
      { ...one, weight: 5 },
      { ...two, weight: 1 },
      { ...three, weight: 1 },
    ]),
  ];
  const after = [
    web({ scheduler: 'wlc' }, [{ ...one, weight: 2 }, { ...two, weight: 3 }, four]),
    {
      ...mail,
      destinations: [
        { address: '10.0.1.1', port: 25 },
        { address: '10.0.1.2', port: 25 },
      ],
    },
  ];
  const steps = await stepsFor(before, after, { owns: 'everything' });
  const told = steps.map(step => [
    step.kind,
    step.service.address,
    ...('destination' in step ? [step.destination.address] : []),
  ]);
  expect(told).toEqual([
    ['add-service', '10.0.0.2'],
    ['add-destination', '10.0.0.2', '10.0.1.1'],
    ['add-destination', '10.0.0.2', '10.0.1.2'],
    ['change-destination', '10.0.0.1', '10.0.1.2'],
    ['add-destination', '10.0.0.1', '10.0.1.4'],
    ['change-service', '10.0.0.1'],
    ['change-destination', '10.0.0.1', '10.0.1.1'],
    ['remove-destination', '10.0.0.1', '10.0.1.3'],
    ['remove-service', '10.0.0.3'],
  ]);
});

describe('scopes', () => {
  const own = web({}, [one]);
  const other = { protocol: 'tcp', address: '10.1.0.1', port: 80, destinations: [one] } as const;
  const six = { protocol: 'tcp', address: 'fd00::1', port: 80, destinations: [] } as const;
  const mark = { fwmark: 7, family: 'ipv4', destinations: [] } as const;
  const table = [own, other, six, mark];

  const removed = async (options: PlanOptions, claimed: readonly string[] = []) => {
    const { steps } = await planFor(table, [own], options, claimed);
    for (const step of steps) expect(step.kind).toBe('remove-service');
    return steps.map(({ service }) => service.address ?? service.fwmark);
  };

  test('a service that nobody desires stays by default', async () => {
    expect(await removed({})).toEqual([]);
  });
  test("the scope 'everything' removes all services that are not desired", async () => {
    expect(await removed({ owns: 'everything' })).toEqual([7, '10.1.0.1', 'fd00::1']);
  });
  test('a scope’s prefixes own the services at their addresses, in their own family', async () => {
    expect(await removed({ owns: { addresses: ['10.0.0.0/7'] } })).toEqual(['10.1.0.1']);
    expect(await removed({ owns: { addresses: ['10.0.0.0/16', 'fd00::/63'] } })).toEqual(['fd00::1']);
    expect(await removed({ owns: { addresses: ['10.0.0.1', '0.0.0.0/32'] } })).toEqual([]);
    expect(await removed({ owns: { addresses: ['10.0.0.0/15', '8.0.0.0/7'] } })).toEqual(['10.1.0.1']);
    expect(await removed({ owns: { addresses: ['10.0.0.0/16', '10.2.0.0/15'] } })).toEqual([]);
  });
  test('a scope’s marks own the services from the first mark to the last', async () => {
    const everywhere = ['0.0.0.0/0'];
    expect(await removed({ owns: { addresses: everywhere, marks: [7, 7] } })).toEqual([7, '10.1.0.1']);
    expect(await removed({ owns: { addresses: everywhere, marks: [8, 9] } })).toEqual(['10.1.0.1']);
    expect(await removed({ owns: { addresses: everywhere, marks: [1, 6] } })).toEqual(['10.1.0.1']);
  });
  test('a scope’s function is asked about identities, and owns what it returns true for', async () => {
    const asked: unknown[] = [];
    const owns: PlanOptions['owns'] = service => {
      asked.push(service);
      return service.port === 80;
    };
    expect(await removed({ owns })).toEqual(['10.1.0.1', 'fd00::1']);
    expect(asked).toContainEqual({ fwmark: 7, family: 'ipv4' });
    expect(asked).toContainEqual({ protocol: 'tcp', address: '10.1.0.1', port: 80 });
  });
  test('a scope’s owner owns what it applied before', async () => {
    expect(await removed({ owner: 'web' }, ['fwmark 7 ipv4', 'tcp 10.0.0.1:80'])).toEqual([7]);
  });
  test('a desired service outside the scope is refused before anything is done', async () => {
    const options: PlanOptions = { owns: { addresses: ['10.1.0.0/16'] } };
    await expect(planFor(table, [own], options)).rejects.toMatchObject({
      code: 'ERR_IPVS_DESIRED',
      problems: [
        {
          path: 'desired[0]',
          message: 'desired[0]: service tcp 10.0.0.1:80 is outside the scope that options.owns gives',
        },
      ],
    });
  });
  const wrong: readonly (readonly [owns: unknown, message: string])[] = [
    ['all', "options.owns must be 'everything' where it is a text, not 'all'"],
    [7, 'options.owns must be an object, not 7'],
    [{}, 'options.owns must have addresses or marks, or both'],
    [{ address: [] }, "options.owns has no option 'address'; it takes addresses, marks"],
    [{ addresses: '10.0.0.0/8' }, "options.owns.addresses must be an array of prefixes, not '10.0.0.0/8'"],
    [{ addresses: ['10.0.0.0/33'] }, "options.owns.addresses[0]'s length must be between 0 and 32, not 33"],
    [
      { addresses: ['10.0.0.0/'] },
      "options.owns.addresses[0] must have a prefix length behind the slash, not '10.0.0.0/'",
    ],
    ...['10.0.0.0/8x', '10.0.0.0/x8', '10.0.0.0/+8', '10.0.0.0/0008'].map(
      text =>
        [
          { addresses: [text] },
          `options.owns.addresses[0] must have a prefix length behind the slash, not '${text}'`,
        ] as const,
    ),
    [{ addresses: [10] }, 'options.owns.addresses[0] must be a prefix such as 10.0.0.0/8, not 10'],
    [
      { addresses: ['10.0.0.0/8/8'] },
      "options.owns.addresses[0] must be a prefix such as 10.0.0.0/8, not '10.0.0.0/8/8'",
    ],
    [{ addresses: ['web'] }, "options.owns.addresses[0] must be an IPv4 or IPv6 address, not 'web'"],
    [{ marks: [5] }, 'options.owns.marks must be an array of the first and the last mark, not [ 5 ]'],
    [{ marks: [5, 4] }, 'options.owns.marks[1] must be between 5 and 4294967295, not 4'],
    [{ marks: [0, 4] }, 'options.owns.marks[0] must be between 1 and 4294967295, not 0'],
    [() => 1, 'options.owns() must be true or false, not 1'],
  ];
  test.each(wrong)('the invalid scope %j is refused', async (owns, message) => {
    await expect(planFor(table, [own], { owns } as never)).rejects.toThrow(message);
  });
});

describe('limits', () => {
  const before = web({}, [one, two, { address: '10.0.1.3', port: 80 }, { address: '10.0.1.4', port: 80 }]);
  const refusals = async (left: readonly DestinationSpec[], options: PlanOptions = {}) =>
    (await planFor([before], [web({}, left)], options)).refusals.map(({ message }) => message);

  test('a plan may remove half of the destinations in scope, and no more', async () => {
    expect(await refusals([one, two])).toEqual([]);
    expect(await refusals([one])).toEqual([
      'the plan removes 3 of the 4 destinations in scope, which is more than half; maxRemovals or force allow it',
    ]);
  });
  test('a plan counts the destinations of a removed service as removals', async () => {
    const { refusals: told } = await planFor([before], [], { owns: 'everything' });
    expect(told).toEqual([
      {
        limit: 'maxRemovals',
        message:
          'the plan removes 4 of the 4 destinations in scope, which is more than half; maxRemovals or force allow it',
      },
    ]);
  });
  test('maxRemovals replaces the limit of a half, also by a lower one', async () => {
    expect(await refusals([one], { maxRemovals: 3 })).toEqual([]);
    expect(await refusals([one, two], { maxRemovals: 1 })).toEqual([
      'the plan removes 2 of the 4 destinations in scope, and at most 1 may go (maxRemovals)',
    ]);
  });
  test('force lifts every limit of removals', async () => {
    expect(await refusals([], { force: true })).toEqual([]);
    expect(await refusals([], { force: true, maxRemovals: 0 })).toEqual([]);
  });
  test('a destination that moves to its place is no removal', async () => {
    const { refusals: told } = await planFor(
      [before],
      [{ ...before, destinations: before.destinations.toReversed() }],
      { order: 'exact', maxRemovals: 0 },
    );
    expect(told).toEqual([]);
  });
  test('a kind of change that is not allowed refuses the whole plan, with the number', async () => {
    const desired = [
      web({ scheduler: 'rr' }, [{ ...one, weight: 2 }, two, { address: '10.0.1.5', port: 80 }]),
    ];
    const told = async (allow: PlanOptions['allow']) =>
      (await planFor([before], desired, { allow })).refusals.map(({ message }) => message);
    expect(await told(['add', 'change', 'remove'])).toEqual([]);
    expect(await told(['add', 'change'])).toEqual([
      'the plan removes 2 rows, and only add and change is allowed',
    ]);
    expect(await told(['remove'])).toEqual([
      'the plan adds 1 row, and only remove is allowed',
      'the plan changes 2 rows, and only remove is allowed',
    ]);
    expect(await told([])).toHaveLength(3);
  });
});

describe('warnings', () => {
  const codes = async (
    actual: TableEntry,
    desired: TableEntry,
    options: PlanOptions = {},
  ): Promise<readonly string[]> =>
    (await planFor([actual], [desired], options)).warnings.map(({ code }) => code);

  test('a plan warns that another forwarding does not reach connections that exist', async () => {
    const { warnings } = await planFor(
      [web({}, [{ ...one, forwarding: 'masquerade' }])],
      [web({}, [{ ...one, forwarding: 'direct' }])],
    );
    expect(warnings).toEqual([
      {
        code: 'forwarding-changes',
        service: id,
        destination: one,
        message: "connections to 10.0.1.1:80 that exist stay with 'masquerade'; only new ones get 'direct'",
      },
    ]);
  });
  test('a plan warns of what lint() finds in what is desired, with its service and its destination', async () => {
    const odd = { ...one, port: 81, forwarding: 'direct' } as const;
    const { warnings } = await planFor([], [web({ protocol: 'tcp', onePacket: true }, [odd])]);
    expect(warnings).toEqual([
      { code: expect.any(String), service: id, message: expect.stringMatching(/^one-packet scheduling /) },
      {
        code: expect.any(String),
        service: id,
        destination: { address: '10.0.1.1', port: 81 },
        message: expect.stringMatching(/^10\.0\.1\.1:81: forwarding 'direct' /),
      },
    ]);
  });
  test.each(['sh', 'mh', 'dh'])(
    'a plan warns of an order that only re-adding restores, under %s',
    async scheduler => {
      const actual = web({ scheduler }, [two, one]);
      const desired = web({ scheduler }, [one, two]);
      expect(await codes(actual, desired)).toEqual(['order-differs']);
      expect(await codes(actual, desired, { order: 'exact' })).toEqual(['order-restored']);
      expect(await stepsFor([actual], [desired])).toEqual([]);
    },
  );
  test('a plan does not warn of the order where the scheduler ignores it', async () => {
    expect(await codes(web({ scheduler: 'rr' }, [two, one]), web({ scheduler: 'rr' }, [one, two]))).toEqual(
      [],
    );
  });
  test.each([
    ['sh', [], ['hashed-weight-zero']],
    ['sh', ['sh-fallback'], []],
    ['mh', ['mh-port'], ['hashed-weight-zero']],
    ['mh', ['mh-port', 'flag-1'], []],
    ['dh', ['flag-1'], ['ignored-scheduler-flags', 'hashed-weight-zero']],
    ['rr', [], []],
  ] as const)(
    'a plan with weight 0 under %s with flags %j warns of %j',
    async (scheduler, schedulerFlags, expected) => {
      const how = { scheduler, schedulerFlags } as Partial<ServiceSpec>;
      expect(await codes(web(how, [one, two]), web(how, [{ ...one, weight: 0 }, two]))).toEqual(expected);
    },
  );
});

describe('formats', () => {
  const before = [
    web({ scheduler: 'wrr' }, [
      { ...one, forwarding: 'masquerade', weight: 5 },
      { ...two, forwarding: 'masquerade' },
    ]),
    { fwmark: 7, family: 'ipv6', scheduler: 'rr', destinations: [{ address: 'fd00::2', port: 0 }] } as const,
  ];
  const after = [
    web({ scheduler: 'mh', schedulerFlags: ['mh-port'], persistence: { timeout: 60 } }, [
      { ...one, forwarding: 'direct', weight: 2, upperThreshold: 100, lowerThreshold: 50 },
    ]),
    {
      protocol: 'udp',
      address: 'fd00::1',
      port: 53,
      onePacket: true,
      destinations: [
        { address: 'fd00::3', port: 53, forwarding: 'tunnel', tunnel: { type: 'gue', port: 6080 } },
      ],
    } as const,
  ];

  test('a plan’s text has its changes by service, with warnings and refusals', async () => {
    const plan = await planFor(before, after, { owns: 'everything' });
    expect(String(plan)).toBe(
      [
        '+ udp [fd00::1]:53 wlc, one packet',
        '  + [fd00::3]:53 tunnel (gue port 6080 checksum none), weight 1',
        '',
        '~ tcp 10.0.0.1:80 scheduler: wrr → mh, schedulerFlags: none → mh-port, persistence: none → timeout 60 granularity 32',
        '  ~ 10.0.1.1:80 forwarding: masquerade → direct, weight: 5 → 2, upperThreshold: 0 → 100, lowerThreshold: 0 → 50',
        '  - 10.0.1.2:80 masquerade, weight 1',
        '',
        '- fwmark 7 ipv6 rr',
        '  - [fd00::2]:0 direct, weight 1',
        '',
        'To do: add 1 service and 1 destination; change 1 service and 1 destination; remove 1 service and 2 destinations.',
        "! tcp 10.0.0.1:80: connections to 10.0.1.1:80 that exist stay with 'masquerade'; only new ones get 'direct'",
        'refused: the plan removes 2 of the 3 destinations in scope, which is more than half; maxRemovals or force allow it',
      ].join('\n'),
    );
  });
  test('a plan’s commands are ipvsadm’s', async () => {
    const plan = await planFor(before, after, { owns: 'everything' });
    expect(plan.commands()).toEqual([
      '-A -u [fd00::1]:53 -s wlc -o',
      '-a -u [fd00::1]:53 -r [fd00::3]:53 -i -w 1 --tun-type gue --tun-port 6080 --tun-nocsum',
      '-e -t 10.0.0.1:80 -r 10.0.1.1:80 -g -w 2 -x 100 -y 50',
      '-d -t 10.0.0.1:80 -r 10.0.1.2:80',
      '-E -t 10.0.0.1:80 -s mh -p 60 -b mh-port',
      '-D -f 7 -6',
    ]);
  });
  test('a plan is JSON with a version of its format, and comes back from JSON the same', async () => {
    const plan = await planFor(before, after, { owns: 'everything', owner: 'web' });
    const data = JSON.parse(JSON.stringify(plan));
    expect(data).toEqual({ ...plan });
    expect(Object.keys(data)).toEqual([
      'formatVersion',
      'owner',
      'services',
      'steps',
      'warnings',
      'scope',
      'refusals',
    ]);
    expect(data.formatVersion).toBe(1);
    expect(structuredClone(plan)).toEqual(data);
  });
  test('a plan’s text names a move once, and not as a removal', async () => {
    const how = { scheduler: 'sh' } as const;
    const plan = await planFor([web(how, [one, two])], [web(how, [two, one])], { order: 'exact' });
    expect(String(plan).split('\n').slice(0, 4)).toEqual([
      '  tcp 10.0.0.1:80',
      '  ~ 10.0.1.1:80 removed and added again, for its place',
      '',
      'To do: move 1 destination.',
    ]);
  });
  test('an empty plan’s text says that there is nothing to do', async () => {
    expect(String(await planFor(before, before, { owns: 'everything' }))).toBe(
      'Nothing to do: the table is as desired.',
    );
  });
});
