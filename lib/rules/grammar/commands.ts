import type { Argument, Group, OptionName } from './options.ts';

const role: Argument = { kind: 'choice', name: 'role', choices: ['master', 'backup'] };

/** A command as it is read, explained and completed. */
export interface CommandRule {
  readonly short?: string;
  /** ipvsadm's second letter for the same. */
  readonly alias?: string;
  readonly argument?: Argument;
  /** Bare words that follow. */
  readonly words?: readonly string[];
  readonly takes: readonly OptionName[];
  /** Groups and options that must be there. */
  readonly needs?: readonly (Group | OptionName)[];
  /** Only one of these; a group is written as its first option. */
  readonly oneOf?: readonly OptionName[];
  readonly help: string;
  readonly example: string;
}

const service = [
  'tcp-service',
  'udp-service',
  'sctp-service',
  'fwmark-service',
  'ipv6',
  'ip-service',
] as const satisfies readonly OptionName[];
const scheduling = [
  'scheduler',
  'sched-flags',
  'persistent',
  'netmask',
  'pe',
  'ops',
  'dormant',
  'as-is',
] as const satisfies readonly OptionName[];
const forwarding = [
  'real-server',
  'gatewaying',
  'ipip',
  'masquerading',
  'weight',
  'u-threshold',
  'l-threshold',
  'tun-type',
  'tun-port',
  'tun-nocsum',
  'tun-csum',
  'tun-remcsum',
  'forwarding',
  'tun-flags',
  'as-is',
] as const satisfies readonly OptionName[];

/** Every command of ipvsadm 1.31 by its long name. The first option of a line is its command. */
export const commands = {
  'add-service': {
    short: 'A',
    takes: [...service, ...scheduling],
    needs: ['virtual service'],
    help: 'add a virtual service',
    example: '-A -t 10.100.10.101:80 -s wrr -p 300',
  },
  'edit-service': {
    short: 'E',
    takes: [...service, ...scheduling],
    needs: ['virtual service'],
    help: 'change a virtual service; what is not named goes back to its default',
    example: '-E -t 10.100.10.101:80 -s sh -b sh-port',
  },
  'delete-service': {
    short: 'D',
    takes: service,
    needs: ['virtual service'],
    help: 'remove a virtual service with its destinations',
    example: '-D -t 10.100.10.101:80',
  },
  'add-server': {
    short: 'a',
    takes: [...service, ...forwarding],
    needs: ['virtual service', 'real-server'],
    help: 'add a destination (real server) to a service',
    example: '-a -t 10.100.10.101:80 -r 172.16.120.11:8080 -m -w 5',
  },
  'edit-server': {
    short: 'e',
    takes: [...service, ...forwarding],
    needs: ['virtual service', 'real-server'],
    help: 'change a destination; what is not named goes back to its default',
    example: '-e -t 10.100.10.101:80 -r 172.16.120.11:8080 -m -w 0',
  },
  'delete-server': {
    short: 'd',
    takes: [...service, 'real-server'],
    needs: ['virtual service', 'real-server'],
    help: 'remove a destination from a service',
    example: '-d -t 10.100.10.101:80 -r 172.16.120.11:8080',
  },
  clear: { short: 'C', takes: [], help: 'remove all services', example: '-C' },
  list: {
    short: 'L',
    alias: 'l',
    takes: [
      ...service,
      'numeric',
      'connection',
      'timeout',
      'daemon',
      'stats',
      'rate',
      'exact',
      'thresholds',
      'persistent-conn',
      'tun-info',
      'nosort',
      'sort',
    ],
    oneOf: ['tcp-service', 'connection', 'timeout', 'daemon'],
    help: 'list the table, one service, connections, timeouts or daemons',
    example: '-L -n --stats',
  },
  zero: {
    short: 'Z',
    takes: service,
    help: 'zero the counters of one service or of everything',
    example: '-Z -t 10.100.10.101:80',
  },
  set: {
    words: ['tcp', 'tcpfin', 'udp'],
    takes: [],
    help: 'set connections’ timeouts in seconds; 0 keeps one',
    example: '--set 900 120 300',
  },
  'start-daemon': {
    argument: role,
    takes: ['syncid', 'sync-maxlen', 'mcast-interface', 'mcast-group', 'mcast-port', 'mcast-ttl'],
    help: 'start a sync daemon',
    example: '--start-daemon master --mcast-interface eth1 --syncid 7',
  },
  'stop-daemon': {
    argument: role,
    takes: ['syncid'],
    help: 'stop a sync daemon',
    example: '--stop-daemon master',
  },
  restore: {
    short: 'R',
    takes: ['check'],
    help: 'do what the lines of standard input say',
    example: '-R --check <rules',
  },
  save: {
    short: 'S',
    takes: ['numeric', 'sort'],
    help: 'write the table as ipvsadm’s rules; what has no words there as comments',
    example: '-S -n >rules',
  },
  help: { short: 'h', takes: [], help: 'this text', example: '-h' },
  version: { short: 'v', takes: [], help: 'the version', example: '-v' },
} as const satisfies Record<string, CommandRule>;

/** The long name of a command. */
export type CommandName = keyof typeof commands;
