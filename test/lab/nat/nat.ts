import { destinationKey, Ipvs, type ServiceWithDestinations } from '../../../lib/index.ts';
import { waitForCounters } from '../hosts/estimator.ts';
import type { Network } from '../hosts/network.ts';
import { type Peer, type Reply, type Served, startPeer } from '../hosts/peer.ts';
import type { Scope } from '../hosts/scope.ts';
import type { Lab } from '../lab.ts';
import { narrate } from '../report/narrate.ts';
import { type Check, quietReport, type Report } from '../report/report.ts';
import { type Frame, runLab, sendRequests } from '../run-lab.ts';
import { natAddresses } from './nat-addresses.ts';
import { judgeNat, NatCheck } from './nat-judge.ts';

/** A step of VS/NAT that can be left out. */
export type NatStep =
  | 'ip-forward'
  | 'conntrack'
  | 'masquerade-virtual'
  | 'masquerade-source'
  | 'default-route'
  | 'second-server';

/** How to run the lab. */
export interface NatOptions {
  /** The number of requests that the client sends, a multiple of two; default 20. */
  readonly requests?: number;
  /** Milliseconds that a request may take; default 5000. */
  readonly requestTimeout?: number;
  /** Milliseconds that the whole lab may take; default 240000. */
  readonly deadline?: number;
  /** Steps to leave out, to show what they are for. */
  readonly leaveOut?: readonly string[];
  readonly report?: Report;
  readonly signal?: AbortSignal | undefined;
}

/** A real server with its own counts. */
export interface NatServer {
  readonly name: string;
  /** `172.16.120.11:80` */
  readonly key: string;
  readonly served: Served;
}

/** The observations of a run. */
export interface NatObservation {
  /** The number of requests that were to be sent. */
  readonly requests: number;
  /** The replies to the requests that were sent, in order. */
  readonly replies: readonly Reply[];
  readonly servers: readonly NatServer[];
  /** The director's service after the traffic; undefined when it is absent. */
  readonly service: ServiceWithDestinations | undefined;
  /** Connections of the director as a whole, by IPVS's count. */
  readonly totalConnections: number;
  /** The reply to a request of a real server to the client's network. */
  readonly outward: Reply;
}

/** The observations of a run, and their verdict. */
export interface NatResult extends NatObservation {
  readonly checks: readonly Check[];
  readonly passed: boolean;
}

const title = 'VS/NAT: the director rewrites addresses both ways';
const about =
  'Real servers stand behind the director in a network of their own. Requests and replies pass through it.';

const { client, virtual, gateway, servers } = natAddresses;
const serverNames = ['server-1', 'server-2'] as const;
const web = { protocol: 'tcp', address: virtual, port: 80 } as const;
const innerNetwork = '172.16.120.0/24';
const CLIENT_PORT = 8080;
/** The number of unanswered requests in a row after which the rest is not sent. */
const GIVE_UP = 2;

/** The checks that must fail without each step, and no others. */
const proofs: Readonly<Record<NatStep, readonly string[]>> = {
  'ip-forward': Object.values(NatCheck),
  conntrack: [NatCheck.hidden],
  'masquerade-virtual': [NatCheck.hidden],
  'masquerade-source': [NatCheck.outward],
  'default-route': [NatCheck.outward],
  'second-server': [NatCheck.turns],
};
const steps = Object.keys(proofs) as readonly NatStep[];
type Left = readonly NatStep[];

const frame: Omit<Frame<NatStep>, 'deadline'> = {
  title,
  about,
  diagram: [
    [{ title: 'client', lines: [client] }],
    [{ title: 'director', lines: [`${virtual}:80  virtual IP`, `${gateway}      inner gateway`] }],
    serverNames.map(name => ({ title: name, lines: [`${servers[name]}:80`] })),
  ],
  proofs,
  programs: ['iptables'],
  modules: ['ip_vs_rr', 'xt_ipvs', 'xt_MASQUERADE'],
  segments: [
    segment('public', { client, director: virtual }),
    segment('inner', { director: gateway, ...servers }),
  ],
};

/** The classic set-up. */
export const nat: Lab = {
  title,
  about,
  proofs,
  async run({ brief = false, ...options }) {
    return (await runNat({ ...options, requests: brief ? 4 : 20 })).checks;
  },
};

/**
 * VS/NAT: two real servers in a network of their own behind the director, which rewrites addresses both ways.
 * Client, director and servers are network namespaces; the director's IPVS is set up by this library alone.
 */
