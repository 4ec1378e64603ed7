import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import {
  type ApplyOptions,
  type DestinationSpec,
  formatRules,
  type PlanWarning,
  type ServiceId,
  type ServiceSpec,
  serviceKey,
  type TableEntry,
} from '../../lib/index.ts';
import { desiredTables } from '../support/desired-tables.ts';
import { startApplier } from './applier.ts';
import { addNamespace, recordsOf, rejection, removeNamespace, useBed } from './support.ts';

const bed = useBed();

afterEach(async () => {
  await bed.ipvs.flush();
  // A test must not see the records of the one before.
  rmSync(recordsOf(bed.netns), { recursive: true, force: true });
});

const RUNS = Number(process.env['IPVS_PROPERTY_RUNS'] ?? 6);

const web = { protocol: 'tcp', address: '10.1.0.1', port: 80 } as const;
const dns = { protocol: 'udp', address: '10.1.0.2', port: 53 } as const;

function entry(
  service: ServiceSpec,
  hosts: readonly number[],
  more: Partial<DestinationSpec> = {},
): TableEntry {
  const { port = 0 } = service;
  const destinations = hosts.map(host => ({ address: `10.1.1.${host}`, port, ...more }));
  return { ...service, destinations } as TableEntry;
}

/** The table as ipvsadm sees it. */
function saved(): string {
  return bed.run('ipvsadm', '-Sn');
}

test('apply() turns any table into any other in one round, as ipvsadm -R of its rules does', async () => {
  const other = addNamespace();
  try {
    await fc.assert(
      fc.asyncProperty(desiredTables, async desired => {
        // Each run starts from the table that the run before left.
        const applied = await bed.ipvs.apply(desired, { owns: 'everything', force: true });
        expect(applied).toMatchObject({ converged: true, rounds: 1 });
        const again = await bed.ipvs.plan(desired, { owns: 'everything' });
        expect(again.steps).toEqual([]);
        const input = formatRules(desired, { order: 'given' });
        const judge = 'ipvsadm -C; ipvsadm -R; ipvsadm -Sn';
        const made = execFileSync('ip', ['netns', 'exec', other, 'sh', '-c', judge], { input });
        expect(saved()).toBe(made.toString());
      }),
      { numRuns: RUNS },
    );
  } finally {
    removeNamespace(other);
  }
});

test('a plan for a table that was read has no step, whoever wrote the table', async () => {
  const input = [
    '-A -t 10.1.0.1:80 -s mh -b mh-port,mh-fallback -p 300 -M 255.255.0.0',
    '-a -t 10.1.0.1:80 -r 10.1.1.2:8080 -m -w 0 -x 9 -y 3',
    '-a -t 10.1.0.1:80 -r 10.1.1.1:80 -i --tun-type gue --tun-port 6080 --tun-csum',
    '-A -f 7 -6 -s rr -p 60 -M 64',
    '-a -f 7 -6 -r [fd00::2]:0 -g',
    '-A -u 10.1.0.2:5060 -s rr -o --pe sip -p 360',
  ].join('\n');
  execFileSync('ip', ['netns', 'exec', bed.netns, 'ipvsadm', '-R'], { input: `${input}\n` });
  const read = await bed.ipvs.snapshot();
  const plan = await bed.ipvs.plan(read, { owns: 'everything' });
  expect(plan.steps).toEqual([]);
  expect(plan.scope).toEqual({ services: 3, destinations: 3, removals: 0 });
  expect((await bed.ipvs.apply(read, { owns: 'everything' })).steps).toEqual([]);
});

