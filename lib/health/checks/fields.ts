import { validateInteger, wrongType } from '../../model/arguments.ts';

/** Throws unless `port` is undefined or 1 to 65535. */
export function validatePort(port: unknown): void {
  if (port !== undefined) validateInteger('port', port, 1, 65_535);
}

/** How much of an answer is read, in bytes, unless options say otherwise. */
export const USUAL_BYTES = 65_536;

/** Throws unless `maxBytes` is 1 to 1048576. */
export function validateMaxBytes(maxBytes: unknown): void {
  validateInteger('maxBytes', maxBytes, 1, 1_048_576);
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
