import { type InvalidArgumentError, wrongType, wrongValue } from './arguments.ts';
import { Family } from './constants.ts';

/** The two address families IPVS knows. */
export type AddressFamily = 'ipv4' | 'ipv6';

const ADDRESS_BYTES = 16;
const GROUPS = 8;

const COLON = 58;
const DOT = 46;
const ZERO = 48;

/**
 * Writes an address in network order into 16 bytes at `offset` (IPv4 into the first four) and returns its
 * family's number. Throws when `text` is not a numeric address: names are not resolved, and a scope (`%eth0`)
 * means nothing to IPVS. The bytes are undefined after a throw.
 */
export function writeAddress(bytes: Uint8Array, offset: number, field: string, text: unknown): number {
  if (typeof text !== 'string') throw wrongType(field, 'an IPv4 or IPv6 address', text);
  const ipv4 = parseIpv4(text);
  if (ipv4 !== undefined) {
    writeIpv4(bytes, offset, ipv4);
    return Family.ipv4;
  }
  if (!writeIpv6(bytes, offset, text)) throw noAddress(field, text);
  return Family.ipv6;
}

/**
 * All bytes in decimal, without and with a dot behind. Three texts are put together so where a template with
 * numbers takes seven, and four conversions: a list has 10,000 addresses.
 */
const decimal = Array.from({ length: 256 }, (_, byte) => String(byte));
const dotted = decimal.map(text => `${text}.`);

/** The canonical text of the address at `offset`. */
export function readAddress(bytes: Uint8Array, offset: number, family: number): string {
  if (family === Family.ipv4) {
    return (
      dotted[bytes[offset]!]! +
      dotted[bytes[offset + 1]!]! +
      dotted[bytes[offset + 2]!]! +
      decimal[bytes[offset + 3]!]!
    );
  }
  return readIpv6(bytes, offset);
}

/** One text for every way to write an address: `0:0::1` is `::1`. Undefined for what is no address. */
export function canonicalAddress(text: string): string | undefined {
  if (parseIpv4(text) !== undefined) return text;
  const bytes = new Uint8Array(ADDRESS_BYTES);
  return writeIpv6(bytes, 0, text) ? readIpv6(bytes, 0) : undefined;
}

/** Returns the canonical text of an address; throws as `writeAddress`. */
export function validateAddress(field: string, text: unknown): string {
  if (typeof text !== 'string') throw wrongType(field, 'an IPv4 or IPv6 address', text);
  const canonical = canonicalAddress(text);
  if (canonical === undefined) throw noAddress(field, text);
  return canonical;
}

function noAddress(field: string, text: string): InvalidArgumentError {
  return wrongValue(field, 'be an IPv4 or IPv6 address', text);
}

/** An address as four words of 32 bits; IPv4 is the first. */
export type AddressWords = readonly [number, number, number, number];

/** The words of an address, as numbers of the host. `text` must be an address. */
export function addressWords(text: string): AddressWords {
  const bytes = new Uint8Array(ADDRESS_BYTES);
  writeAddress(bytes, 0, 'address', text);
  const view = new DataView(bytes.buffer);
  return [view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12)];
}

/**
 * An IPv4 address of four decimal numbers as a number; undefined for anything else. Leading zeros are
 * refused, because some programs read them as octal.
 */
