import { describe, expect, test } from 'vitest';
import * as writes from '../../../lib/calls/writes.ts';
import { createStandIn, turn } from './stand-in.ts';

const ENOENT = 2;
const ESRCH = 3;
const EINVAL = 22;
const web = { protocol: 'tcp', address: '10.100.10.101', port: 80 } as const;

describe('what a call was about', () => {
  test('an error names what its call was made with, though the caller has changed those objects', async () => {
    const { calls, answer } = createStandIn();
    const service = { protocol: 'udp' as 'udp' | 'tcp', address: 'fd00:0::1', port: 53 };
    const destination = { address: '10.1.0.1', port: 53, forwarding: 'tunnel' as const };
    const failing = calls.run(writes.addDestination(service, destination));
    Object.assign(service, { protocol: 'tcp', address: '10.9.9.9', port: 9 });
    Object.assign(destination, { address: '10.9.9.8', port: 8 });
    await turn();
    const others = Array.from({ length: 300 }, () => calls.run(writes.removeService(service)));
    await turn();
    answer({ status: ESRCH }, ...others.map(() => ({})));
    await expect(failing).rejects.toMatchObject({
      code: 'ERR_IPVS_SERVICE_NOT_FOUND',
      service: { protocol: 'udp', address: 'fd00::1', port: 53 },
      destination: { address: '10.1.0.1', port: 53 },
    });
    await Promise.all(others);
  });

  test('the error of each call of a long batch names its own service', async () => {
    const { calls, answer } = createStandIn();
    const made = Array.from({ length: 300 }, (_, i) =>
      calls.run(writes.removeService({ ...web, port: i + 1 })),
    );
    const outcomes = Promise.allSettled(made);
    await turn();
    answer(...made.map(() => ({ status: ESRCH })));
    const ports = (await outcomes).map(
      outcome => outcome.status === 'rejected' && outcome.reason.service.port,
    );
    expect(ports).toEqual(made.map((_, i) => i + 1));
  });

  test('the error of a write that was executed at once names its service and destination', async () => {
    const { calls } = createStandIn({ inline: true, execute: () => ENOENT });
    await expect(
      calls.run(writes.removeDestination(web, { address: '10.1.0.1', port: 80 })),
    ).rejects.toMatchObject({
      service: web,
      destination: { address: '10.1.0.1', port: 80 },
    });
  });

  test('the error of a call whose signal was aborted before it was made names its service', async () => {
    const { calls, submitted } = createStandIn();
    const signal = AbortSignal.abort();
    const removing = calls.run(writes.removeService({ fwmark: 7, family: 'ipv6' }), { signal });
    await expect(removing).rejects.toMatchObject({ sent: false, service: { fwmark: 7, family: 'ipv6' } });
    expect(submitted).toEqual([]);
  });

  test('errors name the scheduler and the threshold of the record', async () => {
    const { calls, answer } = createStandIn();
    const scheduler = 'no-such';
    const adding = calls.run(writes.addService({ ...web, scheduler }));
    const limiting = calls.run(
      writes.addDestination(web, { address: '10.1.0.1', port: 80, upperThreshold: 3_000_000_000 }),
    );
    await turn();
    answer({ status: ENOENT }, { status: EINVAL });
    await expect(adding).rejects.toThrow(scheduler);
    await expect(limiting).rejects.toThrow('3000000000');
  });

  test('errors about a daemon name its role or interface', async () => {
    const { calls, answer } = createStandIn();
    const starting = calls.run(writes.startDaemon({ role: 'backup', interface: 'eth7', syncId: 1 }));
    const stopping = calls.run(writes.stopDaemon('master'));
    await turn();
    answer({ status: 19 }, { status: ESRCH });
    await expect(starting).rejects.toThrow('eth7');
    await expect(stopping).rejects.toThrow('master');
  });
});
