import { parseIpv4 } from '../../model/address.ts';

/**
 * A decimal number as ipvsadm reads it, by strtol(): blanks and a sign may stand before it, and leading zeros
 * are no octal. Undefined for anything else. What a double can't hold comes out rounded, beyond every limit.
 */
export function parseNumber(text: string): number | undefined {
  const { length } = text;
  let i = 0;
  while (i < length && isSpace(text.charCodeAt(i))) i++;
  const isNegative = text[i] === '-';
  if (isNegative || text[i] === '+') i++;
  if (i === length) return undefined;
  let number = 0;
  for (; i < length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return undefined;
    number = number * 10 + digit;
  }
  return isNegative ? 0 - number : number;
}

/** isspace() of the C locale. */
function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

const BITS = 32;
const PART = /^(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)$/;

/**
 * An IPv4 address or netmask as ipvsadm reads it, by inet_aton(): one to four numbers, decimal, octal with a
 * leading 0 or hexadecimal with 0x, of which the last fills the bytes that are left; blanks may follow.
 * Undefined for anything else.
 */
export function parseAnyIpv4(text: string): number | undefined {
  const usual = parseIpv4(text);
  if (usual !== undefined) return usual;
  const parts = text.replace(/[\t-\r ]+$/, '').split('.');
  const last = parts.length - 1;
  if (last > 3) return undefined;
  let word = 0;
  for (const [i, part] of parts.entries()) {
    const bits = i === last ? BITS - 8 * last : 8;
    if (!PART.test(part)) return undefined;
    const number = /^0[0-7]/.test(part) ? Number.parseInt(part, 8) : Number(part);
    if (number >= 2 ** bits) return undefined;
    word = word * 2 ** bits + number;
  }
  return word;
}
