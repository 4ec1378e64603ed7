import { destinationKey, Ipvs, type ServiceWithDestinations, serviceKey } from '../../../lib/index.ts';
import { waitForCounters } from '../hosts/estimator.ts';
import type { Network } from '../hosts/network.ts';
import { type Served, startPeer } from '../hosts/peer.ts';
import type { Lab, LabOptions } from '../lab.ts';
import { narrate } from '../report/narrate.ts';
import type { Check, Report } from '../report/report.ts';
import { type Frame, runLab } from '../run-lab.ts';
import { byAddress } from './by-address.ts';
import { byChance } from './by-chance.ts';
import { byClient } from './by-client.ts';
import { byLoad } from './by-load.ts';
import { byRank } from './by-rank.ts';
import { byTurn } from './by-turn.ts';
import { diagram, director, gateway, segments, servers } from './hosts.ts';
import { proofs, type Scheduler, SchedulerCheck, type SchedulerStep } from './scheduler.ts';
import { type RecordedTrial, startTrial } from './trial.ts';

const title = 'Schedulers: which server gets a connection';
const about =
  'Every scheduler of this kernel in front of the same four servers, each with the traffic that tells it from the others.';

/** Each scheduler with the number of its port or mark. */
const all: readonly (Scheduler & { readonly number: number })[] = [
  ...byTurn,
  ...byLoad,
  ...byRank,
  ...byClient,
  ...byAddress,
  ...byChance,
].map((scheduler, i) => ({ ...scheduler, number: i + 1 }));

interface Shown {
  readonly name: string;
  readonly trial: RecordedTrial;
  readonly checks: readonly Check[];
  /** Each server's own counts. */
  readonly served: readonly Served[];
}

const frame: Frame<SchedulerStep> = {
  title,
  about,
  diagram,
  proofs,
  deadline: 240_000,
  programs: ['iptables'],
  modules: ['xt_mark'],
  segments,
};

/** The lab of all schedulers, one after the other. */
export const schedulers: Lab = { title, about, proofs, run };

function run({ brief = false, ...options }: LabOptions): Promise<readonly Check[]> {
  return runLab(frame, options, async ({ scope, report, network, takes }) => {
    const client = startPeer(scope, network, 'client');
    const peers = servers.map(({ name }) => startPeer(scope, network, name));
    const ipvs = new Ipvs({ netns: network.namespace('director'), timeout: 120_000 });
    scope.defer(() => ipvs.close());
    await setUpHosts(network, report);
    const known = (await ipvs.schedulers()).map(({ name }) => name);
    report.step(`schedulers of this kernel: ${known.join(', ')}`);

    const rounds = brief ? 1 : 3;
    const narrated = narrate(ipvs, report);
    const stage = { scope, report, client, peers, ipvs, narrated, rounds, takes };
    const shown: Shown[] = [];
    for (const scheduler of all) {
      const { name, needs = [] } = scheduler;
      report.part(`${name}: ${scheduler.title}`);
      report.step(scheduler.about);
      if (!known.includes(name)) {
        report.step(`This kernel has no ${name}.`);
        continue;
      }
      const missing = needs.filter(step => !takes(step));
      if (missing.length > 0) {
        report.step(`Not shown without ${missing.join(', ')}.`);
        continue;
      }
      const trial = await startTrial(stage, scheduler, scheduler.number);
      const checks = await scheduler.show(trial);
      shown.push({ name, trial, checks, served: await trial.served() });
    }

    report.part('Counters');
    const judge = async () => judgeCounters(shown, await readTable(ipvs, shown));
    await waitForCounters(scope, report, async () => (await judge()).passed);
    report.table(await ipvs.info(), await readTable(ipvs, shown));
    const checks = [judgeAnswers(shown), await judge(), ...shown.flatMap(each => each.checks)];
    report.verdict(title, checks);
    return checks;
  });
}

/** Sets up what is not IPVS's: routes, and marks for packets to the networks of sites. */
async function setUpHosts(network: Network, report: Report): Promise<void> {
  await network.sysctl('director', { 'net.ipv4.ip_forward': 1 });
  const ways = servers.map(({ name }) => network.run(name, 'ip', 'route', 'add', 'default', 'via', gateway));
  await Promise.all(ways);
  report.step('addresses that the client asks for through the director, which marks what is sent to them:');
  for (const { sites, number } of all) {
    if (sites === undefined) continue;
    await network.run('client', 'ip', 'route', 'add', sites, 'via', director);
    // IPVS looks at packets that the director takes for its own.
    await network.run('director', 'ip', 'route', 'add', 'local', sites, 'dev', 'lo');
    const mark = ['-d', sites, '-j', 'MARK', '--set-mark', String(number)];
    await network.run('director', 'iptables', '-t', 'mangle', '-A', 'PREROUTING', ...mark);
  }
}

function judgeAnswers(shown: readonly Shown[]): Check {
  const asked = sum(shown.map(({ trial }) => trial.asked()));
  const answered = sum(shown.flatMap(({ trial }) => [...trial.answered().values()]));
  return {
    what: SchedulerCheck.answered,
    passed: answered === asked && asked > 0,
    detail: `${answered} of ${asked}`,
  };
}

/** The services in the order of showing, since the kernel's order means nothing. */
async function readTable(ipvs: Ipvs, shown: readonly Shown[]): Promise<readonly ServiceWithDestinations[]> {
  const table = await ipvs.snapshot();
  return shown.map(({ trial }) => table.find(found => serviceKey(found) === serviceKey(trial.service))!);
}

/** Checks the kernel's counts and the servers' own against the client's, for each scheduler and server. */
function judgeCounters(shown: readonly Shown[], table: readonly ServiceWithDestinations[]): Check {
  const differences = shown.flatMap(({ name, trial, served }, i) =>
    servers.flatMap((server, j) => {
      const key = destinationKey(trial.destination(server.name));
      const destination = table[i]!.destinations.find(found => destinationKey(found) === key);
      const own = served[j]!.connections;
      const had = trial.answered().get(server.name) ?? 0;
      // A server that left has taken its counters along.
      const counted = destination?.stats.connections ?? had;
      return counted === had && own === had
        ? []
        : [`${name} ${server.name} ${counted} (served ${own}, had ${had})`];
    }),
  );
  const total = sum(shown.flatMap(({ trial }) => [...trial.answered().values()]));
  return {
    what: SchedulerCheck.counters,
    passed: differences.length === 0,
    detail: differences.length === 0 ? `${total}, of ${shown.length} services` : differences.join(', '),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