test('a plan has no step for what the desired state spells in another way than the table', async () => {
  const input = [
    '-A -t 10.1.0.1:80 -s mh -b mh-port,mh-fallback -p 300 -M 255.255.0.0',
    '-a -t 10.1.0.1:80 -r 10.1.1.1:80 -i',
    '-A -f 7 -6 -s wlc -p 60',
    '-a -f 7 -6 -r [fd00::2]:0 -g',
    '-A -u 10.1.0.2:5060 -s rr --pe sip -p 360',
  ].join('\n');
  execFileSync('ip', ['netns', 'exec', bed.netns, 'ipvsadm', '-R'], { input: `${input}\n` });
  const desired = [
    {
      ...web,
      scheduler: 'mh',
      schedulerFlags: ['flag-1', 'mh-port'],
      onePacket: false,
      persistence: { timeout: 300, granularity: '255.255.0.0' },
      destinations: [{ address: '10.1.1.1', port: 80, forwarding: 'tunnel', upperThreshold: 0 }],
    },
    {
      fwmark: 7,
      family: 'ipv6',
      persistence: { timeout: 60, granularity: 128 },
      destinations: [{ address: 'FD00:0:0::0002', port: 0, weight: 1 }],
    },
    { ...dns, port: 5060, scheduler: 'rr', persistence: { engine: 'sip' }, destinations: [] },
  ] as unknown as TableEntry[];
  expect((await bed.ipvs.plan(desired, { owns: 'everything' })).steps).toEqual([]);
});

/** A service whose first destination, if it has one, has another weight. */
function withOtherWeight(service: TableEntry): TableEntry {
  const [first, ...rest] = service.destinations ?? [];
  return first === undefined
    ? service
    : { ...service, destinations: [{ ...first, weight: (first.weight ?? 1) ^ 1 }, ...rest] };
}

test('the quick and the thorough comparison find the same differences', async () => {
  await fc.assert(
    fc.asyncProperty(desiredTables, desiredTables, async (before, others) => {
      await bed.ipvs.apply(before, { owns: 'everything', force: true });
      // Services as they are, services of which one weight differs, and others: two tables seldom share one.
      const kept = before.map((service, i) => (i % 2 === 0 ? service : withOtherWeight(service)));
      const keys = new Set(kept.map(serviceKey));
      const desired = [...kept, ...others.filter(service => !keys.has(serviceKey(service)))];
      const plan = await bed.ipvs.plan(desired, { owns: 'everything' });
      const unchanged = new Set(before.filter((_, i) => i % 2 === 0).map(serviceKey));
      expect(plan.steps.filter(step => unchanged.has(serviceKey(step.service)))).toEqual([]);
      // A dormant field keeps the quick comparison from finding services equal.
      const asked = desired.map(service =>
        service.persistence === undefined ? { ...service, dormantPersistence: { timeout: 0 } } : service,
      );
      const thorough = await bed.ipvs.plan(asked, { owns: 'everything' });
      expect(plan.steps.map(step => [step.kind, serviceKey(step.service)])).toEqual(
        thorough.steps.map(step => [step.kind, serviceKey(step.service)]),
      );
      // So few are read one by one where nothing else is in scope; by a function that says the same, all are.
      const wanted = new Set(desired.map(serviceKey));
      const owns = (service: ServiceId) => wanted.has(serviceKey(service));
      expect({ ...(await bed.ipvs.plan(desired)) }).toEqual({ ...(await bed.ipvs.plan(desired, { owns })) });
    }),
    { numRuns: RUNS },
  );
});

test('apply() restores an order of destinations only if asked, and then exactly', async () => {
  const service = { ...web, scheduler: 'mh' };
  await bed.ipvs.apply([entry(service, [3, 1, 2])]);
  const addresses = async () => (await bed.ipvs.destinations(web)).map(({ address }) => address.at(-1));
  expect(await addresses()).toEqual(['3', '1', '2']);
  const kept = await bed.ipvs.apply([entry(service, [1, 2, 3, 4])]);
  expect(kept.warnings.map(({ code }) => code)).toEqual(['order-differs']);
  expect(await addresses()).toEqual(['3', '1', '2', '4']);
  const exact = await bed.ipvs.apply([entry(service, [1, 2, 3, 4])], { order: 'exact' });
  expect(exact).toMatchObject({ converged: true });
  expect(await addresses()).toEqual(['1', '2', '3', '4']);
});

