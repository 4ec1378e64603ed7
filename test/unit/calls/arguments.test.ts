import { describe, expect, test } from 'vitest';
import { Ipvs } from '../../../lib/index.ts';

const ipvs = new Ipvs();

/** Whatever is read of it throws. */
const trap = new Proxy(
  {},
  {
    get(_, name) {
      if (typeof name === 'string') throw new Error(`no ${name} today`);
    },
  },
) as never;

const web = { protocol: 'tcp', address: '10.100.10.101', port: 80 } as const;
const server = { address: '10.0.0.1', port: 80 };

const calls: Readonly<Record<string, () => Promise<unknown>>> = {
  services: () => ipvs.services(trap),
  service: () => ipvs.service(trap),
  addService: () => ipvs.addService(trap),
  updateService: () => ipvs.updateService(trap, {}),
  'updateService, its changes': () => ipvs.updateService(web, trap),
  removeService: () => ipvs.removeService(trap),
  destinations: () => ipvs.destinations(trap),
  addDestination: () => ipvs.addDestination(trap, server),
  'addDestination, its spec': () => ipvs.addDestination(web, trap),
  updateDestination: () => ipvs.updateDestination(trap, server, {}),
  'updateDestination, its destination': () => ipvs.updateDestination(web, trap, {}),
  'updateDestination, its changes': () => ipvs.updateDestination(web, server, trap),
  removeDestination: () => ipvs.removeDestination(web, trap),
  snapshot: () => ipvs.snapshot(trap),
  flush: () => ipvs.flush(trap),
  zero: () => ipvs.zero(trap),
  setTimeouts: () => ipvs.setTimeouts(trap),
  startDaemon: () => ipvs.startDaemon(trap),
  stopDaemon: () => ipvs.stopDaemon(trap),
  schedulers: () => ipvs.schedulers(trap),
  hasScheduler: () => ipvs.hasScheduler(trap),
  settings: () => ipvs.settings(trap),
  setSettings: () => ipvs.setSettings(trap),
  totals: () => ipvs.totals(trap),
  connections: () => ipvs.connections(trap).next(),
  plan: () => ipvs.plan([trap]),
  apply: () => ipvs.apply([trap]),
  'apply, a plan': () => ipvs.apply(trap),
};

describe('An argument whose getters throw', () => {
  test.each(Object.entries(calls))('rejects %s(), and throws nothing at its caller', async (_, call) => {
    let promise: Promise<unknown> | undefined;
    expect(() => {
      promise = call();
      promise.catch(() => {});
    }).not.toThrow();
    await expect(promise).rejects.toThrow();
  });
});
