import { Ipvs } from '../../../lib/index.ts';
import { serveFile } from '../hosts/download.ts';
import { waitForCounters } from '../hosts/estimator.ts';
import type { Network } from '../hosts/network.ts';
import { type Peer, type Reply, startPeer } from '../hosts/peer.ts';
import type { Scope } from '../hosts/scope.ts';
import type { Lab } from '../lab.ts';
import { narrate } from '../report/narrate.ts';
import type { Report } from '../report/report.ts';
import { runLab } from '../run-lab.ts';
import {
  diagram,
  directors as hosts,
  loseVirtualIp,
  ports,
  segments,
  servers,
  setUpServers,
  takeVirtualIp,
  virtual,
} from './directors-hosts.ts';
import { DirectorsCheck, type DirectorsObservation, judgeDirectors } from './directors-judge.ts';
import { type Failover, failOver, file, type Stage } from './failover.ts';

const title = 'Two directors: one takes over, and nobody notices';
const about =
  'The director is where all connections pass, and it may fail. A second one has the same table, and takes over the virtual IP. For connections that are under way this is not enough: it must know which server each belongs to. The sync daemons tell it.';

const proofs = {
  'sync-daemons': [DirectorsCheck.known, DirectorsCheck.finished, DirectorsCheck.carried],
  // With one director all the time nothing is lost, and nothing shown.
  move: [DirectorsCheck.lost, DirectorsCheck.carried, DirectorsCheck.fresh],
} as const;

const frame = {
  title,
  about,
  diagram,
  proofs,
  deadline: 240_000,
  programs: ['arping'],
  modules: ['ip_vs_rr'],
  segments,
} as const;

/** Milliseconds for an answer that is to come, whatever step is left out. */
const PATIENCE = 20_000;
const SYNC_ID = 7;

const services = [ports.pages, ports.file].map(
  port => ({ protocol: 'tcp', address: virtual, port }) as const,
);

/** The lab of a virtual IP that moves amid downloads. */
export const directors: Lab = {
  title,
  about,
  proofs,
  run({ brief = false, ...options }) {
    return runLab(frame, options, async ({ scope, report, network, takes }) => {
      await setUpServers(network);
      const { client, peers } = await startPeers(scope, network, report);
      const clients = [
        await setUpDirector(scope, report, network, hosts[0].name),
        await setUpDirector(scope, report, network, hosts[1].name),
      ] as const;
      const stage: Stage = { scope, report, network, client, peers, clients, moves: takes('move') };

      report.part('The virtual IP moves, and there are no sync daemons');
      await takeVirtualIp(network, hosts[0].name);
      const without = await failOver(stage, false);

      report.part('Once more, with sync daemons');
      if (stage.moves) {
        await loseVirtualIp(network, hosts[1].name);
        await takeVirtualIp(network, hosts[0].name);
      }
      if (takes('sync-daemons')) await startDaemons(stage);
      const withSync = await failOver(stage, takes('sync-daemons'));

      const requests = servers.length * (brief ? 2 : 5);
      report.part(`${requests} new requests to http://${virtual}/`);
      const replies = await sendRequests(stage, requests);

      report.part('Counters');
      const counted = await count(stage, withSync, requests);
      const observation: DirectorsObservation = { without, withSync, replies, ...counted };
      const checks = judgeDirectors(observation);
      conclude(report, observation);
      report.verdict(title, checks);
      return checks;
    });
  },
};

async function startPeers(scope: Scope, network: Network, report: Report) {
  const client = startPeer(scope, network, 'client');
  const peers = servers.map(({ name }) => startPeer(scope, network, name));
  const serve = async (peer: Peer) => {
    await peer.serve(ports.pages);
    await serveFile(peer, { port: ports.file, ...file });
  };
  await Promise.all(peers.map(serve));
  report.step(`servers of pages, and of a file of ${file.size / 1000} kB that takes its time`);
  return { client, peers };
}

/** Sets up the same table on both directors: the virtual IP alone decides which of them clients reach. */
async function setUpDirector(scope: Scope, report: Report, network: Network, name: string): Promise<Ipvs> {
  report.part(`${name}, by this library`);
  const ipvs = new Ipvs({ netns: network.namespace(name), timeout: 120_000 });
  scope.defer(() => ipvs.close());
  const narrated = narrate(ipvs, report);
  for (const service of services) {
    await narrated.addService({ ...service, scheduler: 'rr' });
    for (const { address } of servers) {
      await narrated.addDestination(service, { address, port: service.port, forwarding: 'direct' });
    }
  }
  report.table(await ipvs.info(), await ipvs.snapshot());
  return narrated;
}

async function startDaemons({ report, clients }: Stage): Promise<void> {
  const [first, second] = clients;
  // The backup starts first, so that it misses nothing.
  await second.startDaemon({ role: 'backup', interface: 'sync', syncId: SYNC_ID });
  await first.startDaemon({ role: 'master', interface: 'sync', syncId: SYNC_ID });
  for (const [i, ipvs] of clients.entries()) {
    for (const { role, group, port, syncId } of await ipvs.daemons()) {
      report.step(`${hosts[i]!.name} is ${role} of sync id ${syncId} on ${group}:${port}`);
    }
  }
}

async function sendRequests({ client, report }: Stage, requests: number): Promise<readonly Reply[]> {
  const replies: Reply[] = [];
  while (replies.length < requests) {
    const reply = await client.get(`http://${virtual}/`, { timeout: PATIENCE });
    replies.push(reply);
    report.reply(replies.length, requests, reply);
  }
  return replies;
}

/** The second director's counts of download packets and new connections. */
async function count(
  { scope, report, clients }: Stage,
  { known }: Failover,
  requests: number,
): Promise<Pick<DirectorsObservation, 'packetsAfter' | 'connectionsAfter'>> {
  const read = async (ipvs: Ipvs) => {
    const table = await ipvs.snapshot();
    const statsOf = (port: number) => table.find(service => service.port === port)?.stats;
    return {
      packets: statsOf(ports.file)?.inPackets ?? 0,
      connections: statsOf(ports.pages)?.connections ?? 0,
    };
  };
  const [first, second] = clients;
  await waitForCounters(scope, report, async () => {
    const { packets, connections } = await read(second);
    return connections >= requests && (known === 0 || packets > 0);
  });
  const counts = [await read(first), await read(second)];
  report.figures(
    ['director', 'packets of downloads', 'connections for pages'],
    hosts.map(({ name }, i) => [name, counts[i]!.packets, counts[i]!.connections]),
  );
  return { packetsAfter: counts[1]!.packets, connectionsAfter: counts[1]!.connections };
}

function conclude(report: Report, { without, withSync }: DirectorsObservation): void {
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  const kilobytes = (bytes: number) => Math.round(bytes / 1000);
  report.bars('Kilobytes received, of all downloads', [
    ...[without, withSync].map(({ after }, i) => ({
      label: i === 0 ? 'without sync' : 'with sync',
      value: kilobytes(sum(after.map(({ received }) => received))),
    })),
  ]);
  report.figures(
    ['', 'server', 'kB when the virtual IP moved', 'kB in the end', 'came to'],
    [without, withSync].flatMap(({ downloads, before, after }, i) =>
      downloads.map(({ server }, j) => [
        i === 0 ? 'without sync' : 'with sync',
        server,
        kilobytes(before[j]!),
        kilobytes(after[j]!.received),
        after[j]!.failure ?? 'its end',
      ]),
    ),
  );
}
