import { writeAddress } from '../model/address.ts';
import { validateInteger, wrongType, wrongValue } from '../model/arguments.ts';
import { Family } from '../model/constants.ts';

/** The addresses of one family that begin with the same bits. */
export interface Prefix {
  readonly family: number;
  readonly bytes: Uint8Array;
  /** How many bits they have in common. */
  readonly length: number;
}

/** A prefix from its text: `10.0.0.0/8`, `fd00::/64`, or an address, which is a prefix of one. */
export function parsePrefix(field: string, text: unknown): Prefix {
  if (typeof text !== 'string') throw wrongType(field, 'a prefix such as 10.0.0.0/8', text);
  const [address, length, surplus] = text.split('/');
  if (surplus !== undefined) throw wrongValue(field, 'be a prefix such as 10.0.0.0/8', text);
  const bytes = new Uint8Array(16);
  const family = writeAddress(bytes, 0, field, address);
  const most = family === Family.ipv4 ? 32 : 128;
  if (length === undefined) return { family, bytes, length: most };
  if (!/^\d{1,3}$/.test(length)) throw wrongValue(field, 'have a prefix length behind the slash', text);
  return { family, bytes, length: validateInteger(`${field}'s length`, Number(length), 0, most) };
}

/** Whether a prefix has an address. */
export function prefixContains(prefix: Prefix, address: string): boolean {
  const bytes = new Uint8Array(16);
  if (writeAddress(bytes, 0, 'address', address) !== prefix.family) return false;
  const whole = prefix.length >> 3;
  for (let i = 0; i < whole; i++) if (bytes[i] !== prefix.bytes[i]) return false;
  const rest = prefix.length & 7;
  return rest === 0 || (bytes[whole]! ^ prefix.bytes[whole]!) >> (8 - rest) === 0;
}
