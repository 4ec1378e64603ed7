import {
  validateBoolean,
  validateInteger,
  validateObject,
  wrongType,
  wrongValue,
} from '../model/arguments.ts';
import type { Changes } from '../model/complete.ts';

/** Where the kernel keeps them: each is `net.ipv4.vs.` and the field's name in snake case, for IPv6 too. */
export const SETTINGS_DIRECTORY = '/proc/sys/net/ipv4/vs';

/**
 * IPVS's sysctls, of one network namespace. Source: Documentation/networking/ipvs-sysctl.rst and
 * net/netfilter/ipvs/ip_vs_ctl.c. Those that came after Linux 5.10, or with a module, are optional: which of
 * them there are is the kernel's to tell.
 */
export interface Settings {
  /** Pages of free memory below which the defences set to 1 (automatic) become active. */
  readonly amemthresh: number;
  /** The drop rate of drop_packet's always-mode: one packet in so many. */
  readonly amDroprate: number;
  /**
   * Drops entries of the connection table: 0 never, 1 when memory is short (the kernel shows 2 while it is),
   * 3 always.
   */
  readonly dropEntry: number;
  /** Drops packets that ask for a new connection, in the steps of dropEntry. */
  readonly dropPacket: number;
  /** Keeps netfilter's connection tracking for IPVS's connections. Needed by netfilter's own NAT of them. */
  readonly conntrack: boolean;
  /** A stricter table of TCP states, in the steps of dropEntry. */
  readonly secureTcp: number;
  /** Routes replies anew after their source was rewritten. */
  readonly snatReroute: boolean;
  /** The format of sync messages: 1, or 0 for directors before Linux 2.6.39. */
  readonly syncVersion: number;
  /**
   * Threads, and ports, of each sync daemon: a power of two, 1 to 64. Counts for daemons that start later.
   */
  readonly syncPorts: number;
  /** Syncs only persistence templates of persistent services. */
  readonly syncPersistMode: boolean;
  /** The longest queue of sync messages, in messages. */
  readonly syncQlenMax: number;
  /** The socket buffer of the sync daemons, bytes; 0: the system's default. */
  readonly syncSockSize: number;
  /** Sends to the original address when no server is there, for transparent caches. */
  readonly cacheBypass: boolean;
  /** Ends connections whose destination was removed. */
  readonly expireNodestConn: boolean;
  /** Schedules TCP packets that start no connection. */
  readonly sloppyTcp: boolean;
  /** Schedules SCTP packets that start no association. */
  readonly sloppySctp: boolean;
  /** Ends persistence to a destination whose weight became 0. */
  readonly expireQuiescentTemplate: boolean;
  /** A connection is synced at its `threshold`th packet, and again every `period` packets. */
  readonly syncThreshold: {
    /** Packets, 0 to 2147483647, less than the period unless that is 0. Default 3. */
    readonly threshold: number;
    /** Packets, 0 to 2147483647; 0: once. Default 50. */
    readonly period: number;
  };
  /** Seconds within which an unchanged connection is not synced again; 0: by packets alone. */
  readonly syncRefreshPeriod: number;
  /** 0 to 3: how often an unacknowledged sync is repeated within syncRefreshPeriod. */
  readonly syncRetries: number;
  /** Answers packets to a destination that is gone with an ICMP error. */
  readonly natIcmpSend: boolean;
  /** Does path MTU discovery through tunnels. */
  readonly pmtuDisc: boolean;
  /** A backup director does not schedule, so that a server may be both. */
  readonly backupOnly: boolean;
  /**
   * What to do with a new connection from a port that was used before: 0 nothing, 1 a new server, 2 and more
   * also in FIN_WAIT.
   */
  readonly connReuseMode: number;
  /** Schedules ICMP packets too. */
  readonly scheduleIcmp: boolean;
  /** Leaves packets alone that came through an IPVS tunnel. */
  readonly ignoreTunneled: boolean;
  /** Whether statistics are estimated; when false all counters stand still. Since 6.1. */
  readonly runEstimation?: boolean;
  /** The CPUs that may estimate, as '0-3,8'; '' for none. Since 6.2. */
  readonly estCpulist?: string;
  /** The niceness of the estimators' threads, -20 to 19. Since 6.2. */
  readonly estNice?: number;
  /** The connection table's load factor, a power of two: -8 to 8. Since 7.1. */
  readonly connLfactor?: number;
  /** The service table's load factor, -8 to 8. Since 7.1. */
  readonly svcLfactor?: number;
  /** The most connections of this namespace, 0 to 2^30. Since 7.1. */
  readonly connMax?: number;
  /** Seconds after which an unused entry of scheduler lblc goes. Where lblc is loaded. */
  readonly lblcExpiration?: number;
  /** As lblcExpiration, of lblcr. */
  readonly lblcrExpiration?: number;
  /** How much the kernel logs. Only in kernels built for it. */
  readonly debugLevel?: number;
}

