import { dial } from '../../../lib/health/index.ts';
import type { Ipvs } from '../../../lib/index.ts';
import { serviceKey } from '../../../lib/index.ts';
import { rowsOf } from './rows.ts';
import { type Actor, abortable, answer, below, chance, oneOf, open, type Stage } from './stage.ts';

/** The service through which connections are made, and its server: both this machine. */
export const visited = { protocol: 'tcp', address: '10.99.0.1', port: 80 } as const;
export const server = { address: '10.99.0.2', port: 81 } as const;

/** Reads whatever can be read. What no actor changes must be in it, once. */
export function reader(stage: Stage, number: number): Actor {
  const ipvs = open(stage);
  const fixedServices = [...stage.fixed.keys()].filter(row => !row.includes(' > '));
  const whole = (what: string, names: readonly string[], wanted: readonly string[]): void => {
    const seen = new Set(names);
    const missing = wanted.filter(name => !seen.has(name));
    if (seen.size < names.length) stage.defects.push(`${what} has a row twice`);
    if (missing.length > 0) stage.defects.push(`${what} lacks ${missing.join(', ')}`);
  };
  const reads: readonly (() => Promise<unknown>)[] = [
    async () => whole('services()', (await ipvs.services()).map(serviceKey), fixedServices),
    async () => whole('snapshot()', [...rowsOf(await ipvs.snapshot()).keys()], [...stage.fixed.keys()]),
    async () => {
      const { length } = await ipvs.destinations(visited);
      if (length !== 1) stage.defects.push(`destinations() has ${length} rows of 1`);
    },
    () => ipvs.service(visited, { bigint: true }),
    () => ipvs.info(),
    () => ipvs.timeouts(),
    () => ipvs.settings(),
    () => ipvs.totals(),
    () => ipvs.hasScheduler('wlc'),
    () => ipvs.daemons(),
  ];
  return {
    name: `reader ${number}`,
    step: async () => void (await answer(stage, 'read', oneOf(reads)())),
  };
}

/** Samples the table by samplers that are closed, or forgotten, after some reads. */
export function sampling(stage: Stage): Actor {
  const ipvs = open(stage);
  return {
    name: 'sampling',
    async step() {
      const sampler = chance(0.5) ? ipvs.sampler() : ipvs.sampler({ columns: ['rates'] });
      for (let left = below(20); left >= 0; left--) await answer(stage, 'sample', sampler.read());
      if (chance(0.7)) sampler.close();
    },
  };
}

/** Watches the table for some steps. */
export function watching(stage: Stage): Actor {
  const ipvs = open(stage);
  return {
    name: 'watching',
    async step() {
      let left = below(20);
      const steps = async () => {
        for await (const { sample } of ipvs.watch({ interval: 20 })) {
          stage.operations++;
          if (sample.services.ids.length === 0) stage.defects.push('watch() has no services');
          if (left-- === 0) break;
        }
      };
      await answer(stage, 'watch', steps());
    },
  };
}

/** Milliseconds for which the kernel keeps a connection that was refused: 10 seconds, without its last jiffies. */
const CLOSED_FOR = 9900;

/** Makes connections through a service, and reads them, to the end or not. */
export function connecting(stage: Stage): Actor {
  const ipvs = open(stage);
  const { address, port } = visited;
  return {
    name: 'connecting',
    async step() {
      const options = { address, port, netns: stage.netns, timeout: 10_000 };
      const begun = performance.now();
      await answer(
        stage,
        'dial',
        dial(options).then(socket => void socket.destroy()),
        ['ECONNREFUSED'],
      );
      const last = chance(0.5) ? below(10) : Number.POSITIVE_INFINITY;
      const read = async () => {
        let count = 0;
        for await (const connection of ipvs.connections()) {
          if (connection.virtual.address !== address) stage.defects.push('connections() has one of nobody');
          if (++count > last) break;
        }
        const isThere = performance.now() - begun < CLOSED_FOR;
        if (count === 0 && isThere) stage.defects.push('connections() lacks the one that was just made');
      };
      await answer(stage, 'connections', read());
    },
  };
}

/** Clients that are made for a moment: closed amid calls, given up amid calls, or forgotten. */
export function passing(stage: Stage): Actor {
  const use = async (ipvs: Ipvs): Promise<void> => {
    const calls: readonly Promise<unknown>[] = [ipvs.snapshot(), ipvs.services(), ipvs.info()];
    await Promise.all(calls.map(call => answer(stage, 'call of a passing client', call)));
  };
  return {
    name: 'passing',
    async step() {
      const ipvs = open(stage);
      const end = oneOf(['closed', 'closing', 'aborted', 'forgotten'] as const);
      if (end === 'aborted') {
        const aborted = abortable(options => ipvs.snapshot(options));
        await answer(stage, 'aborted snapshot', aborted, ['ERR_IPVS_ABORTED']);
      }
      const used = use(ipvs);
      if (end === 'closing') await ipvs.close();
      await used;
      if (end === 'closed' || end === 'aborted') await ipvs.close();
    },
  };
}
