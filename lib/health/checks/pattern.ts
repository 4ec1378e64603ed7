import { createHash } from 'node:crypto';
import { wrongType, wrongValue } from '../../model/arguments.ts';

/** What an answer must have in it: a text, bytes, or what a regular expression matches. */
export type Pattern = string | RegExp | Uint8Array;

/** A pattern that can be looked for. */
export interface Matcher {
  /** For people: `"+PONG"`, `/^220 /`, `0x0102`. */
  readonly text: string;
  /** Whether it is in there. A regular expression sees UTF-8. */
  matches(bytes: Buffer): boolean;
}

/** Returns a matcher; throws an `InvalidArgumentError` for what is no pattern, and for an empty one. */
export function matcherOf(field: string, pattern: unknown): Matcher {
  if (pattern instanceof RegExp) {
    // One with the flags g or y would remember where it last matched.
    const expression = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''));
    return { text: String(pattern), matches: bytes => expression.test(bytes.toString('utf8')) };
  }
  const bytes = bytesOf(field, pattern);
  if (bytes.length === 0) throw wrongValue(field, 'not be empty', pattern);
  return { text: textOf(pattern as string | Uint8Array), matches: all => all.includes(bytes) };
}

/** Returns the bytes of a text (UTF-8) or of bytes; throws an `InvalidArgumentError` for anything else. */
export function bytesOf(field: string, value: unknown): Buffer {
  if (typeof value === 'string') return Buffer.from(value);
  if (value instanceof Uint8Array) return Buffer.from(value);
  throw wrongType(field, 'a string or bytes', value);
}

function textOf(value: string | Uint8Array): string {
  return typeof value === 'string' ? JSON.stringify(value) : `0x${Buffer.from(value).toString('hex')}`;
}

/**
 * The key of a check: equal for equal options, whatever order they are in. A digest: options may hold secrets,
 * and keys may be shown.
 */
export function keyOf(kind: string, options: object): string {
  const entries = Object.entries(options)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const text = JSON.stringify(entries, (_, value) => plain(value));
  return `${kind} ${createHash('sha256').update(text).digest('base64url')}`;
}

/** What JSON cannot tell apart, told apart. */
function plain(value: unknown): unknown {
  if (value instanceof RegExp) return { regExp: String(value) };
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('hex') };
  // A Buffer has become an object of this form by its toJSON() before it comes here.
  return value;
}