test('plan() warns of what is odd in all that is desired, whatever of it is there, and of each service by itself', async () => {
  const hashed = entry({ ...web, scheduler: 'mh' }, [1, 2]);
  const [first, second] = hashed.destinations;
  const odd = [
    { ...hashed, destinations: [first!, { ...second!, weight: 0 }] },
    entry(dns, [1], { weight: 0 }),
  ] as TableEntry[];
  const codes = (warnings: readonly PlanWarning[]) =>
    warnings.map(({ code, service }) => `${service.protocol} ${code}`).toSorted();
  const all = ['tcp hashed-weight-zero', 'udp all-weights-zero'];
  expect(codes((await bed.ipvs.plan(odd)).warnings)).toEqual(all);
  await bed.ipvs.apply(odd);
  const plan = await bed.ipvs.plan(odd);
  expect(codes(plan.warnings)).toEqual(all);
  expect(plan.steps).toEqual([]);
  const ordered = [81, 82].map(port => entry({ ...web, port, scheduler: 'mh' }, [2, 1]));
  await bed.ipvs.apply(ordered);
  const turned = ordered.map(({ destinations, ...rest }) => ({
    ...rest,
    destinations: destinations.toReversed(),
  }));
  const { warnings } = await bed.ipvs.apply(turned as TableEntry[]);
  expect(warnings.map(({ code, service }) => [code, service.port])).toEqual([
    ['order-differs', 81],
    ['order-differs', 82],
  ]);
});

test('apply() sends a service with all its destinations, and keeps counters when weights change', async () => {
  const many = entry(
    web,
    Array.from({ length: 100 }, (_, i) => i + 1),
  );
  await bed.ipvs.apply([
    entry(
      dns,
      Array.from({ length: 60 }, (_, i) => i + 1),
    ),
    many,
  ]);
  expect(await bed.ipvs.destinations(web)).toHaveLength(100);
  const changed = { ...many, destinations: many.destinations.map(row => ({ ...row, weight: 7 })) };
  const { steps } = await bed.ipvs.apply([changed]);
  expect(new Set(steps.map(({ step }) => step.kind))).toEqual(new Set(['change-destination']));
  expect((await bed.ipvs.destinations(web)).every(({ weight }) => weight === 7)).toBe(true);
});

