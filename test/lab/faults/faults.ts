import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, destinationKey, Ipvs } from '../../../lib/index.ts';
import { waitForCounters } from '../hosts/estimator.ts';
import type { Network } from '../hosts/network.ts';
import { type Peer, type Reply, startPeer } from '../hosts/peer.ts';
import type { Scope } from '../hosts/scope.ts';
import type { Lab } from '../lab.ts';
import { narrate } from '../report/narrate.ts';
import type { Check, Report } from '../report/report.ts';
import { runLab } from '../run-lab.ts';
import { BootCheck, judgeBoot, type Life, restoreTable, saveTable, setUpTable, urls } from './boot.ts';
import { diagnose, type Evidence } from './diagnose.ts';
import {
  diagram,
  FAULTS_PORT,
  PORT,
  segments,
  serverNames,
  setUpServers,
  startDirector,
} from './faults-hosts.ts';
import { addSetUps, planSetUps, type SetUp, urlOf } from './set-ups.ts';

const title = 'Boot and faults: a table that outlives a reboot, and what tells what is wrong';
const about =
  'The director’s table is saved as rules, the director reboots, and the rules bring its table back. Then three set-ups are broken on purpose: connections, counters and what the client got tell in which way.';

const proofs = {
  restore: [BootCheck.same, BootCheck.after],
  faults: planSetUps(true)
    .filter(({ fault }) => fault !== 'none')
    .map(({ check }) => check),
} as const satisfies Lab['proofs'];

const frame = {
  title,
  about,
  diagram,
  proofs,
  deadline: 240_000,
  programs: [],
  modules: ['ip_vs_rr', 'ip_vs_wrr', 'ip_vs_sh'],
  segments,
} as const;

/** Milliseconds for an answer that is to come, or for the refusal by a director without the service. */
const PATIENCE = 20_000;
/** Milliseconds for an answer that is not to come. */
const VAIN = 2000;

/** The client, and where its requests are reported. */
interface Asking {
  readonly peer: Peer;
  readonly report: Report;
}

/** The lab of saved rules and of faults that are found. */
export const faults: Lab = {
  title,
  about,
  proofs,
  run({ brief = false, ...options }) {
    return runLab(frame, options, async ({ scope, report, network, takes }) => {
      await setUpServers(network);
      await startDirector(network);
      const asking = { peer: await startPeers(scope, network, report), report };
      const boot = await runBoot(scope, network, asking, takes('restore'), brief ? 3 : 9);
      const found = await runFaults(scope, network, asking, planSetUps(takes('faults')));
      const checks = [...boot, ...found];
      report.verdict(title, checks);
      return checks;
    });
  },
};

async function startPeers(scope: Scope, network: Network, report: Report): Promise<Peer> {
  const client = startPeer(scope, network, 'client');
  await Promise.all(
    serverNames.map(async name => {
      const peer = startPeer(scope, network, name);
      for (const port of [PORT, FAULTS_PORT]) await peer.serve(port);
    }),
  );
  report.step(`HTTP servers that answer with their names: ${serverNames.join(', ')}`);
  return client;
}

/** Runs the director before and after a reboot. */
async function runBoot(
  scope: Scope,
  network: Network,
  asking: Asking,
  restore: boolean,
  requests: number,
): Promise<readonly Check[]> {
  const { report } = asking;
  const directory = await mkdtemp(join(tmpdir(), 'ipvs-rules-'));
  scope.defer(() => rm(directory, { recursive: true }));
  const file = join(directory, 'rules');

  report.part('Director, by this library');
  const first = openDirector(scope, network);
  await setUpTable(narrate(first, report));
  const before = await live(first, asking, requests);
  report.part('The table, saved as rules');
  await saveTable(first, file, report);
  // An open client would keep the old namespace alive.
  await first.close();

  report.part('The director reboots');
  await network.reboot('director');
  await startDirector(network);
  const second = openDirector(scope, network);
  const empty = await second.snapshot();
  report.table(await second.info(), empty);
  if (restore) {
    report.part('The rules, read and applied by this library');
    await restoreTable(narrate(second, report), file);
  }
  const after = await live(second, asking, requests);
  await second.close();
  return judgeBoot(before, empty, after);
}

