import {
  type AddressServiceId,
  type DestinationSpec,
  destinationKey,
  type Ipvs,
} from '../../../lib/index.ts';
import type { Network } from '../hosts/network.ts';
import type { Fault } from './diagnose.ts';
import { directVirtual, FAULTS_PORT, PORT, servers, virtual } from './faults-hosts.ts';

/** A service that the client asks, and its fault. */
export interface SetUp {
  readonly what: string;
  readonly service: AddressServiceId;
  readonly destination: DestinationSpec;
  /** The fault to be found. */
  readonly fault: Fault;
  /** The name of its check. */
  readonly check: string;
  readonly requests: number;
  /** Breaks a part of the set-up that is not IPVS's. */
  readonly sabotage?: (network: Network) => Promise<void>;
  /** Whether no answer is to come. */
  readonly silent?: boolean;
}

/**
 * The set-ups, each with a port of its own so that all exist at the same time. Without `broken` none is
 * broken.
 */
export function planSetUps(broken: boolean): readonly SetUp[] {
  const inner = (port: number) => ({ protocol: 'tcp', address: virtual, port }) as const;
  return [
    {
      what: 'VS/NAT as it should be',
      service: inner(82),
      destination: { address: servers['server-1'], port: PORT, forwarding: 'masquerade' },
      fault: 'none',
      check: 'finds nothing wrong with a good set-up',
      requests: 4,
    },
    {
      what: 'VS/NAT to a port where nobody listens',
      service: inner(83),
      destination: { address: servers['server-1'], port: broken ? 8080 : PORT, forwarding: 'masquerade' },
      fault: 'refused',
      check: 'explains the wrong port',
      requests: 4,
    },
    {
      what: 'VS/DR to a server that speaks of the virtual IP in ARP',
      service: { protocol: 'tcp', address: directVirtual, port: FAULTS_PORT },
      destination: { address: servers['server-3'], port: FAULTS_PORT, forwarding: 'direct' },
      fault: 'bypassed',
      check: 'explains the missing ARP recipe',
      requests: 4,
      ...(broken && { sabotage: letServerSpeak }),
    },
    {
      what: 'VS/NAT to a server without a way back',
      service: inner(84),
      destination: { address: servers['server-2'], port: PORT, forwarding: 'masquerade' },
      fault: 'no-way-back',
      check: 'explains the missing return route',
      requests: 1,
      ...(broken && { silent: true, sabotage: removeWayBack }),
    },
  ];
}

/**
 * Has the server announce the virtual IP. Which host answers the client's ARP request first would be a matter
 * of luck, but the client knows the director already. The server, which has forgotten the client, asks for
 * its address in the name of the one that it answers from, the virtual IP (arp_solicit in net/ipv4/arp.c).
 * The client thus always learns the server's Ethernet address for the virtual IP.
 */
async function letServerSpeak(network: Network): Promise<void> {
  await network.sysctl('server-3', {
    'net.ipv4.conf.all.arp_ignore': 0,
    'net.ipv4.conf.all.arp_announce': 0,
  });
  await network.run('server-3', 'ip', 'neighbour', 'flush', 'dev', 'public');
}

async function removeWayBack(network: Network): Promise<void> {
  await network.run('server-2', 'ip', 'route', 'del', 'default');
}

/** Sets all set-ups up beside one another. */
export async function addSetUps(ipvs: Ipvs, setUps: readonly SetUp[]): Promise<void> {
  await ipvs.flush();
  for (const { service, destination } of setUps) {
    await ipvs.addService({ ...service, scheduler: 'rr' });
    await ipvs.addDestination(service, destination);
  }
}

/** The URL of a set-up's service. */
export function urlOf({ service }: SetUp): string {
  return `http://${destinationKey(service)}/`;
}
