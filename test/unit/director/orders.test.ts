import { expect, test, vi } from 'vitest';
import { createOrders } from '../../../lib/director/orders.ts';
import type { Parts } from '../../../lib/director/parts.ts';
import { destinationKey, serviceKey } from '../../../lib/model/identity.ts';

const web = { protocol: 'tcp', address: '10.0.0.1', port: 80 } as const;
const hashed = { ...web, port: 443 };
const server = { address: '10.0.1.1', port: 8080 };

/** Orders of a director of two services with the same server, of which the second may refuse its clients. */
function makeOrders(refusesClients: boolean) {
  const entries = [web, hashed].map(service => ({
    key: serviceKey(service),
    service,
    spec: { scheduler: service === web ? 'wlc' : 'sh' },
    refusesClients: service === hashed && refusesClients,
    rows: [{ key: destinationKey(server), destination: server }],
  }));
  const say = vi.fn(() => ({ admin: 'drain' }));
  const drain = vi.fn(async (service, destination) => ({ service, destination, outcome: 'kept' }));
  const parts = {
    ipvs: { drain },
    engine: { view: () => ({ directed: new Map(entries.map(entry => [entry.key, entry])) }), refollow() {} },
    operators: { say },
    record: { save: async () => {} },
    emit: () => {},
  };
  return { orders: createOrders(parts as unknown as Parts, () => {}), say, drain };
}

test('a server of which one service can’t be drained is drained of none', async () => {
  const { orders, say, drain } = makeOrders(true);
  await expect(orders.drainAddress(server.address, {})).rejects.toMatchObject({
    code: 'ERR_IPVS_DRAIN_REFUSED',
    service: hashed,
  });
  expect(say).not.toHaveBeenCalled();
  expect(drain).not.toHaveBeenCalled();
});

test('a server is drained of all its services, and another address of none', async () => {
  const { orders, say } = makeOrders(false);
  expect(await orders.drainAddress(server.address, {})).toMatchObject([
    { service: web, destination: server },
    { service: hashed, destination: server },
  ]);
  expect(say).toHaveBeenCalledTimes(2);
  expect(await orders.drainAddress('10.0.1.2', {})).toEqual([]);
  await expect(orders.drainAddress('nowhere', {})).rejects.toThrow('address');
});