/** Opens a client with a longer timeout than five seconds, which may be short for a busy emulated machine. */
function openDirector(scope: Scope, network: Network): Ipvs {
  const ipvs = new Ipvs({ netns: network.namespace('director'), timeout: 120_000 });
  scope.defer(() => ipvs.close());
  return ipvs;
}

async function live(ipvs: Ipvs, asking: Asking, requests: number): Promise<Life> {
  const table = await ipvs.snapshot();
  asking.report.table(await ipvs.info(), table);
  return {
    table,
    nat: await ask(asking, urls.nat, requests, PATIENCE),
    direct: await ask(asking, urls.direct, requests, PATIENCE),
  };
}

async function ask({ peer, report }: Asking, url: string, requests: number, timeout: number) {
  report.part(`${requests} ${requests === 1 ? 'request' : 'requests'} of the client to ${url}`);
  const replies: Reply[] = [];
  for (let number = 1; number <= requests; number++) {
    const reply = await peer.get(url, { timeout });
    replies.push(reply);
    report.reply(number, requests, reply);
  }
  return replies;
}

/** Runs set-ups beside one another, most of them broken, and diagnoses each. */
async function runFaults(
  scope: Scope,
  network: Network,
  asking: Asking,
  setUps: readonly SetUp[],
): Promise<readonly Check[]> {
  const { report } = asking;
  report.part('One good set-up and three that are broken on purpose');
  const ipvs = openDirector(scope, network);
  await addSetUps(narrate(ipvs, report), setUps);
  for (const { sabotage } of setUps) await sabotage?.(network);
  report.table(await ipvs.info(), await ipvs.snapshot());

  const asked: Omit<Evidence, 'service'>[] = [];
  for (const setUp of setUps) {
    const replies = await ask(asking, urlOf(setUp), setUp.requests, setUp.silent === true ? VAIN : PATIENCE);
    asked.push({ replies, connections: await connectionsOf(ipvs, setUp) });
  }

  report.part('Counters');
  const find = async ({ service }: SetUp) => {
    const key = destinationKey(service);
    return (await ipvs.snapshot()).find(({ address, port }) => {
      return address !== undefined && destinationKey({ address, port }) === key;
    });
  };
  await waitForCounters(scope, report, async () => {
    const counted = await Promise.all(setUps.map(find));
    // The director never counts requests that bypass it.
    return setUps.every((setUp, i) => {
      const bypassed = setUp.fault === 'bypassed' && setUp.sabotage !== undefined;
      return bypassed || counted[i]?.stats.connections === setUp.requests;
    });
  });
  const checks: Check[] = [];
  for (const [i, setUp] of setUps.entries()) {
    const evidence: Evidence = { ...asked[i]!, service: await find(setUp) };
    checks.push(examine(report, setUp, evidence));
  }
  return checks;
}

async function connectionsOf(ipvs: Ipvs, { service }: SetUp): Promise<Connection[]> {
  const key = destinationKey(service);
  const found: Connection[] = [];
  for await (const connection of ipvs.connections()) {
    if (connection.protocol === 'tcp' && destinationKey(connection.virtual) === key) found.push(connection);
  }
  return found;
}

function examine(report: Report, setUp: SetUp, evidence: Evidence): Check {
  const { replies, service, connections } = evidence;
  const { fault, words } = diagnose(evidence);
  report.part(setUp.what);
  const { connections: counted = 0, inPackets = 0, outPackets = 0 } = service?.stats ?? {};
  const answered = replies.filter(({ failure }) => failure === undefined).length;
  const states = [...new Set(connections.map(({ state }) => state))].join(', ');
  report.figures(
    ['requests', 'answered', 'IPVS connections', 'packets in', 'packets out', 'states'],
    [[replies.length, answered, counted, inPackets, outPackets, states]],
  );
  report.step(words);
  return {
    what: setUp.check,
    passed: fault === setUp.fault,
    detail: `found '${fault}'; ${answered} of ${replies.length} answered, packets in ${inPackets}, out ${outPackets}`,
  };
}
