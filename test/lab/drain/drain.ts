import { type DrainProgress, Ipvs, type TableEntry } from '../../../lib/index.ts';
import { serverPool } from '../hosts/server-pool.ts';
import type { Lab } from '../lab.ts';
import { runLab } from '../run-lab.ts';
import { DrainCheck, judgeDrain, type Replacement } from './drain-judge.ts';
import { startTraffic, type Traffic } from './visits.ts';

const title = 'Drain: all servers replaced, and no client notices';
const about =
  'Two servers are replaced by two others, one after another, while clients come and go without pause. apply() adds the new server, has the old one take nothing new, waits for what it has begun, and only then removes it.';

const proofs = {
  // Whoever is on a server that is removed at once gets no answer any more.
  drain: [DrainCheck.answered, DrainCheck.patient],
  'second-replacement': [DrainCheck.replaced],
} as const;
type Step = keyof typeof proofs;

const pool = serverPool(4);
const { servers, virtual, port, url } = pool;

const frame = {
  title,
  about,
  ...pool.frame,
  proofs,
  deadline: 240_000,
  programs: [],
  modules: ['ip_vs_rr'],
} as const;

/** The table with some of the servers, by their numbers. */
function tableOf(numbers: readonly number[]): readonly TableEntry[] {
  const destinations = numbers.map(number => ({
    address: servers[number - 1]!.address,
    port,
    forwarding: 'masquerade' as const,
  }));
  return [{ protocol: 'tcp', address: virtual, port, scheduler: 'rr', destinations }];
}

/** The lab of a rolling replacement. */
export const drain: Lab = {
  title,
  about,
  proofs,
  run({ brief = false, requestTimeout = 5000, ...options }) {
    return runLab<Step, ReturnType<typeof judgeDrain>>(
      frame,
      options,
      async ({ scope, report, network, takes }) => {
        const asker = await pool.begin(scope, network, report);

        report.part('Director, by this library');
        const ipvs = new Ipvs({ netns: network.namespace('director'), timeout: 120_000 });
        scope.defer(() => ipvs.close());
        report.call("ipvs.apply(with server-1 and server-2, { owner: 'web' })");
        await ipvs.apply(tableOf([1, 2]), { owner: 'web' });
        report.table(await ipvs.info(), await ipvs.snapshot());

        // A visit lasts longer than a plan takes on a busy machine: each drain finds some to wait for.
        const [lanes, pause] = brief ? [4, 2000] : [8, 1500];
        report.part(`Traffic: ${lanes} visits at once to ${url}, two questions each, ${pause} ms apart`);
        const traffic = startTraffic(asker, { url, lanes, pause, timeout: requestTimeout });

        /** Replaces one server by another amid visits to it. */
        const replace = async (leaving: number, numbers: readonly number[]): Promise<Replacement> => {
          const left = servers[leaving - 1]!.name;
          report.part(`${left} is replaced by ${servers[numbers.at(-1)! - 1]!.name}`);
          const desired = tableOf(numbers);
          for (const line of String(await ipvs.plan(desired, { owner: 'web' })).split('\n')) {
            if (line !== '') report.step(line);
          }
          await traffic.amid(left);
          const looks: DrainProgress[] = [];
          let quietFrom = Number.POSITIVE_INFINITY;
          const onProgress = (progress: DrainProgress) => {
            if (looks.length === 0) quietFrom = performance.now();
            looks.push(progress);
            report.step(
              `${left}: ${progress.waitingFor} connections left, ${countOf(traffic)} visits so far`,
            );
          };
          const drained = takes('drain') ? { drain: { idleFor: 200, poll: 100, onProgress } } : {};
          report.call(
            `ipvs.apply(…, { owner: 'web'${takes('drain') ? ', drain: { idleFor: 200, poll: 100 }' : ''} })`,
          );
          const { converged } = await ipvs.apply(desired, { owner: 'web', ...drained });
          report.step(converged ? `${left} is gone` : `${left} could not be removed`);
          return { left, looks, quietFrom };
        };

        const replacements = [await replace(1, [2, 3])];
        if (takes('second-replacement')) replacements.push(await replace(2, [3, 4]));
        const visits = await traffic.stop();
        report.table(await ipvs.info(), await ipvs.snapshot());
        const after = new Set<string>();
        for (let i = 0; i < servers.length; i++) {
          const reply = await asker.get(url, { timeout: requestTimeout });
          after.add(reply.server ?? `nobody (${reply.failure})`);
        }
        report.bars(
          'Visits of each server',
          servers.map(({ name }) => ({
            label: name,
            value: visits.filter(({ server }) => server === name).length,
          })),
        );
        const checks = judgeDrain({ visits, replacements, after: [...after].sort() }, [
          'server-3',
          'server-4',
        ]);
        report.verdict(title, checks);
        return checks;
      },
    );
  },
};

function countOf({ visits }: Traffic): number {
  return visits.length;
}
