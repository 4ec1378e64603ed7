import { Ipvs } from '../../../lib/index.ts';
import { waitForCounters } from '../hosts/estimator.ts';
import type { Network } from '../hosts/network.ts';
import { type Peer, startPeer } from '../hosts/peer.ts';
import type { Scope } from '../hosts/scope.ts';
import type { Lab } from '../lab.ts';
import { narrate } from '../report/narrate.ts';
import type { Check, Report } from '../report/report.ts';
import { runLab } from '../run-lab.ts';
import { diagram, nameserver, type Site, segments, sites } from './dns-hosts.ts';
import { DnsCheck, type DnsObservation, judgeDns, type Visit } from './dns-judge.ts';

const title = 'DNS hybrid: several directors, each with its own pool of servers';
const about =
  'One director is a limit, and a single point of failure. Here DNS gives the addresses of three, each time with another one first. Each director balances over its own servers only. The loss of one costs its share of the requests, until its record is taken out of DNS.';

const proofs = {
  // All clients then go to the first director; nobody notices the loss of the second.
  rotation: [DnsCheck.directors, DnsCheck.loss, DnsCheck.takeover],
  'second-server': [DnsCheck.servers],
  'record-removed': [DnsCheck.recovery, DnsCheck.takeover],
} as const;
type Step = keyof typeof proofs;

const frame = {
  title,
  about,
  diagram,
  proofs,
  deadline: 240_000,
  programs: [],
  modules: ['ip_vs_rr'],
  segments,
} as const;

const NAME = 'www.lab.example';
const PORT = 80;
/** Milliseconds for an answer that is to come, whatever step is left out. */
const PATIENCE = 20_000;
/** Milliseconds for an answer of a director that is known to be gone. */
const VAIN = 2000;
const lost = sites[1]!;

/** The client, and where its requests are reported. */
interface Asking {
  readonly peer: Peer;
  readonly report: Report;
}

/** The lab of round-robin DNS over directors. */
export const dns: Lab = {
  title,
  about,
  proofs,
  run({ brief = false, ...options }) {
    // Each server of each director gets the same number, and then each director that is left.
    const [many, few] = brief ? [12, 6] : [30, 12];
    return runLab(frame, options, async ({ scope, report, network, takes }) => {
      await setUpHosts(network);
      const [asker, nameserverPeer] = await startPeers(scope, network, report, takes('rotation'));
      const asking: Asking = { peer: asker, report };
      const directors: Ipvs[] = [];
      for (const site of sites) {
        report.part(`${site.director}, by this library`);
        const ipvs = new Ipvs({ netns: network.namespace(site.director), timeout: 120_000 });
        scope.defer(() => ipvs.close());
        directors.push(ipvs);
        await setUpDirector(narrate(ipvs, report), site, takes);
        report.table(await ipvs.info(), await ipvs.snapshot());
      }

      report.part(`${many} requests of the client to http://${NAME}/, each after a question to DNS`);
      const before = await visit(asking, many);
      const counts = () => Promise.all(directors.map((ipvs, i) => countConnections(ipvs, sites[i]!)));
      const answered = before.filter(({ failure }) => failure === undefined).length;
      report.part('Counters');
      await waitForCounters(scope, report, async () => sum((await counts()).flat()) >= answered);
      const counted = await counts();
      showCounts(report, counted);

      report.part(`${lost.director} is lost: its link to the public segment goes down`);
      await network.run(lost.director, 'ip', 'link', 'set', 'public', 'down');
      const during = await visit(asking, few, VAIN);

      report.part('What a health check would do: the record goes out of DNS');
      if (takes('record-removed')) {
        const addresses = sites.filter(site => site !== lost).map(({ virtual }) => virtual);
        await nameserverPeer.call('setRecords', { addresses });
        report.step(`${NAME} is now ${addresses.join(', ')}`);
      }
      const after = await visit(asking, few, VAIN);

      const checks = judgeDns({ before, counted, during, after }, lost);
      conclude(report, { before, counted, during, after }, checks);
      return checks;
    });
  },
};

