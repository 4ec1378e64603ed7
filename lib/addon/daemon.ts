import { readAddress, writeAddress } from '../model/address.ts';
import { validateChoice, validateInteger, validateObject, wrongValue } from '../model/arguments.ts';
import type { Complete } from '../model/complete.ts';
import { DaemonRoleNumber, Family } from '../model/constants.ts';
import type { Payload } from './native.ts';
import { Layout, putName, putWord, type Slot } from './record.ts';

/** A master sends its connections to backups by multicast. A director can be both. */
export type DaemonRole = 'master' | 'backup';

/** A sync daemon to be started. */
export interface DaemonSpec {
  readonly role: DaemonRole;
  /** The network interface to multicast on, in the client's namespace. */
  readonly interface: string;
  /** 0 to 255, default 0. A backup takes only messages of its own id; 0 takes all. */
  readonly syncId?: number | undefined;
  /** The longest message in bytes, 1 to 65507. Default: what fits the interface's MTU. */
  readonly maxLength?: number | undefined;
  /** The multicast group, IPv4 or IPv6. Default 224.0.0.81. */
  readonly group?: string | undefined;
  /** The UDP port, 1 to 65535; thread i uses port + i (setting sync_ports). Default 8848. */
  readonly port?: number | undefined;
  /** 1 to 255, default 1: the local network. */
  readonly ttl?: number | undefined;
}

/** A running sync daemon, with the values that the kernel took: it adjusts `maxLength` to the interface. */
export type Daemon = Complete<DaemonSpec>;

const keys = new Set(['role', 'interface', 'syncId', 'maxLength', 'group', 'port', 'ttl']);

/** Writes the role of a daemon to be stopped. */
export function putDaemonRole(slot: Slot, role: DaemonRole): void {
  putWord(slot, Layout.daemon.role, validateChoice('role', role, DaemonRoleNumber));
}

/** Writes a daemon to be started; what is not named is left to the kernel. */
export function putDaemon(slot: Slot, daemon: DaemonSpec): void {
  validateObject('daemon', daemon, keys);
  const at = Layout.daemon;
  putWord(slot, at.role, validateChoice('daemon.role', daemon.role, DaemonRoleNumber));
  putName(slot, at.interface, 'daemon.interface', daemon.interface);
  putWord(slot, at.syncId, validateInteger('daemon.syncId', daemon.syncId ?? 0, 0, 255));
  if (daemon.maxLength !== undefined) {
    putWord(slot, at.maxLength, validateInteger('daemon.maxLength', daemon.maxLength, 1, 65_507));
  }
  if (daemon.group !== undefined) putGroup(slot, daemon.group);
  if (daemon.port !== undefined)
    putWord(slot, at.port, validateInteger('daemon.port', daemon.port, 1, 65_535));
  if (daemon.ttl !== undefined) putWord(slot, at.ttl, validateInteger('daemon.ttl', daemon.ttl, 1, 255));
}

function putGroup(slot: Slot, group: string): void {
  const start = slot.start + Layout.daemon.group;
  const family = writeAddress(slot.bytes, start, 'daemon.group', group);
  const first = slot.bytes[start]!;
  if (family === Family.ipv4 ? first >> 4 !== 0xe : first !== 0xff) {
    throw wrongValue('daemon.group', 'be a multicast address', group);
  }
  putWord(slot, Layout.daemon.groupFamily, family);
}

/** The daemons in a reply: none, one or both. */
export function readDaemons(payload: Payload): Daemon[] {
  if (payload === undefined) return [];
  const buffer = payload as ArrayBuffer;
  const bytes = new Uint8Array(buffer);
  const words = new Uint32Array(buffer);
  const at = Layout.daemon;
  const base = at.role;
  const daemons: Daemon[] = [];
  for (let start = 0; start < bytes.length; start += at.bytes) {
    const word = (offset: number) => words[(start + offset - base) >> 2]!;
    const name = bytes.subarray(start + at.interface - base, start + at.interface - base + 16);
    daemons.push({
      role: word(at.role) === DaemonRoleNumber.master ? 'master' : 'backup',
      interface: String.fromCharCode(...name.subarray(0, name.indexOf(0))),
      syncId: word(at.syncId),
      maxLength: word(at.maxLength),
      group: readAddress(bytes, start + at.group - base, word(at.groupFamily)),
      port: word(at.port),
      ttl: word(at.ttl),
    });
  }
  return daemons;
}
