import {
  MAX_PERSISTENCE,
  MAX_THRESHOLD,
  MAX_TIMEOUT,
  MAX_TUNNEL_TYPE,
  MAX_WEIGHT,
  TunnelNumber,
} from '../../model/constants.ts';
import { schedulerNames } from '../../model/scheduler.ts';

/** The largest connection threshold that ipvsadm takes. */
export const IPVSADM_MAX_THRESHOLD = 0x7fff_ffff;

/** What an option takes. */
export type Argument =
  | {
      readonly kind: 'number';
      readonly name: string;
      readonly least: number;
      readonly most: number;
      /** The kernel's own limits, which hold in a line with --as-is. */
      readonly asIs?: readonly [least: number, most: number];
    }
  | {
      readonly kind: 'choice';
      readonly name: string;
      readonly choices: readonly string[];
      /** The largest number without a name that a line with --as-is may have in place of a choice. */
      readonly asIs?: number;
    }
  /** Several choices with commas between. */
  | { readonly kind: 'list'; readonly name: string; readonly choices: readonly string[] }
  /** host[:port] */
  | { readonly kind: 'endpoint'; readonly name: string }
  | { readonly kind: 'text'; readonly name: string; readonly choices?: readonly string[] };

/** An option as it is read, explained and completed. */
export interface OptionRule {
  readonly short?: string;
  readonly argument?: Argument;
  /** The argument may be left out. */
  readonly optional?: true;
  /** Options of one group stand for one thing: only one of them may be there. */
  readonly group?: Group;
  /** ipvsadm does not have it: it is for what ipvsadm's language has no words for. */
  readonly addition?: true;
  readonly help: string;
}

/** What options of several names say together. */
export type Group = 'virtual service' | 'forwarding method';

/** Forwarding methods without an option of their own in ipvsadm: the kernel takes 5 to 7 too. */
const otherMethods = ['local', 'bypass', '5', '6', '7'];
const tunnelTypes = Object.keys(TunnelNumber) as (keyof typeof TunnelNumber)[];
const address: Argument = { kind: 'endpoint', name: 'host[:port]' };
const threshold = {
  kind: 'number',
  name: 'connections',
  least: 0,
  most: IPVSADM_MAX_THRESHOLD,
  asIs: [0, MAX_THRESHOLD],
} as const satisfies Argument;

/**
 * Every option of ipvsadm 1.31 that follows a command, by its long name, and those that are additions to its
 * language.
 */
