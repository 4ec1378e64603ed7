import type { Ipvs, TableEntry } from '../../lib/index.ts';
import type { Size } from '../plan.ts';
import type { Task } from '../records.ts';
import type { BuildParts } from './build.ts';
import { type Table, tableOf } from './table.ts';

/** A measured call of the library, and the task that it does. */
export interface Work {
  readonly task: Task;
  /** Whether the library has the call, which an older build may lack. */
  readonly isSupported: (ipvs: Ipvs, parts: BuildParts) => boolean;
  /** Prepares the runs and returns a function that does one. */
  readonly prepare: (ipvs: Ipvs, size: Size, parts: BuildParts) => () => Promise<unknown>;
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

/** A table as it is desired. */
function desiredOf(size: Size): TableEntry[] {
  const { services, destinations } = tableOf(size);
  return services.map(service => ({ ...service, destinations }) as TableEntry);
}

const always = () => true;
const canApply = (ipvs: Ipvs) => 'apply' in ipvs;

/** The measured calls of the library by their names in the results. */
export const works: Readonly<Record<string, Work>> = {
  'sampler.read()': {
    task: 'read',
    isSupported: ipvs => 'sampler' in ipvs,
    prepare: ipvs => {
      const sampler = ipvs.sampler({ reuse: true });
      return () => sampler.read();
    },
  },
  // What of a fresh client's first read is the rows' memory, and not the client's.
  'a fresh sampler': {
    task: 'read',
    isSupported: ipvs => 'sampler' in ipvs,
    prepare: ipvs => async () => {
      const sampler = ipvs.sampler({ reuse: true });
      await sampler.read();
      sampler.close();
    },
  },
  'metrics.bytes()': {
    task: 'read',
    isSupported: (_, { metrics }) => metrics !== undefined,
    prepare: (ipvs, _, { metrics }) => {
      const made = metrics!.createMetrics(ipvs, { maxAge: 0 });
      let into: Uint8Array | undefined;
      return async () => {
        into = await made.bytes({ into });
      };
    },
  },
  'snapshot()': { task: 'read', isSupported: always, prepare: ipvs => () => ipvs.snapshot() },
  'apply() of what is there': {
    task: 'read',
    isSupported: canApply,
    prepare: (ipvs, size) => {
      const desired = desiredOf(size);
      return async () => {
        const { steps } = await ipvs.apply(desired, { owns: 'everything' });
        if (steps.length > 0) throw new Error(`${steps.length} steps where nothing was to be done`);
      };
    },
  },
  'services()': { task: 'services', isSupported: always, prepare: ipvs => () => ipvs.services() },
  'un-awaited adds': {
    task: 'add',
    isSupported: always,
    prepare: (ipvs, size) => {
      const table = tableOf(size);
      return () => addAll(ipvs, table);
    },
  },
  'apply() of all': {
    task: 'add',
    isSupported: canApply,
    prepare: (ipvs, size) => {
      const desired = desiredOf(size);
      return async () => {
        const { converged } = await ipvs.apply(desired, { owns: 'everything' });
        if (!converged) throw new Error('not converged');
      };
    },
  },
  'awaited adds': {
    task: 'one',
    isSupported: always,
    prepare: (ipvs, size) => {
      const table = tableOf(size);
      return () => addEach(ipvs, table);
    },
  },
};
