import { setTimeout as sleep } from 'node:timers/promises';
import type { DestinationId, Ipvs, ServiceId } from '../../../lib/index.ts';
import type { Held, Peer, Served } from '../hosts/peer.ts';
import type { Scope } from '../hosts/scope.ts';
import type { Report } from '../report/report.ts';
import { servers, virtual, WEB } from './hosts.ts';
import type { Scheduler, SchedulerStep } from './scheduler.ts';

/** The ends of a connection to be opened. */
export interface Question {
  /** The client's address. Default: its first one. */
  readonly from?: string | undefined;
  /** The address asked for. Default: the virtual IP. */
  readonly to?: string | undefined;
}

/** The name of the server that a connection went to; undefined when no server answered. */
export type Answer = string | undefined;

/** One scheduler's service, and the traffic to it. */
export interface Trial {
  readonly report: Report;
  /** The number of repetitions of traffic that is only more to look at. */
  readonly rounds: number;
  takes(step: SchedulerStep): boolean;
  /** Opens connections one after the other, since their order matters, and closes each. */
  inTurn(questions: readonly Question[]): Promise<readonly Answer[]>;
  /** Opens connections, several at a time, and closes each. */
  atOnce(questions: readonly Question[]): Promise<readonly Answer[]>;
  /** Opens connections one after the other and keeps them open. */
  hold(questions: readonly Question[]): Promise<readonly Answer[]>;
  /** Closes a server's connections that were kept open, and waits until IPVS knows. */
  release(server: string): Promise<void>;
  setWeight(server: string, weight: number): Promise<void>;
  remove(server: string): Promise<void>;
  /** Shows the number of these connections of each server. */
  chart(answers: readonly Answer[]): void;
}

/** A trial with its results. */
export interface RecordedTrial extends Trial {
  readonly service: ServiceId;
  /** A server as this service's destination. */
  destination(server: string): DestinationId;
  /** The number of connections that were opened. */
  asked(): number;
  /** The number of connections of each server, by name. */
  answered(): ReadonlyMap<string, number>;
  /** The servers' own counts, in their order. */
  served(): Promise<readonly Served[]>;
}

/** The stage of a trial. */
export interface Stage {
  readonly scope: Scope;
  readonly report: Report;
  readonly client: Peer;
  /** The servers' processes in their order. */
  readonly peers: readonly Peer[];
  /** The director's client, and the same client with its calls reported. */
  readonly ipvs: Ipvs;
  readonly narrated: Ipvs;
  readonly rounds: number;
  takes(step: SchedulerStep): boolean;
}

/** The number of requests at a time. All hosts are one machine, often an emulated one. */
const AT_ONCE = 4;
/**
 * Milliseconds for an answer, and for a connection's end to reach IPVS. Both come, whatever step is left out.
 */
const PATIENCE = 20_000;
const STEP = 20;

/** A list of one question repeated. */
export function times(count: number, question: Question = {}): readonly Question[] {
  return Array.from({ length: count }, () => question);
}

/** The number of these connections of each server. */
export function tally(answers: readonly Answer[]): readonly number[] {
  return servers.map(({ name }) => answers.filter(answer => answer === name).length);
}

/** The numbers of the servers in the order of their answers, as text. */
export function inOrder(answers: readonly Answer[]): string {
  return answers.map(answer => answer?.replace('server-', '') ?? '?').join(' ');
}

/**
 * Sets up a scheduler's service, on a port or with a mark of its own, so that none knows the connections of
 * another. The servers' port is its own too: there two connections of a client from one port, which went to
 * different services, would be one and the same.
 */
export async function startTrial(stage: Stage, scheduler: Scheduler, number: number): Promise<RecordedTrial> {
  const { scope, report, client, peers, ipvs, narrated, takes } = stage;
  const { name, sites, weights } = scheduler;
  const ownPort = 8000 + number;
  const port = sites === undefined ? ownPort : WEB;
  const service =
    sites === undefined
      ? ({ protocol: 'tcp', address: virtual, port } as const)
      : ({ fwmark: number, family: 'ipv4' } as const);
  const destination = (server: string): DestinationId => ({
    address: servers.find(({ name }) => name === server)!.address,
    port: ownPort,
  });
  await Promise.all(peers.map(peer => peer.serve(ownPort)));
  await narrated.addService({ ...service, scheduler: name });
  for (const [i, weight] of weights.entries()) {
    const spec = { ...destination(servers[i]!.name), weight: takes('weights') ? weight : 1 };
    await narrated.addDestination(service, { ...spec, forwarding: 'masquerade' });
  }

  const answered = new Map<string, number>();
  const held: Held[] = [];
  let asked = 0;

  async function open(how: 'get' | 'hold', { from, to = virtual }: Question): Promise<Answer> {
    asked++;
    const options = { timeout: PATIENCE, from };
    const reply = await client[how](`http://${to}:${port}/`, options);
    if ('connection' in reply) held.push(reply as Held);
    if (reply.server === undefined) report.reply(asked, asked, reply);
    else answered.set(reply.server, (answered.get(reply.server) ?? 0) + 1);
    return reply.server;
  }

  /** Opens connections in groups, and stops when one is not answered. */
  async function openAll(
    what: string,
    questions: readonly Question[],
    size: number,
    openOne: (question: Question) => Promise<Answer>,
  ): Promise<readonly Answer[]> {
    const progress = report.progress(`${counted(questions.length)}${what}`);
    const answers: Answer[] = [];
    while (answers.length < questions.length && !answers.includes(undefined)) {
      const group = questions.slice(answers.length, answers.length + size);
      answers.push(...(await Promise.all(group.map(openOne))));
      progress.tick();
    }
    progress.done(size === 1 ? `server ${inOrder(answers)}` : `each server: ${tally(answers).join(', ')}`);
    return answers;
  }

  async function waitUntilClosed(server?: string): Promise<void> {
    const end = performance.now() + PATIENCE;
    for (;;) {
      const address = server === undefined ? undefined : destination(server).address;
      const open = (await ipvs.destinations(service)).filter(
        found => found.activeConnections > 0 && (address === undefined || found.address === address),
      );
      if (open.length === 0) return;
      if (performance.now() > end) throw new Error(`${open[0]!.address} still has connections`);
      await sleep(STEP, undefined, { signal: scope.signal });
    }
  }

  async function release(server?: string): Promise<void> {
    const ending = held.filter(reply => server === undefined || reply.server === server);
    await client.release(ending);
    await waitUntilClosed(server);
  }

  return {
    report,
    rounds: stage.rounds,
    takes,
    service,
    destination,
    asked: () => asked,
    answered: () => answered,
    served: () => Promise.all(peers.map(peer => peer.served(ownPort))),
    inTurn: questions => openAll(', one after the other', questions, 1, question => open('get', question)),
    atOnce: questions =>
      openAll(`, ${AT_ONCE} at a time`, questions, AT_ONCE, question => open('get', question)),
    hold: questions =>
      openAll(', kept open', questions, 1, async question => {
        const answer = await open('hold', question);
        if (!takes('held-connections')) await release();
        return answer;
      }),
    async release(server) {
      await release(server);
      report.step(`${server}'s connections are closed`);
    },
    setWeight: (server, weight) => narrated.updateDestination(service, destination(server), { weight }),
    remove: server => narrated.removeDestination(service, destination(server)),
    chart(answers) {
      const values = tally(answers);
      report.bars(
        `${name}: ${counted(answers.length)}`,
        servers.map((server, i) => ({ label: server.name, value: values[i]! })),
      );
    },
  };
}

function counted(connections: number): string {
  return connections === 1 ? '1 connection' : `${connections} connections`;
}