describe('faults', () => {
  test('apply() does all other changes when the 500th of 1,000 is refused, and reports it', async () => {
    const hosts = Array.from({ length: 1000 }, (_, i) => ({
      address: `10.1.${i >> 8}.${i & 255}`,
      port: 80,
    }));
    // A multicast address, which the kernel takes for no server.
    const desired = { ...web, destinations: hosts.with(499, { address: '224.0.0.1', port: 80 }).slice(1) };
    const { converged, rounds, steps } = await bed.ipvs.apply([desired]);
    expect({ converged, rounds }).toEqual({ converged: false, rounds: 1 });
    const failed = steps.filter(({ outcome }) => outcome !== 'done');
    expect(failed).toHaveLength(1);
    expect(failed[0]).toMatchObject({
      outcome: 'failed',
      step: { kind: 'add-destination', destination: { address: '224.0.0.1' } },
      error: { code: 'ERR_IPVS_DESTINATION_REFUSED' },
    });
    expect(await bed.ipvs.destinations(web)).toHaveLength(998);
  });

  test('a service that the kernel refuses leaves out only its own destinations', async () => {
    const { steps } = await bed.ipvs.apply([entry({ ...web, scheduler: 'absent' }, [1, 2]), entry(dns, [1])]);
    expect(steps.map(({ outcome }) => outcome)).toEqual(['failed', 'left-out', 'left-out', 'done', 'done']);
    expect(steps[0]?.error).toMatchObject({ code: 'ERR_IPVS_SCHEDULER_NOT_FOUND' });
    expect(steps[1]?.reason).toBe('its service could not be added');
  });

  test('apply() takes nothing from a service while nothing can take its place', async () => {
    await bed.ipvs.apply([entry(web, [1, 2])]);
    const desired = { ...web, destinations: [{ address: '224.0.0.1', port: 80 }] };
    const { converged, steps } = await bed.ipvs.apply([desired], { force: true });
    expect(converged).toBe(false);
    expect(steps.map(({ outcome }) => outcome)).toEqual(['failed', 'left-out', 'left-out']);
    expect(await bed.ipvs.destinations(web)).toHaveLength(2);
    // With another server that takes connections the old ones may go.
    const [row] = entry(web, [3]).destinations;
    const better = { ...desired, destinations: [...desired.destinations, row!] };
    await bed.ipvs.apply([better], { force: true });
    expect((await bed.ipvs.destinations(web)).map(({ address }) => address)).toEqual(['10.1.1.3']);
  });

  test('apply() plans again for what another program wrote between reading and writing', async () => {
    await bed.ipvs.apply([entry(web, [1, 2]), entry(dns, [1])]);
    const desired = [entry(web, [1, 3], { weight: 2 }), entry(dns, [1], { weight: 2 })];
    let asked = 0;
    const meddle = () => {
      if (++asked === 1) {
        bed.run('ipvsadm', '-a', '-t', '10.1.0.1:80', '-r', '10.1.1.3:80', '-w', '9');
        bed.run('ipvsadm', '-d', '-t', '10.1.0.1:80', '-r', '10.1.1.1:80');
        bed.run('ipvsadm', '-D', '-u', '10.1.0.2:53');
      }
      return true;
    };
    // The scope is asked about a foreign row after the others were compared, as the kernel lists the newest
    // first.
    bed.run('ipvsadm', '-A', '-f', '99');
    const { converged, rounds, steps } = await bed.ipvs.apply(desired, {
      owns: service => (service.fwmark === 99 ? meddle() : true),
      force: true,
    });
    expect({ converged, rounds }).toEqual({ converged: true, rounds: 2 });
    expect(steps.filter(({ outcome }) => outcome === 'left-out').every(({ round }) => round === 1)).toBe(
      true,
    );
    expect((await bed.ipvs.plan(desired)).steps).toEqual([]);
  });

  test('apply() of an owner plans again and finishes although its client is being closed', async () => {
    await bed.ipvs.apply([entry(web, [1])], { owner: 'one' });
    bed.run('ipvsadm', '-A', '-f', '99');
    const ipvs = bed.client();
    let closed: Promise<void> | undefined;
    const applied = await ipvs.apply([entry(web, [1, 2])], {
      owner: 'one',
      owns({ fwmark }) {
        if (fwmark !== 99) return true;
        // The table has been read by now.
        if (closed === undefined)
          bed.run('ipvsadm', '-a', '-t', '10.1.0.1:80', '-r', '10.1.1.2:80', '-w', '9');
        closed ??= ipvs.close();
        return false;
      },
    });
    expect(applied).toMatchObject({ converged: true, rounds: 2 });
    await closed;
  });

  test('apply() gives up after three rounds against a program that writes without end', async () => {
    bed.run('ipvsadm', '-A', '-f', '99');
    await bed.ipvs.apply([entry(web, [1])]);
    const row = '-t 10.1.0.1:80 -r 10.1.1.2:80';
    const toggle = `ipvsadm -a ${row} -w 9 2>/dev/null || ipvsadm -d ${row}`;
    const { converged, rounds, steps } = await bed.ipvs.apply([entry(web, [1, 2])], {
      owns({ fwmark }) {
        if (fwmark === 99) bed.run('sh', '-c', toggle);
        return fwmark !== 99;
      },
    });
    expect({ converged, rounds }).toEqual({ converged: false, rounds: 3 });
    expect(steps.filter(({ outcome }) => outcome === 'failed')).toMatchObject([
      { round: 3, error: { code: 'ERR_IPVS_DESTINATION_EXISTS' } },
    ]);
  });
});

