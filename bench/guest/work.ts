import type { Ipvs } from '../../lib/index.ts';
import type { Size } from '../plan.ts';
import type { Task } from '../records.ts';
import { type Table, tableOf } from './table.ts';

/** A call of the library's as it is measured, and for which task it stands. */
export interface Work {
  readonly task: Task;
  /** Tells whether the library has it: an older build may not. */
  readonly there: (ipvs: Ipvs) => boolean;
  /** Makes what the runs need, and returns one run. */
  readonly prepare: (ipvs: Ipvs, size: Size) => () => Promise<unknown>;
}

function addAll(ipvs: Ipvs, { services, destinations }: Table): Promise<unknown> {
  const calls: Promise<void>[] = [];
  for (const service of services) {
    calls.push(ipvs.addService(service));
    for (const destination of destinations) calls.push(ipvs.addDestination(service, destination));
  }
  return Promise.all(calls);
}

async function addEach(ipvs: Ipvs, { services, destinations }: Table): Promise<void> {
  for (const service of services) {
    await ipvs.addService(service);
    for (const destination of destinations) await ipvs.addDestination(service, destination);
  }
}

const always = () => true;

/** All that is measured of the library, by the name it has in the results. */
export const works: Readonly<Record<string, Work>> = {
  'sampler.read()': {
    task: 'read',
    there: ipvs => 'sampler' in ipvs,
    prepare: ipvs => {
      const sampler = ipvs.sampler({ reuse: true });
      return () => sampler.read();
    },
  },
  'snapshot()': { task: 'read', there: always, prepare: ipvs => () => ipvs.snapshot() },
  'services()': { task: 'services', there: always, prepare: ipvs => () => ipvs.services() },
  'un-awaited adds': {
    task: 'add',
    there: always,
    prepare: (ipvs, size) => {
      const table = tableOf(size);
      return () => addAll(ipvs, table);
    },
  },
  'awaited adds': {
    task: 'one',
    there: always,
    prepare: (ipvs, size) => {
      const table = tableOf(size);
      return () => addEach(ipvs, table);
    },
  },
};