export async function runNat(options: NatOptions = {}): Promise<NatResult> {
  const { requests = 20, deadline = 240_000, requestTimeout = 5000, report = quietReport } = options;
  const leaveOut = steps.filter(step => options.leaveOut?.includes(step));
  if (!Number.isInteger(requests) || requests < 2 || requests % serverNames.length !== 0) {
    throw new RangeError(`${requests} requests can't be shared equally by ${serverNames.length} servers`);
  }
  return runLab({ ...frame, deadline }, { ...options, report, leaveOut }, async ({ scope, network }) => {
    const [clientPeer, ...serverPeers] = await startPeers(scope, network, report);
    await setUpHosts(network, leaveOut);

    report.part('Director, by this library');
    // The library's own five seconds may be short for a busy emulated machine.
    const ipvs = new Ipvs({ netns: network.namespace('director'), timeout: 120_000 });
    scope.defer(() => ipvs.close());
    await setUpDirector(narrate(ipvs, report), leaveOut);
    await showTable(ipvs, report);

    report.part(`${requests} requests of the client to http://${virtual}/, a new connection each`);
    const sent = {
      url: `http://${virtual}/`,
      count: requests,
      timeout: requestTimeout,
      giveUp: GIVE_UP,
    };
    const replies = await sendRequests(clientPeer, sent, report);
    const outwardUrl = `http://${client}:${CLIENT_PORT}/`;
    report.part(`One request of ${serverPeers[0]!.host} to ${outwardUrl}`);
    const outward = await serverPeers[0]!.get(outwardUrl, { timeout: requestTimeout });
    report.reply(1, 1, outward);

    report.part('Counters');
    await waitForCounters(scope, report, async () => countedConnections(await find(ipvs)) === replies.length);
    await showTable(ipvs, report);
    const observation: NatObservation = {
      requests,
      replies,
      servers: await Promise.all(serverPeers.map(observeServer)),
      service: await find(ipvs),
      totalConnections: (await ipvs.totals()).connections,
      outward,
    };
    const checks = judgeNat(observation);
    conclude(report, observation, checks);
    return { ...observation, checks, passed: checks.every(({ passed }) => passed) };
  });
}

function segment(name: string, members: Readonly<Record<string, string>>) {
  return {
    name,
    members: Object.entries(members).map(([host, address]) => ({ host, addresses: [`${address}/24`] })),
  };
}

async function startPeers(scope: Scope, network: Network, report: Report): Promise<[Peer, ...Peer[]]> {
  const clientPeer = startPeer(scope, network, 'client');
  const serverPeers = serverNames.map(name => startPeer(scope, network, name));
  await Promise.all([clientPeer.serve(CLIENT_PORT), ...serverPeers.map(peer => peer.serve(web.port))]);
  report.step(`HTTP servers that answer with their names: ${serverNames.join(', ')}`);
  return [clientPeer, ...serverPeers];
}

/** Sets up what is not IPVS's: routes, forwarding, and netfilter's masquerading. */
async function setUpHosts(network: Network, leaveOut: Left): Promise<void> {
  if (!leaveOut.includes('default-route')) {
    // Replies and other packets of a server have to come back to the director.
    for (const name of serverNames) {
      await network.run(name, 'ip', 'route', 'add', 'default', 'via', gateway);
    }
  }
  if (!leaveOut.includes('ip-forward')) await network.sysctl('director', { 'net.ipv4.ip_forward': 1 });
  const append = ['-t', 'nat', '-A', 'POSTROUTING'];
  const masquerade = ['-j', 'MASQUERADE'];
  if (!leaveOut.includes('masquerade-virtual')) {
    // Packets that IPVS forwards then come from the director's own address, so that servers need no route to
    // the clients' networks.
    const match = ['-m', 'ipvs', '--vaddr', virtual, '--vport', '80'];
    await network.run('director', 'iptables', ...append, ...match, ...masquerade);
  }
  if (!leaveOut.includes('masquerade-source')) {
    // The servers' own connections go to networks without a route to theirs.
    const match = ['-s', innerNetwork, '-o', 'public'];
    await network.run('director', 'iptables', ...append, ...match, ...masquerade);
  }
}

async function setUpDirector(ipvs: Ipvs, leaveOut: Left): Promise<void> {
  // Without connection tracking IPVS hides its packets from netfilter's NAT.
  if (!leaveOut.includes('conntrack')) await ipvs.setSettings({ conntrack: true });
  await ipvs.addService({ ...web, scheduler: 'rr' });
  for (const name of serverNames) {
    if (leaveOut.includes('second-server') && name === 'server-2') continue;
    await ipvs.addDestination(web, { address: servers[name], port: 80, forwarding: 'masquerade' });
  }
}

async function find(ipvs: Ipvs): Promise<ServiceWithDestinations | undefined> {
  return (await ipvs.snapshot()).find(({ address, port }) => address === web.address && port === web.port);
}

function countedConnections(service: ServiceWithDestinations | undefined): number {
  return service?.destinations.reduce((sum, { stats }) => sum + stats.connections, 0) ?? 0;
}

async function showTable(ipvs: Ipvs, report: Report): Promise<void> {
  report.table(await ipvs.info(), await ipvs.snapshot());
}

async function observeServer(peer: Peer, index: number): Promise<NatServer> {
  const name = serverNames[index]!;
  return {
    name,
    key: destinationKey({ address: servers[name], port: 80 }),
    served: await peer.served(web.port),
  };
}

function conclude(report: Report, observation: NatObservation, checks: readonly Check[]): void {
  const { replies, servers, service } = observation;
  report.bars(
    'Distribution, as the client saw it',
    servers.map(({ name }) => ({
      label: name,
      value: replies.filter(({ server }) => server === name).length,
    })),
  );
  report.part("The servers' own counts against IPVS's");
  report.figures(
    ['server', 'requests served', 'IPVS connections', 'packets in', 'packets out', 'bytes in', 'bytes out'],
    servers.map(({ name, key, served }) => {
      const stats = service?.destinations.find(destination => destinationKey(destination) === key)?.stats;
      const { connections = 0, inPackets = 0, outPackets = 0, inBytes = 0, outBytes = 0 } = stats ?? {};
      return [name, served.requests, connections, inPackets, outPackets, inBytes, outBytes];
    }),
  );
  report.verdict(title, checks);
}