describe('limits', () => {
  const before = [entry(web, [1, 2, 3])];

  test('apply() refuses too many removals as a whole, with the numbers, and writes nothing', async () => {
    await bed.ipvs.apply(before);
    const table = saved();
    const desired = [entry(web, [4]), entry(dns, [1])];
    const error = await rejection(bed.ipvs.apply(desired));
    expect(error).toMatchObject({ code: 'ERR_IPVS_LIMIT' });
    expect(error.message).toBe(
      'the plan removes 3 of the 3 destinations in scope, which is more than half; maxRemovals or force allow it: nothing was done',
    );
    expect(saved()).toBe(table);
    const plan = await bed.ipvs.plan(desired);
    expect((await rejection(bed.ipvs.apply(plan))).code).toBe('ERR_IPVS_LIMIT');
    expect(await bed.ipvs.apply(plan, { force: true })).toMatchObject({ converged: true });
  });

  test('apply() refuses all changes where one is of a kind that is not allowed', async () => {
    await bed.ipvs.apply(before);
    const table = saved();
    const error = await rejection(
      bed.ipvs.apply([entry(web, [1, 2, 3, 4], { weight: 2 })], { allow: ['add'] }),
    );
    expect(error).toMatchObject({ code: 'ERR_IPVS_LIMIT' });
    expect(saved()).toBe(table);
  });

  test('keepWeights leaves weights to whoever sets them', async () => {
    await bed.ipvs.apply(before);
    await bed.ipvs.updateDestination(web, { address: '10.1.1.2', port: 80 }, { weight: 0 });
    const options: ApplyOptions = { keepWeights: true };
    expect((await bed.ipvs.apply(before, options)).steps).toEqual([]);
    const desired = [entry(web, [1, 2, 3], { upperThreshold: 9 })];
    expect(await bed.ipvs.apply(desired, options)).toMatchObject({ converged: true });
    expect((await bed.ipvs.destinations(web)).map(({ weight }) => weight)).toEqual([1, 0, 1]);
    expect((await bed.ipvs.destinations(web)).every(({ upperThreshold }) => upperThreshold === 9)).toBe(true);
  });
});

describe('plans made before', () => {
  test('apply() carries out a plan that came back from JSON', async () => {
    await bed.ipvs.apply([entry(web, [1, 2])]);
    const desired = [entry({ ...web, scheduler: 'rr' }, [2, 3], { weight: 4 }), entry(dns, [1])];
    const plan = await bed.ipvs.plan(desired);
    const applied = await bed.ipvs.apply(JSON.parse(JSON.stringify(plan)));
    expect(applied).toMatchObject({ converged: true, rounds: 1 });
    expect(applied.steps.map(({ step }) => step)).toEqual(plan.steps);
    expect((await bed.ipvs.plan(desired)).steps).toEqual([]);
  });

  test('a plan that was kept claims for its owner what is as desired already, too', async () => {
    await bed.ipvs.apply([entry(web, [1])]);
    const plan = await bed.ipvs.plan([entry(web, [1]), entry(dns, [1])], { owner: 'one' });
    expect(plan.steps.map(({ service }) => serviceKey(service))).not.toContain(serviceKey(web));
    expect(await bed.ipvs.apply(JSON.parse(JSON.stringify(plan)))).toMatchObject({ converged: true });
    expect((await rejection(bed.ipvs.apply([entry(web, [2])], { owner: 'two' }))).code).toBe(
      'ERR_IPVS_OWNED',
    );
  });

  test('apply() refuses a plan’s steps that do not fit any more, and does the others', async () => {
    await bed.ipvs.apply([
      entry(web, [1, 2, 3, 4]),
      entry(dns, [1]),
      entry({ fwmark: 5, family: 'ipv4' }, [1]),
    ]);
    const desired = [
      entry({ ...web, scheduler: 'rr' }, [1, 2, 5, 6], { weight: 4 }),
      entry(dns, [1], { weight: 2 }),
    ];
    const plan = await bed.ipvs.plan(desired, { owns: 'everything', force: true });
    const at = (host: number) => ({ address: `10.1.1.${host}`, port: 80 });
    await bed.ipvs.updateDestination(web, at(1), { weight: 9 });
    await bed.ipvs.updateDestination(web, at(2), { weight: 4 });
    await bed.ipvs.removeDestination(web, at(3));
    await bed.ipvs.updateDestination(web, at(4), { weight: 8 });
    await bed.ipvs.addDestination(web, { ...at(5), weight: 3 });
    await bed.ipvs.updateService(web, { scheduler: 'sh' });
    await bed.ipvs.removeService(dns);
    await bed.ipvs.addDestination({ fwmark: 5, family: 'ipv4' }, { address: '10.1.1.9', port: 0 });
    const { converged, steps } = await bed.ipvs.apply(plan);
    expect(converged).toBe(false);
    const told = steps.map(({ step, outcome, error, reason }) => [
      step.kind,
      'destination' in step ? step.destination.address.at(-1) : '',
      outcome,
      error?.message.replace(/^.*?: (.*: )?/, '') ?? reason,
    ]);
    expect(told).toEqual([
      ['change-destination', '1', 'failed', 'its weight changed since; plan again'],
      ['change-destination', '2', 'left-out', 'the table is so already'],
      ['add-destination', '5', 'failed', 'the destination is there, and another; plan again'],
      ['add-destination', '6', 'done', undefined],
      ['change-destination', '1', 'failed', 'its service is not there any more; plan again'],
      ['change-service', '', 'failed', 'its scheduler changed since; plan again'],
      ['remove-destination', '3', 'left-out', 'the table is so already'],
      ['remove-destination', '4', 'failed', 'its weight changed since; plan again'],
      ['remove-service', '', 'failed', 'it has got destination 10.1.1.9:0 since; plan again'],
    ]);
    for (const { error } of steps)
      if (error !== undefined) expect(error).toMatchObject({ code: 'ERR_IPVS_STALE' });
  });

  test('apply() refuses what is no plan with its place, and does nothing', async () => {
    const plan = await bed.ipvs.plan([entry(web, [1])]);
    const data = JSON.parse(JSON.stringify(plan));
    expect((await rejection(bed.ipvs.apply({ ...data, formatVersion: 2 }))).message).toBe(
      'plan.formatVersion must be 1, not 2',
    );
    data.steps[1].spec.weight = -1;
    data.steps.push({ kind: 'rename' });
    const error = await rejection(bed.ipvs.apply(data));
    expect(error).toMatchObject({ code: 'ERR_IPVS_DESIRED' });
    expect(error.message.split('\n')).toEqual([
      expect.stringMatching(/^plan\.steps\[1\]\.weight must be between/),
      expect.stringMatching(/^plan\.steps\[2\]/),
    ]);
    expect(saved()).toBe('');
  });
});

