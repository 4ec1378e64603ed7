import { afterAll, beforeAll, expect } from 'vitest';
import { type DaemonRole, destinationKey, type Ipvs, parseRules, serviceKey } from '../../lib/index.ts';
import { runCommand as ipvs, type Outcome } from '../support/run-command.ts';
import { type Aspect, type Case, type Scene, scenes, split } from './cli-cases.ts';
import { type NetnsShell, startShell } from './netns-shell.ts';
import { type Bed, run, useBed } from './support.ts';

/** Two network namespaces, one for ipvsadm and one for our command, which are to do the same in theirs. */
export interface CliBeds {
  readonly theirs: Bed;
  readonly ours: Bed;
  /** Runs ipvsadm in its namespace. */
  ipvsadm(words: readonly string[], input?: string): Promise<Outcome>;
}

/** Makes both namespaces for a test file. Call it once, at the top of the file. */
export function useCliBeds(): CliBeds {
  const theirs = useBed();
  const ours = useBed();
  let shell: NetnsShell;
  beforeAll(() => {
    // ipvsadm would have the kernel load these while it holds IPVS' lock, which can lock it up for good where other
    // files remove namespaces meanwhile (native/netlink/modules.h).
    run('modprobe', '-a', 'ip_vs_lblc', 'ip_vs_lblcr');
    for (const bed of [theirs, ours]) {
      bed.run('ip', 'link', 'add', 'dummy0', 'type', 'dummy');
      bed.run('ip', 'address', 'add', '10.200.0.1/24', 'dev', 'dummy0');
      bed.run('ip', 'link', 'set', 'dummy0', 'up', 'multicast', 'on');
    }
    shell = startShell(theirs.netns);
  });
  afterAll(() => shell.end());
  return { theirs, ours, ipvsadm: (words, input) => shell.run(['ipvsadm', ...words], input) };
}

/** The state that a command can change, in one order. */
export async function stateOf(client: Ipvs) {
  const [table, timeouts, daemons] = await Promise.all([
    client.snapshot(),
    client.timeouts(),
    client.daemons(),
  ]);
  const services = table.map(service => {
    const destinations = service.destinations.toSorted((a, b) =>
      destinationKey(a) < destinationKey(b) ? -1 : 1,
    );
    return { key: serviceKey(service), service: { ...service, destinations } };
  });
  return { services: services.sort((a, b) => (a.key < b.key ? -1 : 1)), timeouts, daemons };
}

export type State = Awaited<ReturnType<typeof stateOf>>;

const tables = Object.fromEntries(
  Object.entries(scenes).map(([scene, text]) => [scene, parseRules(text)]),
) as Record<Scene, ReturnType<typeof parseRules>>;

/** Replaces the table by a scene, and ends daemons. */
export async function setUp(client: Ipvs, scene: Scene): Promise<void> {
  const calls: Promise<unknown>[] = [client.flush(), client.setTimeouts({ tcp: 900, tcpFin: 120, udp: 300 })];
  for (const { destinations, ...service } of tables[scene]) {
    calls.push(client.addService(service));
    for (const destination of destinations) calls.push(client.addDestination(service, destination));
  }
  for (const { role } of await client.daemons()) calls.push(client.stopDaemon(role as DaemonRole));
  await Promise.all(calls);
}

/** Restores a state. Only what differs is touched, since some kernels take long to flush. */
export async function restore(client: Ipvs, now: State, before: State): Promise<void> {
  const texts = (state: State) => new Map(state.services.map(one => [one.key, JSON.stringify(one)]));
  const [present, wanted] = [texts(now), texts(before)];
  const differs = ({ key }: { readonly key: string }) => present.get(key) !== wanted.get(key);
  const calls: Promise<unknown>[] = now.services
    .filter(differs)
    .map(({ service }) => client.removeService(service));
  for (const { service } of before.services.filter(differs)) {
    calls.push(client.addService(service));
    for (const destination of service.destinations) calls.push(client.addDestination(service, destination));
  }
  for (const { role } of now.daemons) calls.push(client.stopDaemon(role));
  calls.push(client.setTimeouts(before.timeouts));
  await Promise.all(calls);
}

/** Whether a case only lists, so that both programs may look at the same table. */
export function onlyReads({ words }: Case): boolean {
  return /^(-[lLS]|--list|--save|-n[LlS])/.test(words);
}

/** Runs each case by both programs; fails with a list of those in which they differ and should not. */
export async function compareCases(
  { theirs, ours, ipvsadm }: CliBeds,
  cases: readonly Case[],
): Promise<void> {
  const wrong: string[] = [];
  let scene: Scene | undefined;
  let start: State | undefined;
  let before = '';
  const started = Date.now();
  for (const [i, one] of cases.entries()) {
    const words = split(one.words);
    if (one.scene !== scene) {
      await Promise.all([setUp(theirs.ipvs, one.scene), setUp(ours.ipvs, one.scene)]);
      scene = one.scene;
      start = await stateOf(theirs.ipvs);
      before = JSON.stringify(start);
    }
    const [them, us] = await Promise.all([
      ipvsadm(words, one.input),
      ipvs(words, onlyReads(one) ? theirs.netns : ours.netns, one.input),
    ]);
    // Whether lists change nothing is looked at once, after several in a row.
    const next = cases[i + 1];
    const goesOn = onlyReads(one) && next !== undefined && onlyReads(next) && next.scene === scene;
    const states = goesOn
      ? ([start!, start!] as const)
      : await Promise.all([stateOf(theirs.ipvs), stateOf(ours.ipvs)]);
    const [theirState, ourState] = states.map(state => JSON.stringify(state));
    if (theirState !== before) await restore(theirs.ipvs, states[0], start!);
    if (ourState !== before) await restore(ours.ipvs, states[1], start!);
    const found: Aspect[] = [];
    if (them.status !== us.status) found.push('status');
    if (theirState !== ourState) found.push('state');
    if (them.stdout !== us.stdout) found.push('stdout');
    if (found.join() !== (one.differs?.in ?? []).join()) {
      wrong.push(
        `${one.words}${one.input === undefined ? '' : ` <<< ${JSON.stringify(one.input)}`}: differ in ${found.join(', ') || 'nothing'}
  ipvsadm ${them.status} ${theirState === before ? 'unchanged' : 'changed'} ${them.stderr.slice(0, 150)}${them.stdout.slice(0, 900)}
  ours    ${us.status} ${ourState === before ? 'unchanged' : 'changed'} ${us.stderr.slice(0, 200)}${us.stdout.slice(0, 900)}`,
      );
    }
  }
  console.log(
    `${cases.length} invocations compared with ipvsadm's, ${cases.filter(one => one.differs).length} of which differ on purpose, in ${((Date.now() - started) / 1000).toFixed(0)} s`,
  );
  expect(wrong.join('\n')).toBe('');
}