type Kind = 'boolean' | 'pair' | 'text' | readonly [least: number, most: number];

const MAX = 0x7fff_ffff;

const kinds: Readonly<Record<keyof Settings, Kind>> = {
  amemthresh: [0, MAX],
  amDroprate: [0, MAX],
  dropEntry: [0, 3],
  dropPacket: [0, 3],
  conntrack: 'boolean',
  secureTcp: [0, 3],
  snatReroute: 'boolean',
  syncVersion: [0, 1],
  syncPorts: [1, 64],
  syncPersistMode: 'boolean',
  syncQlenMax: [0, MAX],
  syncSockSize: [0, MAX],
  cacheBypass: 'boolean',
  expireNodestConn: 'boolean',
  sloppyTcp: 'boolean',
  sloppySctp: 'boolean',
  expireQuiescentTemplate: 'boolean',
  syncThreshold: 'pair',
  syncRefreshPeriod: [0, MAX],
  syncRetries: [0, 3],
  natIcmpSend: 'boolean',
  pmtuDisc: 'boolean',
  backupOnly: 'boolean',
  connReuseMode: [0, MAX],
  scheduleIcmp: 'boolean',
  ignoreTunneled: 'boolean',
  runEstimation: 'boolean',
  estCpulist: 'text',
  estNice: [-20, 19],
  connLfactor: [-8, 8],
  svcLfactor: [-8, 8],
  connMax: [0, 2 ** 30],
  lblcExpiration: [0, MAX],
  lblcrExpiration: [0, MAX],
  debugLevel: [0, MAX],
};

const names = Object.keys(kinds) as (keyof Settings)[];
const known: ReadonlySet<string> = new Set(names);
const pairKeys = new Set(['threshold', 'period']);

/** The sysctl's own name: `expire_nodest_conn` for `expireNodestConn`. */
export function sysctlName(name: string): string {
  return name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
}

/** The full name of the sysctl in a file of the directory. */
export function settingName(file: string): string {
  return `net.ipv4.vs.${file}`;
}

/** The settings in what the addon read: `name NUL value NUL` for each file. */
export function parseSettings(content: string): Settings {
  const parts = content.split('\0');
  const values = new Map<string, string>();
  for (let i = 0; i + 1 < parts.length; i += 2) values.set(parts[i]!, parts[i + 1]!.trim());
  const settings: Record<string, unknown> = {};
  for (const name of names) {
    const text = values.get(sysctlName(name));
    if (text !== undefined) settings[name] = parse(kinds[name], text);
  }
  return settings as unknown as Settings;
}

function parse(kind: Kind, text: string): unknown {
  if (kind === 'boolean') return text !== '0';
  if (kind === 'text') return text;
  if (kind === 'pair') {
    const [threshold, period] = text.split(/\s+/).map(Number);
    return { threshold, period };
  }
  return Number(text);
}

/** Settings as the addon writes them. Throws at what is unknown, or out of its range. */
export function formatSettings(settings: Changes<Settings>): string {
  validateObject('settings', settings, known);
  let content = '';
  for (const name of names) {
    const value = settings[name];
    if (value !== undefined) content += `${sysctlName(name)}\0${format(name, value)}\n\0`;
  }
  return content;
}

function format(name: keyof Settings, value: unknown): string {
  const field = `settings.${name}`;
  const kind = kinds[name];
  if (kind === 'boolean') return validateBoolean(field, value) ? '1' : '0';
  if (kind === 'pair') {
    validateObject(field, value, pairKeys);
    const { threshold, period } = value as Settings['syncThreshold'];
    const first = validateInteger(`${field}.threshold`, threshold, 0, MAX);
    const second = validateInteger(`${field}.period`, period, 0, MAX);
    // proc_do_sync_threshold takes no other pair, and would drop this one without a word.
    if (first >= second && second !== 0) {
      throw wrongValue(`${field}.threshold`, 'be less than its period', value);
    }
    return `${first} ${second}`;
  }
  if (kind === 'text') {
    if (typeof value !== 'string') throw wrongType(field, 'a string', value);
    if (!/^[\d,:/-]*$/.test(value)) throw wrongValue(field, "be a list of CPUs such as '0-3,8'", value);
    return value;
  }
  const number = validateInteger(field, value, ...kind);
  if (name === 'syncPorts' && (number & (number - 1)) !== 0)
    throw wrongValue(field, 'be a power of two', value);
  return String(number);
}
