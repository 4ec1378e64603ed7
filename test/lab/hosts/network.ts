import { existsSync } from 'node:fs';
import type { Report } from '../report/report.ts';
import { runProgram } from './program.ts';
import type { Scope } from './scope.ts';

/** One host's interface to a segment. */
export interface Attachment {
  readonly host: string;
  /** Addresses with prefix lengths, such as `10.100.10.1/24`. The first is the interface's primary one. */
  readonly addresses: readonly string[];
}

/** An Ethernet segment: two hosts on a cable, or more on a switch. */
export interface Segment {
  /** The name of the segment and of each host's interface to it. */
  readonly name: string;
  readonly members: readonly Attachment[];
}

/** Hosts, each a network namespace, and the segments between them. */
export interface Network {
  readonly hosts: readonly string[];
  /** The name of a host's network namespace. */
  namespace(host: string): string;
  /**
   * A program that runs a command on a host: it becomes the command that follows, under the same process id.
   */
  entrance(host: string): readonly [command: string, ...args: string[]];
  /** Runs a program on a host, shown in the report, and returns what it wrote. */
  run(host: string, command: string, ...args: readonly string[]): Promise<string>;
  /** Sets sysctls on a host, shown in the report. */
  sysctl(host: string, settings: Readonly<Record<string, string | number>>): Promise<void>;
  /**
   * Starts a host's kernel anew: in a fresh namespace that has nothing of the old one but its network cards
   * and addresses. All programs on the host must have ended.
   */
  reboot(host: string): Promise<void>;
}

const MAX_INTERFACE_NAME = 15;
/** The directory of named network namespaces. */
const DIRECTORY = '/run/netns';

let networks = 0;

/**
 * Makes the hosts of these segments, joins them, gives them their addresses, and removes it all with the
 * scope. Namespaces are named after this process, so that several labs may run at once.
 */
export async function createNetwork(
  scope: Scope,
  report: Report,
  segments: readonly Segment[],
): Promise<Network> {
  checkNames(segments);
  const prefix = `lab-${process.pid}-${++networks}`;
  const namespace = (host: string) => `${prefix}-${host}`;
  const hosts = [...new Set(segments.flatMap(({ members }) => members.map(({ host }) => host)))];
  const switched = segments.filter(({ members }) => members.length > 2);
  const switchName = (segment: Segment) => namespace(`switch-${segment.name}`);
  const names = [...hosts.map(namespace), ...switched.map(switchName)];

  scope.defer(() => removeNamespaces(names));
  const links = segments.flatMap(segment => linkCommands(segment, namespace, switchName(segment)));
  const { signal } = scope;
  await batch([], [...names.map(name => `netns add ${name}`), ...links], signal);
  const setUps = [
    ...hosts.map(host => batch(['-n', namespace(host)], hostCommands(host, segments), signal)),
    ...switched.map(segment => batch(['-n', switchName(segment)], switchCommands(segment), signal)),
  ];
  // All end before a failure of one is reported, as nothing may be at work when the undoing starts.
  for (const outcome of await Promise.allSettled(setUps)) {
    if (outcome.status === 'rejected') throw outcome.reason;
  }
  report.step(`${hosts.length} hosts, each a network namespace: ${hosts.join(', ')}`);

  // Not `ip netns exec`, which also mounts a /sys of the namespace: twice as slow, and unused here.
  const entrance = (host: string) => ['nsenter', `--net=${DIRECTORY}/${namespace(host)}`] as const;
  const onHost = (host: string, command: readonly string[]) => {
    const [program, ...args] = entrance(host);
    return runProgram(program, [...args, ...command], { signal });
  };
  return {
    hosts,
    namespace,
    entrance,
    run(host, command, ...args) {
      report.command(host, [command, ...args].join(' '));
      return onHost(host, [command, ...args]);
    },
    async sysctl(host, settings) {
      // Not by the program sysctl, which a minimal Debian lacks.
      const lines = Object.entries(settings).map(
        ([name, value]) => `echo ${value} >/proc/sys/${name.replaceAll('.', '/')}`,
      );
      for (const line of lines) report.command(host, line);
      await onHost(host, ['sh', '-ec', lines.join('\n')]);
    },
    async reboot(host) {
      report.command(host, 'reboot');
      const [name, shelf] = [namespace(host), namespace(`${host}-cards`)];
      scope.defer(() => removeNamespaces([shelf]));
      const cards = segments
        .filter(({ members }) => members.some(member => member.host === host))
        .map(segment => segment.name);
      const moveTo = (target: string) => cards.map(card => `link set ${card} netns ${target}`);
      // The cards move to another namespace, since the end of theirs would remove them and the other ends of
      // their cables.
      await batch([], [`netns add ${shelf}`], signal);
      await batch(['-n', name], moveTo(shelf), signal);
      await batch([], [`netns del ${name}`, `netns add ${name}`], signal);
      await batch(['-n', shelf], moveTo(name), signal);
      await batch(['-n', name], hostCommands(host, segments), signal);
      await batch([], [`netns del ${shelf}`], signal);
    },
  };
}