describe('owners', () => {
  test('an owner removes what it does not want any more, over restarts, and leaves other services', async () => {
    await bed.ipvs.addService(dns);
    await bed.ipvs.apply([entry(web, [1]), entry({ fwmark: 5, family: 'ipv4' }, [1])], { owner: 'one' });
    // A new client knows of the old one by the record alone.
    const later = bed.client();
    const applied = await later.apply([entry(web, [1])], { owner: 'one', force: true });
    expect(applied.steps.map(({ step }) => [step.kind, serviceKey(step.service)])).toEqual([
      ['remove-service', 'fwmark 5 ipv4'],
    ]);
    expect((await later.services()).map(serviceKey).toSorted()).toEqual([serviceKey(web), serviceKey(dns)]);
    await later.apply([], { owner: 'one', force: true });
    expect((await later.services()).map(serviceKey)).toEqual([serviceKey(dns)]);
    // An owner of nothing leaves no record.
    expect(readdirSync(recordsOf(bed.netns))).toEqual([]);
  });

  test('a part of what an owner desires changes that, and leaves all else, which stays the owner’s', async () => {
    const mark = { fwmark: 5, family: 'ipv4' } as const;
    await bed.ipvs.apply([entry(web, [1]), entry(mark, [1])], { owner: 'one' });
    const part = { owner: 'one', partial: true };
    const steps = async (desired: readonly TableEntry[]) =>
      (await bed.ipvs.apply(desired, part)).steps.map(({ step: { kind, service } }) => [
        kind,
        serviceKey(service),
      ]);
    expect(await steps([entry(web, [1, 2])])).toEqual([['add-destination', serviceKey(web)]]);
    expect(await steps([entry(dns, [1])])).toEqual([
      ['add-service', serviceKey(dns)],
      ['add-destination', serviceKey(dns)],
    ]);
    expect((await bed.ipvs.apply([], part)).steps).toEqual([]);
    expect(
      (await bed.ipvs.apply((await bed.ipvs.plan([entry(web, [1])], part)) as never)).steps,
    ).toHaveLength(1);
    // All of it still belongs to the owner: what it does not want of that goes.
    expect((await bed.ipvs.services()).length).toBe(3);
    await bed.ipvs.apply([], { owner: 'one', force: true });
    expect(await bed.ipvs.services()).toEqual([]);
  });

  test('two owners that claim one service are an error that names both, and nothing is done', async () => {
    await bed.ipvs.apply([entry(web, [1])], { owner: 'one' });
    const table = saved();
    const error = await rejection(bed.ipvs.apply([entry(dns, [1]), entry(web, [2])], { owner: 'two' }));
    expect(error).toMatchObject({ code: 'ERR_IPVS_OWNED' });
    expect(error.message).toMatch(
      /^service tcp 10\.1\.0\.1:80 belongs to 'one', and 'two' wants it too: nothing was done/,
    );
    expect((await rejection(bed.ipvs.plan([entry(web, [2])], { owner: 'two' }))).code).toBe('ERR_IPVS_OWNED');
    expect((await rejection(bed.ipvs.apply([], { owns: 'everything', force: true }))).code).toBe(
      'ERR_IPVS_OWNED',
    );
    expect(saved()).toBe(table);
    // A service that its owner gave up can be claimed.
    await bed.ipvs.apply([], { owner: 'one', force: true });
    expect(await bed.ipvs.apply([entry(web, [2])], { owner: 'two' })).toMatchObject({ converged: true });
  });

  test('each network namespace has owners of its own', async () => {
    const netns = addNamespace();
    try {
      const other = bed.client({ netns });
      await bed.ipvs.apply([entry(web, [1])], { owner: 'one' });
      expect(await other.apply([entry(web, [1])], { owner: 'two' })).toMatchObject({ converged: true });
      expect((await other.apply([], { owner: 'one' })).steps).toEqual([]);
      await other.close();
    } finally {
      removeNamespace(netns);
    }
  });

  // Linux before 5.14 tells no cookie, and was slow to give an inode number again.
  const [major = 0, minor = 0] = release().split('.').map(Number);
  const tellsCookies = major > 5 || (major === 5 && minor >= 14);
  test.runIf(tellsCookies)(
    'a namespace that gets the inode number of a dead one has none of its owners',
    // Another test file's namespace may get that number.
    { retry: 3 },
    async () => {
      const inodeOf = (netns: string) => bed.run('stat', '-L', '-c', '%i', `/run/netns/${netns}`).trim();
      const first = addNamespace();
      const inode = inodeOf(first);
      const dead = bed.client({ netns: first });
      await dead.apply([entry(web, [1])], { owner: 'one' });
      await dead.close();
      // Not removeNamespace(), which removes what is recorded, too.
      bed.run('ip', 'netns', 'del', first);
      const later: string[] = [];
      // The kernel gives the lowest number that is free, once it has cleaned up what had it.
      while (later.length === 0 || inodeOf(later.at(-1)!) !== inode) {
        expect(later.length).toBeLessThan(40);
        later.push(addNamespace());
        await sleep(50);
      }
      try {
        const client = bed.client({ netns: later.at(-1)! });
        expect(await client.apply([entry(web, [1])], { owner: 'two' })).toMatchObject({ converged: true });
        await client.close();
      } finally {
        for (const netns of later) removeNamespace(netns);
      }
    },
  );

  test('a damaged record of an owner is an error that names the file', async () => {
    await bed.ipvs.apply([entry(web, [1])], { owner: 'one' });
    const path = join(recordsOf(bed.netns), 'one.json');
    const record = readFileSync(path, 'utf8');
    writeFileSync(path, record.slice(0, 20));
    const error = await rejection(bed.ipvs.apply([], { owner: 'one' }));
    expect(error).toMatchObject({ code: 'ERR_IPVS_RECORD' });
    expect(error.message).toContain(path);
    expect(await bed.ipvs.services()).toHaveLength(1);
  });

  test('an owner’s name that could be no file is refused', async () => {
    for (const owner of ['', '../one', '.one', 'a b', 'x'.repeat(65), 7]) {
      const error = await rejection(bed.ipvs.apply([], { owner } as ApplyOptions));
      expect(error.message).toMatch(/^options\.owner must be /);
    }
  });
});

