import { setTimeout as sleep } from 'node:timers/promises';
import { type DirectedService, Director, type DirectorEvent } from '../../../lib/director/index.ts';
import { type Dial, dial, httpCheck } from '../../../lib/health/index.ts';
import { Ipvs } from '../../../lib/index.ts';
import { serverPool } from '../hosts/server-pool.ts';
import type { Lab } from '../lab.ts';
import type { Report } from '../report/report.ts';
import { runLab } from '../run-lab.ts';
import { DirectorCheck, judgeDirector } from './director-judge.ts';
import { type Asked, startLoad } from './load.ts';

const title = 'Director: a server dies under load';
const about =
  'Three servers answer requests that come without pause. The cable of one is pulled out. The director checks each server all the time: it gives the dead one weight 0, and its weight back when the cable is in again.';

const proofs = {
  // A director that checks nothing goes on sending clients to a dead server.
  checks: [DirectorCheck.out, DirectorCheck.quiet],
  'cable-in-again': [DirectorCheck.back],
} as const;
type Step = keyof typeof proofs;

const pool = serverPool(3);
const { servers, virtual, port, url } = pool;
const dying = servers[1]!;
const WEIGHT = 10;

const policy = { interval: 1000, fasterInterval: 500, timeout: 1000, rise: 2, fall: 2 };
/** Milliseconds that the director has to notice, on an emulated machine that is busy with other labs. */
const PATIENCE = 40_000;
/** The same where it is not to notice. */
const SHORT = 8000;
/**
 * Milliseconds in which it should have noticed. Requests after that fail although TCP sends them again: the cable
 * stays out for longer than their time.
 */
const DUE = 3000;

const frame = {
  title,
  about,
  ...pool.frame,
  proofs,
  deadline: 240_000,
  programs: [],
  modules: ['ip_vs_wrr'],
} as const;

const desired: readonly DirectedService[] = [
  {
    protocol: 'tcp',
    address: virtual,
    port,
    scheduler: 'wrr',
    destinations: servers.map(({ address }) => ({
      address,
      port,
      forwarding: 'masquerade',
      weight: WEIGHT,
    })),
  },
];

/** The lab of a server that dies and comes back. */
export const director: Lab = {
  title,
  about,
  proofs,
  run({ brief = false, requestTimeout = 5000, ...options }) {
    return runLab<Step, ReturnType<typeof judgeDirector>>(
      frame,
      options,
      async ({ scope, report, network, takes }) => {
        const asker = await pool.begin(scope, network, report);

        report.part('Director, by this library');
        const netns = network.namespace('director');
        const ipvs = new Ipvs({ netns, timeout: 120_000 });
        scope.defer(() => ipvs.close());
        const checks = takes('checks') ? [httpCheck({ path: '/' })] : [];
        report.call(
          `new Director({ ipvs, desired, checks: [${takes('checks') ? "httpCheck({ path: '/' })" : ''}] }).start()`,
        );
        const inside = ((how: Parameters<Dial>[0]) => dial({ ...how, netns })) as Dial;
        const made = new Director({ ipvs, desired, checks, dial: inside, defaults: { policy } });
        scope.defer(() => made.close());
        const weights = followWeights(made, report);
        await made.start();
        await weights.until(WEIGHT, PATIENCE);
        report.table(await ipvs.info(), await ipvs.snapshot());

        const [pause, calm] = brief ? [200, 2000] : [100, 5000];
        report.part(`Load: a request to ${url} each ${pause} ms`);
        const load = startLoad(asker, { url, pause, timeout: requestTimeout });
        await sleep(calm, undefined, { signal: scope.signal });

        report.part(`The cable of ${dying.name} is pulled out`);
        await network.run(dying.name, 'ip', 'link', 'set', 'inner', 'down');
        const died = performance.now();
        const patience = takes('checks') ? PATIENCE : SHORT;
        const out = await weights.until(0, patience);
        report.table(await ipvs.info(), await ipvs.snapshot());
        await sleep(calm, undefined, { signal: scope.signal });

        report.part(`The cable of ${dying.name} is in again`);
        if (takes('cable-in-again')) {
          await network.run(dying.name, 'ip', 'link', 'set', 'inner', 'up');
          await pool.route(network, dying.name);
        }
        const well = performance.now();
        const back = await weights.until(WEIGHT, takes('cable-in-again') ? PATIENCE : SHORT);
        report.table(await ipvs.info(), await ipvs.snapshot());
        await sleep(calm, undefined, { signal: scope.signal });
        const asked = await load.stop();

        const from = out ?? died + DUE;
        report.part('Who answered');
        report.figures(
          ['', 'requests', 'failed', ...servers.map(({ name }) => name)],
          [
            rowOf(
              'before',
              asked.filter(({ start }) => start < died),
            ),
            rowOf(
              'dead, and not yet out',
              asked.filter(({ start }) => start >= died && start < from),
            ),
            rowOf(
              'out',
              asked.filter(({ start }) => start >= from && start < (back ?? Number.POSITIVE_INFINITY)),
            ),
            rowOf(
              'back',
              asked.filter(({ start }) => back !== undefined && start >= back),
            ),
          ],
        );
        report.bars(
          'Requests that failed, by the second after the cable was pulled out',
          failuresBySecond(asked, died),
        );
        const judged = judgeDirector({ asked, died, out, from, well, back }, dying.name);
        report.verdict(title, judged);
        return judged;
      },
    );
  },
};

/** Tells what the director does, and knows when the dying server had which weight. */
function followWeights(made: Director, report: Report) {
  let weight = 0;
  let hasChanged = () => {};
  const isDying = (event: DirectorEvent) =>
    'destination' in event && event.destination.address === dying.address;
  const read = async () => {
    let decided = 0;
    for await (const event of made.events()) {
      if (event.type === 'health' && isDying(event)) {
        report.step(
          `${dying.name} is ${event.health.state}${event.health.reason ? `: ${event.health.reason}` : ''}`,
        );
      }
      if (event.type === 'weight' && isDying(event)) decided = event.to;
      if (event.type === 'applied') {
        if (weight !== decided) report.step(`${dying.name} has weight ${decided}`);
        weight = decided;
        hasChanged();
      }
    }
  };
  void read();
  return {
    /** Resolves when the server has that weight, with the time; with undefined when it takes too long. */
    async until(wanted: number, patience: number): Promise<number | undefined> {
      const limit = performance.now() + patience;
      while (weight !== wanted && performance.now() < limit) {
        const changed = new Promise<void>(resolve => {
          hasChanged = resolve;
        });
        await Promise.race([
          changed,
          sleep(Math.max(1, limit - performance.now()), undefined, { ref: false }),
        ]);
      }
      return weight === wanted ? performance.now() : undefined;
    },
  };
}

function rowOf(phase: string, asked: readonly Asked[]): readonly (string | number)[] {
  const failed = asked.filter(({ failure }) => failure !== undefined).length;
  const answers = servers.map(({ name }) => asked.filter(({ server }) => server === name).length);
  return [phase, asked.length, failed, ...answers];
}

function failuresBySecond(asked: readonly Asked[], died: number) {
  const secondOf = ({ start }: Asked) => Math.floor((start - died) / 1000);
  const last = Math.max(0, ...asked.map(secondOf));
  return Array.from({ length: Math.min(last, 19) + 1 }, (_, second) => ({
    label: `${second} s`,
    value: asked.filter(one => one.failure !== undefined && secondOf(one) === second).length,
  }));
}
