import {
  type DestinationSpec,
  Ipvs,
  type Persistence,
  type ServiceId,
  type ServiceSpec,
  serviceKey,
} from '../../../lib/index.ts';
import type { Network, Segment } from '../hosts/network.ts';
import { type Peer, startPeer } from '../hosts/peer.ts';
import { narrate } from '../report/narrate.ts';
import type { Run } from '../run-lab.ts';
import { addresses, realPorts, servers } from './addresses.ts';

/** A step that can be left out. */
export type Step = 'one-packet' | 'firewall-mark' | 'persistence' | 'limits';

/** The stage of every kind of service: hosts, and a director without services. */
export interface Stage extends Run<Step> {
  /** The director's client, whose calls are reported. */
  readonly ipvs: Ipvs;
  readonly client: Peer;
  /** The servers' processes in the order of `servers`. */
  readonly peers: readonly Peer[];
  /** Whether to send just enough traffic to prove the point. */
  readonly brief: boolean;
  /** Milliseconds that a request may take. */
  readonly timeout: number;
}

const { clients, client6, director, director6, virtual, joined, virtual6, gateway, gateway6 } = addresses;

/** The client's network and the servers'. */
export const segments: readonly Segment[] = [
  {
    name: 'public',
    members: [
      { host: 'client', addresses: [...clients.map(address => `${address}/16`), `${client6}/64`] },
      {
        host: 'director',
        addresses: [`${director}/16`, `${virtual}/32`, `${joined}/32`, `${director6}/64`, `${virtual6}/128`],
      },
    ],
  },
  {
    name: 'inner',
    members: [
      { host: 'director', addresses: [`${gateway}/24`, `${gateway6}/64`] },
      ...servers.map(({ name, address, address6 }) => ({
        host: name,
        addresses: [`${address}/24`, `${address6}/64`],
      })),
    ],
  },
];

/** Sets up the hosts and starts their servers. */
export async function createStage(run: Run<Step>, options: Pick<Stage, 'brief' | 'timeout'>): Promise<Stage> {
  const { scope, report, network } = run;
  const client = startPeer(scope, network, 'client');
  const peers = servers.map(({ name }) => startPeer(scope, network, name));
  // The hosts are set up while Node.js starts, which takes long.
  await Promise.all([...peers.map(listen), setUpHosts(network)]);
  report.step(`${servers.map(({ name }) => name).join(' and ')} answer HTTP and datagrams with their names`);
  // The library's own five seconds may be short for a busy emulated machine.
  const ipvs = new Ipvs({ netns: network.namespace('director'), timeout: 120_000 });
  scope.defer(() => ipvs.close());
  return { ...run, ipvs: narrate(ipvs, report), client, peers, ...options };
}

async function listen(peer: Peer): Promise<void> {
  const { http, https, dns, syslog, sip } = realPorts;
  await Promise.all([
    ...[http, https].map(port => peer.serve(port, '::')),
    ...[dns, syslog, sip].map(port => peer.serveUdp(port)),
  ]);
}

async function setUpHosts(network: Network): Promise<void> {
  const { director, gateway, gateway6 } = addresses;
  await network.sysctl('director', { 'net.ipv4.ip_forward': 1, 'net.ipv6.conf.all.forwarding': 1 });
  for (const { name } of servers) {
    await network.run(name, 'ip', 'route', 'add', 'default', 'via', gateway);
    await network.run(name, 'ip', '-6', 'route', 'add', 'default', 'via', gateway6);
  }
  // A host that checks source addresses takes answers only from networks that it has a route to.
  await network.run('client', 'ip', 'route', 'add', 'default', 'via', director);
}

/** A service's fields beside its identity, and its destinations'. */
export interface ServiceOptions {
  readonly onePacket?: boolean;
  readonly persistence?: Persistence | undefined;
  /** The first server's fields. The other server has defaults, and takes what the first does not. */
  readonly thresholds?: Pick<DestinationSpec, 'upperThreshold' | 'lowerThreshold'> | undefined;
}

/**
 * Adds a service with scheduler rr and both real servers. Under a mark their port 0 leaves a packet's port as
 * it is.
 */
export async function addService(
  { ipvs }: Stage,
  service: ServiceId,
  port: number,
  { onePacket, persistence, thresholds }: ServiceOptions = {},
): Promise<void> {
  const options = { ...(onePacket && { onePacket }), ...(persistence && { persistence }) };
  await ipvs.addService({ ...service, scheduler: 'rr', ...options } as ServiceSpec);
  const ipv6 = service.address?.includes(':') === true;
  for (const [i, { address, address6 }] of servers.entries()) {
    const destination = { address: ipv6 ? address6 : address, port, forwarding: 'masquerade' } as const;
    await ipvs.addDestination(service, { ...destination, ...(i === 0 && thresholds) });
  }
}

/**
 * IPVS's present counts of one server. Unlike statistics, which an estimator refreshes, they are never late.
 */
export interface LiveCounts {
  /** Connections in any state. */
  readonly connections: number;
  /** Established connections. */
  readonly active: number;
  /** Persistence templates. */
  readonly templates: number;
}

/** Shows services as the kernel has them, and returns its counts of each server in the order of `servers`. */
export async function showServices(
  { ipvs, report }: Stage,
  ids: readonly ServiceId[],
): Promise<LiveCounts[]> {
  const keys = ids.map(serviceKey);
  const services = (await ipvs.snapshot()).filter(service => keys.includes(serviceKey(service)));
  report.table(await ipvs.info(), services);
  const destinations = services.flatMap(service => service.destinations);
  return servers.map(({ address, address6 }) => {
    const own = destinations.filter(found => found.address === address || found.address === address6);
    const active = own.reduce((sum, { activeConnections }) => sum + activeConnections, 0);
    const inactive = own.reduce((sum, { inactiveConnections }) => sum + inactiveConnections, 0);
    const templates = own.reduce((sum, { persistentConnections }) => sum + persistentConnections, 0);
    return { connections: active + inactive, active, templates };
  });
}