test('apply() converges in one round while ipvsadm edits other services without pause', async () => {
  const script = `
    ipvsadm -A -f 900; ipvsadm -a -f 900 -r 10.1.9.9
    while :; do
      ipvsadm -A -f 901 -s rr; ipvsadm -a -f 901 -r 10.1.9.1; ipvsadm -e -f 900 -r 10.1.9.9 -w $((i = i + 1)); ipvsadm -D -f 901
    done`;
  const meddler = spawn('ip', ['netns', 'exec', bed.netns, 'sh', '-c', script], {
    stdio: 'ignore',
    detached: true,
  });
  const ended = once(meddler, 'exit');
  try {
    while ((await bed.ipvs.service({ fwmark: 900, family: 'ipv4' })) === undefined) await sleep(1);
    await fc.assert(
      fc.asyncProperty(desiredTables, async desired => {
        const owns = (service: { readonly fwmark?: number | undefined }) => (service.fwmark ?? 0) < 900;
        const applied = await bed.ipvs.apply(desired, { owns, force: true });
        const { converged, rounds, steps } = applied;
        const undone = steps.filter(({ outcome }) => outcome !== 'done');
        expect({ converged, rounds, undone }).toEqual({ converged: true, rounds: 1, undone: [] });
        const touched = steps.filter(({ step }) => (step.service.fwmark ?? 0) >= 900);
        expect(touched).toEqual([]);
        expect((await bed.ipvs.plan(desired, { owns })).steps).toEqual([]);
      }),
      { numRuns: RUNS },
    );
    expect((await bed.ipvs.services()).map(serviceKey)).toContain('fwmark 900 ipv4');
  } finally {
    process.kill(-meddler.pid!, 'SIGKILL');
    await ended;
  }
});