/** Sets up what is not IPVS's. */
async function setUpHosts(network: Network): Promise<void> {
  for (const { director, gateway, pool } of sites) {
    // Replies have to come back through the director, which rewrites their addresses.
    await network.run(pool, 'ip', 'route', 'add', 'default', 'via', gateway);
    await network.sysctl(director, { 'net.ipv4.ip_forward': 1 });
  }
}

/** Starts the hosts with a process: the client, the DNS server and the pools. */
async function startPeers(
  scope: Scope,
  network: Network,
  report: Report,
  rotate: boolean,
): Promise<[asker: Peer, nameserver: Peer]> {
  const asker = startPeer(scope, network, 'client');
  const nameserverPeer = startPeer(scope, network, 'dns');
  const addresses = sites.map(({ virtual }) => virtual);
  await Promise.all([
    nameserverPeer.call('serveDns', { address: nameserver, name: NAME, addresses, rotate }),
    ...sites.map(async ({ pool, servers }) => {
      const peer = startPeer(scope, network, pool);
      for (const server of servers) await peer.call('serve', { ...server, port: PORT });
    }),
  ]);
  const names = sites.flatMap(({ servers }) => servers.map(({ name }) => name));
  report.step(`HTTP servers that answer with their names: ${names.join(', ')}`);
  report.step(
    `DNS server: ${NAME} is ${addresses.join(', ')}${rotate ? ', each time with the next one first' : ''}`,
  );
  return [asker, nameserverPeer];
}

async function setUpDirector(ipvs: Ipvs, site: Site, takes: (step: Step) => boolean): Promise<void> {
  const web = { protocol: 'tcp', address: site.virtual, port: PORT } as const;
  await ipvs.addService({ ...web, scheduler: 'rr' });
  for (const [i, { address }] of site.servers.entries()) {
    if (i > 0 && site === sites[0] && !takes('second-server')) continue;
    await ipvs.addDestination(web, { address, port: PORT, forwarding: 'masquerade' });
  }
}

/** Sends requests one after another, each to the address that DNS names first. */
async function visit({ peer, report }: Asking, requests: number, toLost = PATIENCE): Promise<Visit[]> {
  const visits: Visit[] = [];
  for (let number = 1; number <= requests; number++) {
    const question = { server: nameserver, name: NAME, timeout: PATIENCE };
    const [address] = (await peer.call('resolveName', question)) as [string, ...string[]];
    const timeout = address === lost.virtual ? toLost : PATIENCE;
    const reply = await peer.get(`http://${address}:${PORT}/`, { timeout });
    visits.push({ ...reply, address });
    report.reply(number, requests, reply);
  }
  return visits;
}

/** The kernel's counts of connections of each of a site's servers. */
async function countConnections(ipvs: Ipvs, { servers }: Site): Promise<number[]> {
  const destinations = (await ipvs.snapshot()).flatMap(service => service.destinations);
  return servers.map(({ address }) => {
    return destinations.find(destination => destination.address === address)?.stats.connections ?? 0;
  });
}

function showCounts(report: Report, counted: DnsObservation['counted']): void {
  report.figures(
    ['director', 'virtual IP', 'server', 'IPVS connections'],
    sites.flatMap(({ director, virtual, servers }, i) =>
      servers.map(({ name }, j) => [director, virtual, name, counted[i]![j]!]),
    ),
  );
}

function conclude(report: Report, observation: DnsObservation, checks: readonly Check[]): void {
  const { before, counted, during, after } = observation;
  report.bars(
    "Connections of each director, by IPVS's count",
    sites.map(({ director }, i) => ({ label: director, value: sum(counted[i]!) })),
  );
  report.bars(
    'Distribution over all servers, as the client saw it',
    sites
      .flatMap(({ servers }) => servers)
      .map(({ name }) => ({ label: name, value: before.filter(({ server }) => server === name).length })),
  );
  report.part(`The loss of ${lost.director}`);
  const row = (what: string, visits: DnsObservation['before']) => {
    const failed = visits.filter(({ failure }) => failure !== undefined).length;
    return [what, visits.length, visits.length - failed, failed];
  };
  report.figures(
    ['', 'requests', 'answered', 'failed'],
    [row('all directors', before), row('one lost', during), row('its record removed', after)],
  );
  report.verdict(title, checks);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
