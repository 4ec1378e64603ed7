import { validateInteger, wrongType } from '../../model/arguments.ts';
import { optional, type Rule } from './options.ts';

/** The port that is checked instead of the target's: 1 to 65535. */
export const portRule: Rule = optional(validatePort);

/** Throws unless a port is 1 to 65535. */
export function validatePort(field: string, port: unknown): void {
  validateInteger(field, port, 1, 65_535);
}

/** How much of an answer is read, in bytes, unless options say otherwise. */
export const USUAL_BYTES = 65_536;

/** How much of an answer is read, in bytes: 1 to 1048576. */
export const maxBytesRule: Rule = optional((field, value) => validateInteger(field, value, 1, 1_048_576));

/** Throws unless milliseconds are 1 to 86400000, a day. */
export function validateMilliseconds(field: string, value: unknown): void {
  validateInteger(field, value, 1, 86_400_000);
}

/** Throws unless every element of a list is a string. */
export function validateStrings(field: string, list: unknown): readonly string[] {
  if (!Array.isArray(list) || list.some(value => typeof value !== 'string')) {
    throw wrongType(field, 'a list of strings', list);
  }
  return list as string[];
}

/** What stands behind a check's name when it goes to another port: ` :8080`. */
export function portText(port: number | undefined): string {
  return port === undefined ? '' : ` :${port}`;
}
