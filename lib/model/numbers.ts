import { validateString, wrongValue } from './arguments.ts';

/**
 * Numbers of the kernel's interface with their names. The kernel checks few of them and keeps any, so that
 * each can also be one without a name: it is then a text of its decimal digits, such as `'50'`.
 */
export type NumberNames = Readonly<Record<string, number>>;

/**
 * Returns what has the text for a number: its name, or its decimal digits, which are in no type. Names are
 * found by their numbers, for each row of a list has one or two.
 */
export function namer<N extends NumberNames>(names: N): (number: number) => keyof N & string {
  const byNumber = new Map(Object.entries(names).map(([name, number]) => [number, name]));
  return number => (byNumber.get(number) ?? String(number)) as keyof N & string;
}

const namers = new Map<NumberNames, (number: number) => string>();

/** The text for a number, as `namer` has it. */
export function nameOf<N extends NumberNames>(names: N, number: number): keyof N & string {
  let name = namers.get(names);
  if (name === undefined) {
    name = namer(names);
    namers.set(names, name);
  }
  return name(number) as keyof N & string;
}

/** Returns the number that a text from `nameOf` stands for, 0 to `most`; throws at any other value. */
export function validateNumber(field: string, value: unknown, names: NumberNames, most: number): number {
  const text = validateString(field, value);
  const named: unknown = names[text];
  // What every object inherits ('constructor') is no number.
  if (typeof named === 'number') return named;
  const number = /^(0|[1-9][0-9]{0,9})$/.test(text) ? Number(text) : Number.NaN;
  if (!(number <= most)) {
    const list = Object.keys(names).map(name => `'${name}'`);
    throw wrongValue(field, `be one of ${list.join(', ')}, or the digits of a number up to ${most}`, value);
  }
  const name = nameOf(names, number);
  if (name !== text) throw wrongValue(field, `be '${name}', which is the name of ${number}`, value);
  return number;
}

/**
 * The keys of `T`, in a list that the compiler keeps whole: a new field that is forgotten here does not
 * compile.
 */
export function keysOf<T>(keys: Readonly<Record<KeyOf<T>, true>>): ReadonlySet<string> {
  return new Set(Object.keys(keys));
}

/** The keys of every member of a union. */
export type KeyOf<T> = T extends unknown ? keyof T & string : never;