function checkNames(segments: readonly Segment[]): void {
  const names = segments.flatMap(({ name, members }) => [name, ...members.map(({ host }) => host)]);
  for (const name of names) {
    if (!/^[\w-]+$/.test(name) || name.length > MAX_INTERFACE_NAME) {
      throw new RangeError(`'${name}' cannot name an interface`);
    }
  }
}

/**
 * The commands that join a segment's members. Two get one cable, and more a switch: a bridge in a namespace
 * of its own, where no host's netfilter sees its frames.
 */
function linkCommands(
  segment: Segment,
  namespace: (host: string) => string,
  switchNamespace: string,
): string[] {
  const { name, members } = segment;
  const [first, second] = members;
  if (first === undefined || second === undefined) throw new RangeError(`segment ${name} joins nothing`);
  if (members.length === 2) {
    const end = `peer name ${name} netns ${namespace(second.host)}`;
    return [`link add name ${name} netns ${namespace(first.host)} type veth ${end}`];
  }
  return [
    `link add name ${name} netns ${switchNamespace} type bridge`,
    ...members.map(({ host }) => {
      const end = `peer name ${host} netns ${switchNamespace}`;
      return `link add name ${name} netns ${namespace(host)} type veth ${end}`;
    }),
  ];
}

function switchCommands({ name, members }: Segment): string[] {
  return [`link set ${name} up`, ...members.map(({ host }) => `link set ${host} master ${name} up`)];
}

function hostCommands(host: string, segments: readonly Segment[]): string[] {
  return [
    // Loopback comes before the first address: IPVS refuses destinations in a namespace where it is down.
    'link set lo up',
    ...segments.flatMap(({ name, members }) =>
      members
        .filter(member => member.host === host)
        .flatMap(({ addresses }) => [
          ...addresses.map(address => {
            // Duplicate address detection would leave an IPv6 address unusable for a second or more.
            return `address add ${address} dev ${name}${address.includes(':') ? ' nodad' : ''}`;
          }),
          `link set ${name} up`,
        ]),
    ),
  ];
}

/** Runs many commands of `ip` in one process, since starting processes takes long on an emulated machine. */
async function batch(args: readonly string[], commands: readonly string[], signal: AbortSignal) {
  const input = commands.map(command => `${command}\n`).join('');
  try {
    await runProgram('ip', [...args, '-batch', '-'], { input, signal });
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${input}`, { cause: error });
  }
}

async function removeNamespaces(names: readonly string[]): Promise<void> {
  // Some namespaces may not have been made. The scope's signal is not used here: it may have ended the lab.
  const made = names.filter(name => existsSync(`${DIRECTORY}/${name}`));
  if (made.length === 0) return;
  const input = made.map(name => `netns del ${name}\n`).join('');
  await runProgram('ip', ['-force', '-batch', '-'], { input });
}
