import { native } from '../addon/load.ts';
import { wrongType, wrongValue } from './arguments.ts';
import { Family } from './constants.ts';

/** The two address families IPVS knows. */
export type AddressFamily = 'ipv4' | 'ipv6';

/**
 * Whether a text is a numeric IPv6 address without a scope (`%eth0`), which means nothing to IPVS. node:net is loaded only for what may be one:
 * a command that needs nothing else of it starts sooner.
 */
export function isIpv6(text: string): boolean {
  return text.includes(':') && !text.includes('%') && process.getBuiltinModule('node:net').isIPv6(text);
}

/**
 * Writes an address in network order into 16 bytes at `offset` (IPv4 into the first four) and gives back its family's number.
 * Throws when `text` is not a numeric address; names are not resolved.
 */
export function writeAddress(bytes: Uint8Array, offset: number, field: string, text: unknown): number {
  if (typeof text !== 'string') throw wrongType(field, 'an IPv4 or IPv6 address', text);
  const ipv4 = parseIpv4(text);
  if (ipv4 !== undefined) {
    bytes[offset] = ipv4 >>> 24;
    bytes[offset + 1] = ipv4 >>> 16;
    bytes[offset + 2] = ipv4 >>> 8;
    bytes[offset + 3] = ipv4;
    return Family.ipv4;
  }
  const parsed = isIpv6(text) ? native().parseAddress6(text) : undefined;
  if (parsed === undefined) throw wrongValue(field, 'be an IPv4 or IPv6 address', text);
  bytes.set(parsed, offset);
  return Family.ipv6;
}

/**
 * An IPv4 address of four decimal numbers as a number; undefined for anything else, leading zeros too: some read those as octal. By hand, because
 * every write parses two of them, and the way into Node's own parser and back takes longer than the rest.
 */
export function parseIpv4(text: string): number | undefined {
  const { length } = text;
  let parts = 0;
  let word = 0;
  let value = 0;
  let digits = 0;
  for (let i = 0; i <= length; i++) {
    const digit = i < length ? text.charCodeAt(i) - 48 : -2; // the end counts as a dot
    if (digit >= 0 && digit <= 9) {
      if (digits > 0 && value === 0) return undefined;
      value = value * 10 + digit;
      if (++digits > 3 || value > 255) return undefined;
    } else if (digit === -2 && digits > 0 && parts < 4) {
      word = word * 256 + value;
      parts++;
      value = 0;
      digits = 0;
    } else {
      return undefined;
    }
  }
  return parts === 4 ? word : undefined;
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

/** An IPv4 netmask as it is written. */
export function dottedMask(mask: number): string {
  return [24, 16, 8, 0].map(shift => (mask >>> shift) & 255).join('.');
}
