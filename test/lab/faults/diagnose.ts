import {
  type Connection,
  type Destination,
  destinationKey,
  type ServiceWithDestinations,
} from '../../../lib/index.ts';
import type { Reply } from '../hosts/peer.ts';

/** The evidence about a service that clients have asked. */
export interface Evidence {
  /** The replies to requests, each over a connection of its own. */
  readonly replies: readonly Reply[];
  /**
   * The service with its counters, read when the kernel had refreshed them; undefined when the director has
   * none.
   */
  readonly service: ServiceWithDestinations | undefined;
  /**
   * The service's connections, read right after the requests: the kernel forgets one in state CLOSE after 10
   * s.
   */
  readonly connections: readonly Connection[];
}

/** The possible faults of a service. */
export type Fault =
  | 'none'
  | 'no-service'
  | 'no-server'
  | 'unreached'
  | 'bypassed'
  | 'refused'
  | 'no-way-back'
  | 'not-taken'
  | 'unknown';

/** A fault, and its explanation in words. */
export interface Diagnosis {
  readonly fault: Fault;
  readonly words: string;
}

/** Finds a service's fault from the evidence of its director and its clients. */
export function diagnose({ replies, service, connections }: Evidence): Diagnosis {
  if (service === undefined) {
    return say('no-service', 'The director has no such service. Was its table restored after its start?');
  }
  const answered = replies.filter(({ failure }) => failure === undefined).length;
  const { stats, destinations } = service;
  if (answered > stats.connections) {
    return say(
      'bypassed',
      `${answered} requests were answered, but the director saw ${stats.connections}: clients reach a server by themselves. A server that has the virtual IP and speaks of it in ARP draws them to itself. Are arp_ignore and arp_announce set there?`,
    );
  }
  if (answered === replies.length) {
    return say(
      'none',
      `Nothing is wrong: every request was answered (${answered}), and the director saw them all.`,
    );
  }
  if (destinations.every(({ weight }) => weight === 0)) {
    return say('no-server', 'No server takes new connections: there is none with a weight above 0.');
  }
  if (stats.inPackets === 0) {
    return say(
      'unreached',
      'No packet came to the director. Has it the virtual IP, and do the clients have a route to it?',
    );
  }
  for (const destination of destinations) {
    const states = connections.filter(goesTo(destination)).map(({ state }) => state);
    const diagnosis = states.length === 0 ? undefined : diagnoseServer(destination, states);
    if (diagnosis !== undefined) return diagnosis;
  }
  return say(
    'unknown',
    `${replies.length - answered} requests failed, and neither counters nor states tell why.`,
  );
}

/** The diagnosis of a server by the states of all its connections. */
function diagnoseServer(destination: Destination, states: readonly string[]): Diagnosis | undefined {
  const server = destinationKey(destination);
  const { inPackets, outPackets } = destination.stats;
  if (states.every(state => state === 'CLOSE')) {
    return say(
      'refused',
      `${server} answers, and what it says is no: its connections are in state CLOSE. Does its program listen at this port?`,
    );
  }
  // A director that rewrites nothing never sees answers: it knows only the client's side of a connection.
  if (!states.every(state => state === 'SYN_RECV')) return undefined;
  if (destination.forwarding !== 'masquerade') {
    return say(
      'not-taken',
      `Packets go to ${server} (${inPackets}), but no client goes on after its first. Has the server the virtual IP, so that it takes them for its own?`,
    );
  }
  if (outPackets > 0) return undefined;
  return say(
    'no-way-back',
    `Packets come in for ${server} (${inPackets}) and none go out: its answers do not come back through the director. Is the director its default gateway?`,
  );
}

function say(fault: Fault, words: string): Diagnosis {
  return { fault, words };
}

function goesTo(destination: Destination): (connection: Connection) => boolean {
  const key = destinationKey(destination);
  return connection => destinationKey(connection.destination) === key;
}
