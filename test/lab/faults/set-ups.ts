import {
  type AddressServiceId,
  type DestinationSpec,
  destinationKey,
  type Ipvs,
} from '../../../lib/index.ts';
import type { Network } from '../hosts/network.ts';
import type { Fault } from './diagnose.ts';
import { directVirtual, FAULTS_PORT, PORT, servers, virtual } from './faults-hosts.ts';

/** A service that the client asks, and what is wrong with it. */
export interface SetUp {
  readonly what: string;
  readonly service: AddressServiceId;
  readonly destination: DestinationSpec;
  /** What is to be found. */
  readonly fault: Fault;
  /** What the check of it is called. */
  readonly check: string;
  readonly requests: number;
  /** Breaks what is not IPVS's. */
  readonly sabotage?: (network: Network) => Promise<void>;
  /** No answer is to come. */
  readonly silent?: boolean;
}

/**
 * The set-ups, each with a port of its own: they are there at the same time. When they are not to be broken,
 * none is.
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
 * Who answers the client's ARP request first, the director or the server, would be a matter of luck. But the
 * client knows the director already; and the server, which has forgotten the client, asks for it in the name
 * of the address that it is about to answer from: the virtual IP (arp_solicit in net/ipv4/arp.c). That always
 * tells the client another Ethernet address for it.
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

/** Sets all of them up beside one another. */
export async function addSetUps(ipvs: Ipvs, setUps: readonly SetUp[]): Promise<void> {
  await ipvs.flush();
  for (const { service, destination } of setUps) {
    await ipvs.addService({ ...service, scheduler: 'rr' });
    await ipvs.addDestination(service, destination);
  }
}

/** Where a client asks for a set-up's service. */
export function urlOf({ service }: SetUp): string {
  return `http://${destinationKey(service)}/`;
}
