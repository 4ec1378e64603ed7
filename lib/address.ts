import { isIPv4, isIPv6 } from 'node:net';
import { native } from './binding.ts';
import { Family } from './constants.ts';
import { wrongType, wrongValue } from './misuse.ts';

/** The two address families IPVS knows. */
export type AddressFamily = 'ipv4' | 'ipv6';

/**
 * Writes an address in network order into 16 bytes at `offset` (IPv4 into the first four) and gives back its family's number.
 * Throws when `text` is not a numeric address; names are not resolved, and a scope (`%eth0`) means nothing to IPVS.
 */
export function writeAddress(bytes: Uint8Array, offset: number, field: string, text: unknown): number {
  if (typeof text !== 'string') throw wrongType(field, 'an IPv4 or IPv6 address', text);
  if (isIPv4(text)) {
    let part = 0;
    let at = offset;
    for (let i = 0; i < text.length; i++) {
      const digit = text.charCodeAt(i);
      if (digit === 46) {
        bytes[at++] = part;
        part = 0;
      } else {
        part = part * 10 + digit - 48;
      }
    }
    bytes[at] = part;
    return Family.ipv4;
  }
  const parsed = isIPv6(text) && !text.includes('%') ? native().parseAddress6(text) : undefined;
  if (parsed === undefined) throw wrongValue(field, 'be an IPv4 or IPv6 address', text);
  bytes.set(parsed, offset);
  return Family.ipv6;
}

/** The canonical text of the address at `offset`. */
export function readAddress(bytes: Uint8Array, offset: number, family: number): string {
  if (family === Family.ipv4) {
    return `${bytes[offset]}.${bytes[offset + 1]}.${bytes[offset + 2]}.${bytes[offset + 3]}`;
  }
  return native().formatAddress6(bytes, offset);
}

/** One text for every way to write the same address: `0:0::1` is `::1`. Throws as `writeAddress`. */
export function canonicalAddress(field: string, text: unknown): string {
  const bytes = new Uint8Array(16);
  return readAddress(bytes, 0, writeAddress(bytes, 0, field, text));
}

/** An IPv4 netmask as a number, from its prefix length. */
export function maskOfPrefix(length: number): number {
  return length === 0 ? 0 : (0xffff_ffff << (32 - length)) >>> 0;
}

/** The prefix length of an IPv4 netmask; undefined when its bits are not contiguous. */
export function prefixOfMask(mask: number): number | undefined {
  const length = Math.clz32(~mask);
  return maskOfPrefix(length) === mask ? length : undefined;
}