export const options = {
  'tcp-service': {
    short: 't',
    argument: address,
    group: 'virtual service',
    help: 'a TCP service by its address',
  },
  'udp-service': {
    short: 'u',
    argument: address,
    group: 'virtual service',
    help: 'a UDP service by its address',
  },
  'sctp-service': { argument: address, group: 'virtual service', help: 'an SCTP service by its address' },
  'fwmark-service': {
    short: 'f',
    argument: { kind: 'number', name: 'mark', least: 1, most: 0xffff_ffff },
    group: 'virtual service',
    help: 'a service by the mark that netfilter puts on packets',
  },
  ipv6: { short: '6', help: "after -f: the mark's packets are IPv6" },
  scheduler: {
    short: 's',
    argument: { kind: 'text', name: 'scheduler', choices: schedulerNames },
    help: 'who gets the next connection (default wlc)',
  },
  persistent: {
    short: 'p',
    argument: { kind: 'number', name: 'seconds', least: 1, most: MAX_TIMEOUT, asIs: [0, MAX_PERSISTENCE] },
    optional: true,
    help: 'a client stays with its server this long after its last connection (default 360)',
  },
  netmask: {
    short: 'M',
    argument: { kind: 'text', name: 'mask' },
    help: 'with -p: which clients count as one; a netmask, or for IPv6 a prefix length',
  },
  ops: { short: 'o', help: 'balance every datagram for itself (UDP and marks)' },
  pe: {
    argument: { kind: 'text', name: 'engine', choices: ['sip'] },
    help: 'with -p: the persistence engine that tells clients apart',
  },
  'sched-flags': {
    short: 'b',
    argument: {
      kind: 'list',
      name: 'flags',
      choices: ['sh-fallback', 'sh-port', 'mh-fallback', 'mh-port', 'flag-1', 'flag-2', 'flag-3'],
    },
    help: "the scheduler's flags",
  },
  'real-server': { short: 'r', argument: address, help: 'the destination; without a port, at the service’s' },
  gatewaying: {
    short: 'g',
    group: 'forwarding method',
    help: 'direct routing: replies bypass the director (default)',
  },
  ipip: { short: 'i', group: 'forwarding method', help: 'through a tunnel; replies bypass the director' },
  masquerading: { short: 'm', group: 'forwarding method', help: 'NAT: replies come back this way' },
  weight: {
    short: 'w',
    argument: { kind: 'number', name: 'weight', least: 0, most: MAX_WEIGHT },
    help: "the destination's share among its peers; 0 takes it out of scheduling (default 1)",
  },
  'u-threshold': {
    short: 'x',
    argument: threshold,
    help: 'no new connections from this many on; 0: no limit (default)',
  },
  'l-threshold': {
    short: 'y',
    argument: threshold,
    help: 'new ones again below this many; 0: below three quarters of -x (default)',
  },
  'tun-type': {
    argument: { kind: 'choice', name: 'type', choices: tunnelTypes, asIs: MAX_TUNNEL_TYPE },
    help: 'with -i: the encapsulation (default ipip)',
  },
  'tun-port': {
    argument: { kind: 'number', name: 'port', least: 1, most: 65_535, asIs: [0, 65_535] },
    help: 'with --tun-type gue: where the real server decapsulates',
  },
  'tun-nocsum': { help: 'with gue and gre: no checksum (default)' },
  'tun-csum': { help: 'with gue and gre: a checksum' },
  'tun-remcsum': { help: 'with gue: remote checksum offload' },
  numeric: { short: 'n', help: 'addresses and ports as numbers, not names' },
  connection: { short: 'c', help: 'the connection table' },
  timeout: { help: "connections' timeouts" },
  daemon: { help: 'the sync daemons' },
  stats: { help: 'counters' },
  rate: { help: 'rates per second' },
  exact: { short: 'X', help: 'whole numbers, not thousands or millions' },
  thresholds: { help: 'connection thresholds' },
  'persistent-conn': { help: 'clients bound by persistence; with -c, what the engine knows them by' },
  'tun-info': { help: 'tunnels' },
  nosort: { help: "in the kernel's order" },
  sort: { help: 'sorted (default)' },
  syncid: {
    argument: { kind: 'number', name: 'id', least: 0, most: 255 },
    help: 'a backup takes only messages of its own id; 0 takes all (default)',
  },
  'sync-maxlen': {
    argument: { kind: 'number', name: 'bytes', least: 1, most: 65_507 },
    help: 'the longest message (default: what fits the interface)',
  },
  'mcast-interface': {
    argument: { kind: 'text', name: 'interface' },
    help: 'the interface to multicast on (default eth0)',
  },
  'mcast-group': {
    argument: { kind: 'text', name: 'address' },
    help: 'the multicast group, IPv4 or IPv6 (default 224.0.0.81)',
  },
  'mcast-port': {
    argument: { kind: 'number', name: 'port', least: 1, most: 65_535 },
    help: 'the UDP port (default 8848)',
  },
  'mcast-ttl': {
    argument: { kind: 'number', name: 'ttl', least: 1, most: 255 },
    help: 'how many routers messages may cross (default 1)',
  },
  check: { addition: true, help: 'change nothing: say what is wrong, odd, or refused by this kernel' },
  'ip-service': {
    argument: { kind: 'endpoint', name: 'protocol/host[:port]' },
    group: 'virtual service',
    addition: true,
    help: 'a service of any IP protocol, by its number: 50/10.0.0.1:80',
  },
  forwarding: {
    argument: { kind: 'choice', name: 'method', choices: otherMethods },
    group: 'forwarding method',
    addition: true,
    help: 'a forwarding method that has no option of its own',
  },
  'tun-flags': {
    argument: { kind: 'text', name: 'bits' },
    addition: true,
    help: 'checksum bits of a tunnel that have no option of their own: 0x3',
  },
  dormant: { addition: true, help: 'keep what -p, -M and --pe say without being persistent' },
  'as-is': {
    addition: true,
    help: 'the line is what the kernel holds, however odd: without ipvsadm’s checks and corrections',
  },
} as const satisfies Record<string, OptionRule>;

/** The long name of an option. */
export type OptionName = keyof typeof options;

type Taken<O> = O extends { readonly argument: { readonly kind: infer K } }
  ? (K extends 'number' ? number : string) | (O extends { readonly optional: true } ? true : never)
  : true;

/** The options of one command that were there, with what they took. */
export type Values = { -readonly [K in OptionName]?: Taken<(typeof options)[K]> };
