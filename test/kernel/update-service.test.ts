import { beforeEach, describe, expect, test } from 'vitest';
import type { ServiceChanges, ServiceSpec } from '../../lib/index.ts';
import { rejection, useBed } from './support.ts';

const bed = useBed();

const id = { protocol: 'udp', address: '10.100.10.101', port: 5060 } as const;
const id6 = { protocol: 'tcp', address: 'fd00::101', port: 80 } as const;
const full: ServiceSpec = {
  ...id,
  scheduler: 'sh',
  schedulerFlags: ['sh-fallback', 'sh-port'],
  onePacket: true,
  persistence: { timeout: 100, granularity: 24, engine: 'sip' },
};

beforeEach(async () => {
  await bed.ipvs.flush();
  await bed.ipvs.addService(full);
  await bed.ipvs.addDestination(id, { address: '10.0.0.1', port: 5060, forwarding: 'masquerade' });
});

/** Changes, and the fields of the service that each makes different. */
const cases: readonly (readonly [string, ServiceChanges, object])[] = [
  ['nothing', {}, {}],
  [
    'another scheduler, whose flags start empty',
    { scheduler: 'wrr' },
    { scheduler: 'wrr', schedulerFlags: [] },
  ],
  [
    'another scheduler with flags of its own',
    { scheduler: 'mh', schedulerFlags: ['mh-port'] },
    { scheduler: 'mh', schedulerFlags: ['mh-port'] },
  ],
  [
    'the same scheduler, other flags',
    { scheduler: 'sh', schedulerFlags: ['sh-port'] },
    { schedulerFlags: ['sh-port'] },
  ],
  ['generic flags alone', { schedulerFlags: ['flag-3'] }, { schedulerFlags: ['flag-3'] }],
  ['no flags', { schedulerFlags: [] }, { schedulerFlags: [] }],
  ['one packet, off', { onePacket: false }, { onePacket: false }],
  [
    'the timeout of persistence, and nothing else of it',
    { persistence: { timeout: 200 } },
    { persistence: { timeout: 200, granularity: 24, engine: 'sip' } },
  ],
  [
    'its granularity alone',
    { persistence: { granularity: '255.255.0.0' } },
    { persistence: { timeout: 100, granularity: 16, engine: 'sip' } },
  ],
  ['its engine, away', { persistence: { engine: null } }, { persistence: { timeout: 100, granularity: 24 } }],
  ['persistence, away', { persistence: null }, { persistence: undefined }],
];

describe('updates of a service', () => {
  test.each(cases)('an update changes what it names and nothing else: %s', async (_, changes, different) => {
    const before = await bed.ipvs.service(id);
    await bed.ipvs.updateService(id, changes);
    expect(await bed.ipvs.service(id)).toEqual({ ...before, ...different });
    expect(await bed.ipvs.destinations(id)).toHaveLength(1);
  });

  test('an update that makes a service persistent fills in the defaults', async () => {
    for (const [service, granularity] of [
      [id, 32],
      [id6, 128],
    ] as const) {
      await bed.ipvs.flush();
      await bed.ipvs.addService({ ...service, scheduler: 'rr' });
      await bed.ipvs.updateService(service, { persistence: {} });
      expect((await bed.ipvs.service(service))?.persistence).toEqual({ timeout: 360, granularity });
      await bed.ipvs.updateService(service, { persistence: null });
      await bed.ipvs.updateService(service, { persistence: { timeout: 7 } });
      expect((await bed.ipvs.service(service))?.persistence).toEqual({ timeout: 7, granularity });
    }
  });

  test('several updates at once take effect in their order', async () => {
    await Promise.all([
      bed.ipvs.updateService(id, { scheduler: 'rr' }),
      bed.ipvs.updateService(id, { persistence: { timeout: 5 } }),
      bed.ipvs.updateService(id, { onePacket: false }),
    ]);
    expect(await bed.ipvs.service(id)).toMatchObject({
      scheduler: 'rr',
      onePacket: false,
      persistence: { timeout: 5, granularity: 24, engine: 'sip' },
    });
  });
});

describe('updates that the kernel refuses', () => {
  test.each([
    [{ scheduler: 'nosuch' }, 'ERR_IPVS_SCHEDULER_NOT_FOUND'],
    [{ persistence: { engine: 'nosuch' } }, 'ERR_IPVS_ENGINE_NOT_FOUND'],
    [{ scheduler: 'rr', persistence: { engine: 'nosuch' } }, 'ERR_IPVS_ENGINE_NOT_FOUND'],
  ])('an update that the kernel refuses changes nothing: %j', async (changes, code) => {
    const before = await bed.ipvs.service(id);
    const error = await rejection(bed.ipvs.updateService(id, changes));
    expect(error).toMatchObject({ code, command: 'SET_SERVICE' });
    expect(await bed.ipvs.service(id)).toEqual(before);
  });
});
