import { destinationKey } from '../../../lib/index.ts';
import type { Reply } from '../hosts/peer.ts';
import type { Check } from '../report/report.ts';
import type { NatObservation } from './nat.ts';
import { natAddresses } from './nat-addresses.ts';

/** The checks' names. */
export const NatCheck = {
  answered: 'every request is answered',
  turns: 'rr gives each server every second connection',
  counters: "IPVS's counters are the servers' own",
  through: 'replies pass through the director',
  hidden: `servers see the director's address ${natAddresses.gateway} as their client`,
  outward: `servers get out with the director's address ${natAddresses.virtual}`,
} as const;

/** Judges the observations of VS/NAT with scheduler rr. */
export function judgeNat(observation: NatObservation): Check[] {
  return [
    everyRequestAnswered(observation),
    serversTakeTurns(observation),
    countersAgree(observation),
    repliesPassThrough(observation),
    clientsHidden(observation),
    serversGetOut(observation),
  ];
}

function everyRequestAnswered({ requests, replies }: NatObservation): Check {
  const answered = replies.filter(({ failure }) => failure === undefined).length;
  const failure = replies.find(reply => reply.failure !== undefined)?.failure;
  return {
    what: NatCheck.answered,
    passed: answered === requests,
    detail: `${answered} of ${requests}${failure === undefined ? '' : `; first failure: ${failure}`}`,
  };
}

function serversTakeTurns({ requests, replies, servers }: NatObservation): Check {
  const order = replies.map(({ server }) => server).filter(server => server !== undefined);
  const counts = servers.map(({ name }) => order.filter(server => server === name).length);
  const inTurn = order.every((server, i) => i === 0 || server !== order[i - 1]);
  const equal = counts.every(count => count === requests / servers.length);
  const shares = servers.map(({ name }, i) => `${name} ${counts[i]}`).join(', ');
  return {
    what: NatCheck.turns,
    passed: equal && inTurn,
    detail: `${shares}${inTurn ? '' : ', not in turn'}`,
  };
}

/** Checks that the kernel's numbers equal those of the servers, and add up. */
function countersAgree({ replies, servers, service, totalConnections }: NatObservation): Check {
  const what = NatCheck.counters;
  if (service === undefined) return { what, passed: false, detail: 'the service is gone' };
  const pairs = servers.map(({ name, key, served }) => {
    const destination = service.destinations.find(found => destinationKey(found) === key);
    return { name, served, counted: destination?.stats.connections ?? 0 };
  });
  const agree = pairs.every(
    ({ served, counted }) => counted === served.requests && counted === served.connections,
  );
  const sum = pairs.reduce((total, { counted }) => total + counted, 0);
  const { connections } = service.stats;
  const addUp = sum === replies.length && connections === sum && totalConnections === sum;
  const each = pairs.map(({ name, served, counted }) => `${name} ${counted} (served ${served.requests})`);
  return {
    what,
    passed: agree && addUp,
    detail: `${each.join(', ')}; service ${connections}, director ${totalConnections}, sent ${replies.length}`,
  };
}

function repliesPassThrough({ service }: NatObservation): Check {
  const packets = service?.stats.outPackets ?? 0;
  return {
    what: NatCheck.through,
    passed: packets > 0,
    detail: `${packets} packets out`,
  };
}

function clientsHidden({ replies }: NatObservation): Check {
  const sources = [...new Set(replies.map(({ client }) => client).filter(client => client !== undefined))];
  return {
    what: NatCheck.hidden,
    passed: sources.length === 1 && sources[0] === natAddresses.gateway,
    detail: sources.length === 0 ? 'they saw nobody' : `they saw ${sources.join(', ')}`,
  };
}

function serversGetOut({ outward }: NatObservation): Check {
  return {
    what: NatCheck.outward,
    passed: outward.client === natAddresses.virtual,
    detail: describe(outward),
  };
}

function describe(reply: Reply): string {
  return reply.failure ?? `the client saw ${reply.client}`;
}
