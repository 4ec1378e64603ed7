import { readAddress, writeAddress } from '../model/address.ts';
import { validateChoice, validateInteger, validateObject, wrongValue } from '../model/arguments.ts';
import { DaemonRoleNumber, Family } from '../model/constants.ts';
import type { Daemon, DaemonRole, DaemonSpec } from '../model/kernel.ts';
import { keysOf, nameOf } from '../model/numbers.ts';
import { DaemonReply, Layout, NAME_BYTES } from './layout.ts';
import { getWord, putName, putWord, type Slot } from './record.ts';

const keys = keysOf<DaemonSpec>({
  role: true,
  interface: true,
  syncId: true,
  maxLength: true,
  group: true,
  port: true,
  ttl: true,
});

/** Writes the role of a daemon to be stopped. */
export function putDaemonRole(slot: Slot, role: DaemonRole): void {
  putWord(slot, Layout.daemon.role, validateChoice('role', role, DaemonRoleNumber));
}

/** Reads back the role of the daemon that a record is about. */
export function getDaemonRole(slot: Slot): DaemonRole {
  return nameOf(DaemonRoleNumber, getWord(slot, Layout.daemon.role));
}

/** Writes a daemon to be started; what is not named is left to the kernel. */
export function putDaemon(slot: Slot, daemon: DaemonSpec): void {
  validateObject('daemon', daemon, keys);
  const at = Layout.daemon;
  putWord(slot, at.role, validateChoice('daemon.role', daemon.role, DaemonRoleNumber));
  putName(slot, at.interface, 'daemon.interface', daemon.interface);
  putWord(slot, at.syncId, validateInteger('daemon.syncId', daemon.syncId ?? 0, 0, 0xffff_ffff));
  if (daemon.maxLength !== undefined) {
    putWord(slot, at.maxLength, validateInteger('daemon.maxLength', daemon.maxLength, 1, 65_507));
  }
  if (daemon.group !== undefined) putGroup(slot, daemon.group);
  if (daemon.port !== undefined)
    putWord(slot, at.port, validateInteger('daemon.port', daemon.port, 1, 65_535));
  if (daemon.ttl !== undefined) putWord(slot, at.ttl, validateInteger('daemon.ttl', daemon.ttl, 1, 255));
}

function putGroup(slot: Slot, group: string): void {
  const at = Layout.daemon;
  const family = writeAddress(slot.bytes, at.group, 'daemon.group', group);
  const first = slot.bytes[at.group]!;
  if (family === Family.ipv4 ? first >> 4 !== 0xe : first !== 0xff) {
    throw wrongValue('daemon.group', 'be a multicast address', group);
  }
  putWord(slot, Layout.daemon.groupFamily, family);
}

/** The daemons in a reply: none, one or both. */
export function readDaemons(payload: ArrayBuffer | undefined): Daemon[] {
  if (payload === undefined) return [];
  const bytes = new Uint8Array(payload);
  const words = new Uint32Array(payload);
  const at = DaemonReply;
  const daemons: Daemon[] = [];
  for (let start = 0; start < bytes.length; start += at.bytes) {
    const word = (offset: number) => words[(start + offset) >> 2]!;
    const name = bytes.subarray(start + at.interface, start + at.interface + NAME_BYTES);
    daemons.push({
      role: word(at.role) === DaemonRoleNumber.master ? 'master' : 'backup',
      interface: String.fromCharCode(...name.subarray(0, name.indexOf(0))),
      syncId: word(at.syncId),
      maxLength: word(at.maxLength),
      group: readAddress(bytes, start + at.group, word(at.groupFamily)),
      port: word(at.port),
      ttl: word(at.ttl),
    });
  }
  return daemons;
}