export function parseIpv4(text: string): number | undefined {
  const { length } = text;
  let parts = 0;
  let word = 0;
  let value = 0;
  let digits = 0;
  for (let i = 0; i <= length; i++) {
    const code = i < length ? text.charCodeAt(i) : DOT; // the end counts as a dot
    const digit = code - ZERO;
    if (digit >= 0 && digit <= 9) {
      if (digits > 0 && value === 0) return undefined;
      value = value * 10 + digit;
      if (++digits > 3 || value > 255) return undefined;
    } else if (code === DOT && digits > 0 && parts < 4) {
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

function writeIpv4(bytes: Uint8Array, offset: number, word: number): void {
  bytes[offset] = word >>> 24;
  bytes[offset + 1] = word >>> 16;
  bytes[offset + 2] = word >>> 8;
  bytes[offset + 3] = word;
}

/**
 * Writes an IPv6 address into 16 bytes, or returns false. Reads what inet_pton() reads, in one pass: every
 * write to an IPv6 service parses two addresses, and to call the addon for one takes three times as long.
 */
function writeIpv6(bytes: Uint8Array, offset: number, text: string): boolean {
  const { length } = text;
  const end = offset + ADDRESS_BYTES;
  let at = offset;
  /** Where `::` stands. The groups behind it are moved to the end once all are read. */
  let gap = -1;
  let group = 0;
  let digits = 0;
  /** Where the last group starts in the text. */
  let start = 0;
  // A colon opens an address only as the first of two.
  let i = text.startsWith('::') ? 1 : 0;
  for (; i < length; i++) {
    const code = text.charCodeAt(i);
    const digit = hexDigit(code);
    if (digit !== -1) {
      if (++digits > 4) return false;
      group = (group << 4) | digit;
    } else if (code === COLON) {
      start = i + 1;
      if (digits === 0) {
        if (gap !== -1 || i === 0) return false;
        gap = at;
      } else {
        if (start === length || at === end) return false;
        bytes[at++] = group >> 8;
        bytes[at++] = group;
        group = 0;
        digits = 0;
      }
    } else {
      const ipv4 = code === DOT && at <= end - 4 ? parseIpv4(text.slice(start)) : undefined;
      if (ipv4 === undefined) return false;
      writeIpv4(bytes, at, ipv4);
      at += 4;
      digits = 0;
      break;
    }
  }
  if (digits > 0) {
    if (at === end) return false;
    bytes[at++] = group >> 8;
    bytes[at++] = group;
  }
  if (gap === -1) return at === end;
  if (at === end) return false; // `::` is one group at least
  const moved = end - (at - gap);
  bytes.copyWithin(moved, gap, at);
  bytes.fill(0, gap, moved);
  return true;
}

function hexDigit(code: number): number {
  const digit = code - ZERO;
  if (digit >= 0 && digit <= 9) return digit;
  const letter = (code | 0x20) - 97; // 'a'
  return letter >= 0 && letter <= 5 ? letter + 10 : -1;
}

/**
 * All bytes in hexadecimal, without and with a leading zero. To call `toString(16)` takes three times as
 * long.
 */
const shortHex = Array.from({ length: 256 }, (_, byte) => byte.toString(16));
const longHex = shortHex.map(text => text.padStart(2, '0'));

/**
 * The canonical text of 16 bytes: RFC 5952, and dotted behind `::` or `::ffff:` wherever glibc's inet_ntop()
 * does that, for ipvsadm shows addresses by it. musl's writes others, so neither is called.
 * native/cli/row_text.cc writes the same.
 */
function readIpv6(bytes: Uint8Array, offset: number): string {
  // The first of the longest runs of two or more zero groups is left out.
  let start = -1;
  let length = 1;
  let run = 0;
  for (let group = 0; group < GROUPS; group++) {
    run = bytes[offset + 2 * group] === 0 && bytes[offset + 2 * group + 1] === 0 ? run + 1 : 0;
    if (run <= length) continue;
    length = run;
    start = group + 1 - run;
  }
  if (start === 0) {
    const isMapped = length === 5 && bytes[offset + 10] === 255 && bytes[offset + 11] === 255;
    if (isMapped) return `::ffff:${readAddress(bytes, offset + 12, Family.ipv4)}`;
    if (length === 6) return `::${readAddress(bytes, offset + 12, Family.ipv4)}`;
  }
  let text = '';
  for (let group = 0; group < GROUPS; group++) {
    if (group === start) {
      text += group === 0 ? '::' : ':';
      group += length - 1;
      continue;
    }
    const high = bytes[offset + 2 * group]!;
    const low = bytes[offset + 2 * group + 1]!;
    text += high === 0 ? shortHex[low]! : shortHex[high]! + longHex[low]!;
    if (group < GROUPS - 1) text += ':';
  }
  return text;
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

/** An IPv4 netmask in dotted decimal. */
export function dottedMask(mask: number): string {
  return [24, 16, 8, 0].map(shift => (mask >>> shift) & 255).join('.');
}