/** Begins to apply a state in a process of its own, and kills that as soon as a service is there. */
async function applyAndKill(state: readonly TableEntry[], service: ServiceSpec): Promise<void> {
  const applier = startApplier(bed.netns);
  await applier.begin(state, 'killed');
  while ((await bed.ipvs.service(service)) === undefined) await sleep(1);
  await applier.kill();
}

test('apply() that was killed amid its writes converges when run again, and owns all it wrote', async () => {
  const size = 300;
  const table = (from: number, scheduler: string) =>
    Array.from({ length: size }, (_, i) => entry({ ...web, port: from + i, scheduler }, [1, 2, 3]));
  await bed.ipvs.addService(dns);
  let left = 0;
  for (let attempt = 1; left === 0; attempt++) {
    expect(attempt, 'attempts to kill it before it is done').toBeLessThan(6);
    await bed.ipvs.apply([], { owner: 'killed', force: true });
    await applyAndKill(table(1000, 'rr'), { ...web, port: 1000 });
    left = (await bed.ipvs.plan(table(1000, 'rr'), { owner: 'killed', force: true })).steps.length;
  }
  // Another state, which has a part of it (few services: the kernel takes its time to change a scheduler).
  // Whatever was done, the record has all that is there.
  const state = table(1000 + size - 60, 'wlc');
  expect(await bed.ipvs.apply(state, { owner: 'killed', force: true })).toMatchObject({ converged: true });
  expect((await bed.ipvs.plan(state, { owner: 'killed' })).steps).toEqual([]);
  expect(await bed.ipvs.services()).toHaveLength(size + 1);
  expect(await bed.ipvs.apply([], { owner: 'killed', force: true })).toMatchObject({ converged: true });
  expect((await bed.ipvs.services()).map(serviceKey)).toEqual([serviceKey(dns)]);
});

test('close() amid an apply() waits for all its rounds, and for the record of its owner', async () => {
  const client = bed.client();
  // A foreign row, for which the scope is asked when the others have been compared: what another program
  // writes then takes a second round, which begins after the closing.
  bed.run('ipvsadm', '-A', '-f', '99');
  let asked = 0;
  let closing: Promise<void> | undefined;
  const owns = ({ fwmark }: ServiceId) => {
    if (fwmark === 99 && ++asked === 1) {
      bed.run('ipvsadm', '-A', '-t', '10.1.0.1:80');
      closing = client.close();
    }
    return fwmark !== 99;
  };
  const applying = client.apply([entry(web, [1])], { owner: 'one', owns });
  expect(await applying).toMatchObject({ converged: true, rounds: 2 });
  await closing;
  expect((await bed.ipvs.destinations(web)).map(({ address }) => address)).toEqual(['10.1.1.1']);
  expect((await rejection(bed.ipvs.apply([entry(web, [2])], { owner: 'two' }))).code).toBe('ERR_IPVS_OWNED');
});
