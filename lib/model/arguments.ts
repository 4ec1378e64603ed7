import { inspect } from 'node:util';

/**
 * A TypeError or RangeError about an argument, with the code that Node.js itself gives such errors. Its
 * message starts with the field's name.
 */
export interface InvalidArgumentError extends Error {
  /** The wrong type; a wrong value or a contradiction; a number outside its range. */
  readonly code: 'ERR_INVALID_ARG_TYPE' | 'ERR_INVALID_ARG_VALUE' | 'ERR_OUT_OF_RANGE';
}

function show(value: unknown): string {
  const text = inspect(value, { depth: 0, breakLength: Number.POSITIVE_INFINITY });
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** A TypeError: `field` is of the wrong type. */
export function wrongType(field: string, expected: string, value: unknown): InvalidArgumentError {
  const error = new TypeError(`${field} must be ${expected}, not ${show(value)}`);
  return Object.assign(error, { code: 'ERR_INVALID_ARG_TYPE' } as const);
}

/**
 * A TypeError: `field` has the right type and a wrong value. `rule` completes the sentence "field must …".
 */
export function wrongValue(field: string, rule: string, value: unknown): InvalidArgumentError {
  const error = new TypeError(`${field} must ${rule}, not ${show(value)}`);
  return Object.assign(error, { code: 'ERR_INVALID_ARG_VALUE' } as const);
}

/** A TypeError: fields that contradict one another, each of them right by itself. */
export function contradiction(message: string): InvalidArgumentError {
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_VALUE' } as const);
}

/** A RangeError: a number outside its range. */
function outOfRange(field: string, least: number, most: number, value: unknown): InvalidArgumentError {
  const error = new RangeError(`${field} must be between ${least} and ${most}, not ${show(value)}`);
  return Object.assign(error, { code: 'ERR_OUT_OF_RANGE' } as const);
}

/** Returns a whole number from `least` to `most`; throws at anything else. */
export function validateInteger(field: string, value: unknown, least: number, most: number): number {
  if (typeof value !== 'number') throw wrongType(field, 'a number', value);
  if (!Number.isInteger(value)) throw wrongValue(field, 'be a whole number', value);
  if (value < least || value > most) throw outOfRange(field, least, most, value);
  return value;
}

/** Returns a boolean; throws at anything else. */
export function validateBoolean(field: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw wrongType(field, 'true or false', value);
  return value;
}

/** Returns a string; throws at anything else. */
export function validateString(field: string, value: unknown): string {
  if (typeof value !== 'string') throw wrongType(field, 'a string', value);
  return value;
}

/** Returns the number that `names` has for a name; throws at any other name and lists those there are. */
export function validateChoice(
  field: string,
  value: unknown,
  names: Readonly<Record<string, number>>,
): number {
  if (typeof value !== 'string') throw wrongType(field, 'a string', value);
  const found: unknown = names[value];
  // What every object inherits ('constructor') is no number.
  if (typeof found !== 'number') {
    const list = Object.keys(names).map(name => `'${name}'`);
    throw wrongValue(field, `be one of ${list.join(', ')}`, value);
  }
  return found;
}

/**
 * The keys of the object that was last found to have no others, in their order: the next one mostly has the
 * same, and to compare a key takes less than to look it up.
 */
const seen = new WeakMap<ReadonlySet<string>, string[]>();

/** Throws unless `value` is an object without unknown keys. */
export function validateObject(field: string, value: unknown, keys: ReadonlySet<string>): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrongType(field, 'an object', value);
  }
  let known = seen.get(keys);
  if (known === undefined) {
    known = [];
    seen.set(keys, known);
  }
  let i = 0;
  for (const key in value) {
    if (key !== known[i]) {
      if (!keys.has(key)) {
        throw contradiction(`${field} has no option '${key}'; it takes ${[...keys].join(', ')}`);
      }
      known[i] = key;
    }
    i++;
  }
}
