import { Ipvs, type ServiceId, type ServiceWithDestinations } from '../../../lib/index.ts';
import { waitForCounters } from '../hosts/estimator.ts';
import type { Network } from '../hosts/network.ts';
import { type Peer, type Reply, type Served, startPeer } from '../hosts/peer.ts';
import type { Lab, LabOptions } from '../lab.ts';
import { narrate } from '../report/narrate.ts';
import type { Check, Report } from '../report/report.ts';
import { type Frame, runLab, sendRequests } from '../run-lab.ts';

/** A real server of a lab. */
export interface WebServer {
  readonly name: string;
  /** The address that the director sends to. */
  readonly address: string;
}

/** The observations of a run. */
export interface WebObservation {
  readonly requests: number;
  readonly replies: readonly Reply[];
  readonly servers: readonly (WebServer & { readonly served: Served })[];
  /** The director's service after the traffic; undefined when it is absent. */
  readonly service: ServiceWithDestinations | undefined;
}

/** A set-up in which a client asks a virtual IP for pages, and its judgement. */
export interface WebLabPlan<Step extends string = string> extends Omit<Frame<Step>, 'deadline'> {
  readonly service: ServiceId & { readonly address: string; readonly port: number };
  readonly servers: readonly WebServer[];
  /** Sets up what is not IPVS's. */
  setUpHosts(network: Network, takes: (step: Step) => boolean): Promise<void>;
  /** Sets up IPVS, by the library alone. */
  setUpDirector(ipvs: Ipvs, takes: (step: Step) => boolean): Promise<void>;
  judge(observation: WebObservation): readonly Check[];
}

const DEADLINE = 240_000;
/** The number of unanswered requests in a row after which the rest is not sent. */
const GIVE_UP = 3;

/**
 * The lab of a set-up: hosts as network namespaces, the director by this library, requests, counters, a
 * verdict.
 */
export function webLab<Step extends string>(plan: WebLabPlan<Step>): Lab {
  const { title, about, proofs } = plan;
  return { title, about, proofs, run: options => runWebLab(plan, options) };
}

async function runWebLab<Step extends string>(
  lab: WebLabPlan<Step>,
  { brief = false, requestTimeout = 5000, ...options }: LabOptions,
): Promise<readonly Check[]> {
  // Each server gets the same number.
  const requests = lab.servers.length * (brief ? 2 : 5);
  return runLab({ ...lab, deadline: DEADLINE }, options, async ({ scope, report, network, takes }) => {
    const client = startPeer(scope, network, 'client');
    const peers = lab.servers.map(({ name }) => startPeer(scope, network, name));
    await Promise.all(peers.map(peer => peer.serve(lab.service.port)));
    report.step(
      `HTTP servers that answer with their names: ${lab.servers.map(({ name }) => name).join(', ')}`,
    );
    await lab.setUpHosts(network, takes);

    report.part('Director, by this library');
    const ipvs = new Ipvs({ netns: network.namespace('director'), timeout: 120_000 });
    scope.defer(() => ipvs.close());
    await lab.setUpDirector(narrate(ipvs, report), takes);
    report.table(await ipvs.info(), await ipvs.snapshot());

    const url = `http://${lab.service.address}:${lab.service.port}/`;
    report.part(`${requests} requests of the client to ${url}, a new connection each`);
    const sent = { url, count: requests, timeout: requestTimeout, giveUp: GIVE_UP };
    const replies = await sendRequests(client, sent, report);

    report.part('Counters');
    const answered = replies.filter(({ failure }) => failure === undefined).length;
    const find = async () => (await ipvs.snapshot()).find(({ address }) => address === lab.service.address);
    await waitForCounters(scope, report, async () => ((await find())?.stats.connections ?? 0) >= answered);
    report.table(await ipvs.info(), await ipvs.snapshot());
    const observation: WebObservation = {
      requests,
      replies,
      servers: await Promise.all(lab.servers.map(serverWith(peers, lab.service.port))),
      service: await find(),
    };
    const checks = lab.judge(observation);
    conclude(report, lab, observation, checks);
    return checks;
  });
}

function serverWith(peers: readonly Peer[], port: number) {
  return async (server: WebServer, i: number) => ({ ...server, served: await peers[i]!.served(port) });
}

function conclude(
  report: Report,
  { title }: { readonly title: string },
  { replies, servers, service }: WebObservation,
  checks: readonly Check[],
): void {
  report.bars(
    'Distribution, as the client saw it',
    servers.map(({ name }) => ({
      label: name,
      value: replies.filter(({ server }) => server === name).length,
    })),
  );
  report.part("The servers' own counts against IPVS's");
  report.figures(
    ['server', 'requests served', 'IPVS connections', 'packets in', 'packets out'],
    servers.map(({ name, address, served }) => {
      const { connections = 0, inPackets = 0, outPackets = 0 } = statsOf(service, address) ?? {};
      return [name, served.requests, connections, inPackets, outPackets];
    }),
  );
  report.verdict(title, checks);
}

function statsOf(service: ServiceWithDestinations | undefined, address: string) {
  return service?.destinations.find(destination => destination.address === address)?.stats;
}

/** The checks' names in proofs and verdicts. */
export const WebCheck = {
  answered: 'every request is answered',
  turns: 'rr gives each server its turn',
  counters: "IPVS's counters are the servers' own",
  bypassed: 'replies bypass the director',
  seen: 'servers see the client itself',
} as const;

/** Judges any set-up in which replies bypass the director and rr shares connections out. */
export function judgeBypassing(observation: WebObservation, client: string): readonly Check[] {
  const { requests, replies, servers, service } = observation;
  const good = replies.filter(({ failure }) => failure === undefined);
  const failure = replies.find(reply => reply.failure !== undefined)?.failure;
  const shares = servers.map(({ name }) => replies.filter(({ server }) => server === name).length);
  const pairs = servers.map(({ name, address, served }) => ({
    name,
    served: served.requests,
    counted: statsOf(service, address)?.connections ?? 0,
  }));
  const outPackets = service?.stats.outPackets ?? 0;
  const sources = [...new Set(good.map(reply => reply.client))];
  return [
    {
      what: WebCheck.answered,
      passed: good.length === requests,
      detail: `${good.length} of ${requests}${failure === undefined ? '' : `; first failure: ${failure}`}`,
    },
    {
      what: WebCheck.turns,
      passed: shares.every(share => share === requests / servers.length),
      detail: servers.map(({ name }, i) => `${name} ${shares[i]}`).join(', '),
    },
    {
      what: WebCheck.counters,
      passed: service !== undefined && pairs.every(({ served, counted }) => served > 0 && served === counted),
      detail: pairs.map(({ name, served, counted }) => `${name} ${counted} (served ${served})`).join(', '),
    },
    {
      what: WebCheck.bypassed,
      passed: good.length > 0 && outPackets === 0,
      detail: `${good.length} answers, ${outPackets} packets out through the director`,
    },
    {
      what: WebCheck.seen,
      passed: sources.length === 1 && sources[0] === client,
      detail: sources.length === 0 ? 'they saw nobody' : `they saw ${sources.join(', ')}`,
    },
  ];
}
