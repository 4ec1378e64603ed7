import { type InvalidArgumentError, validateObject, wrongType } from '../../model/arguments.ts';
import { type Fields, isObject } from '../../model/fields.ts';
import type { KeyOf } from '../../model/numbers.ts';

/** What is wrong with an option, whose name or place is `field`, given with others. */
export type Rule = (field: string, value: unknown, others: Fields) => readonly InvalidArgumentError[];

/** The options that something takes, each with its rule. */
export type OptionSet<T> = Readonly<Record<KeyOf<T>, Rule>>;

/** Throws for a wrong value, or one that does not go with others. */
type Validator = (field: string, value: unknown, others: Fields) => unknown;

/** A rule for what must be given. */
export function required(validate: Validator): Rule {
  return (...given) => mistakeOf(() => validate(...given));
}

/** A rule for what may be left out. */
export function optional(validate: Validator): Rule {
  return (field, value, others) =>
    value === undefined ? [] : mistakeOf(() => validate(field, value, others));
}

/** A rule for an object of values, each of which is validated with its name. */
export function named(validate: (field: string, value: unknown, name: string) => unknown): Rule {
  return (field, value) => {
    if (value === undefined) return [];
    if (!isObject(value)) return [wrongType(field, 'an object', value)];
    return Object.entries(value).flatMap(([name, one]) =>
      mistakeOf(() => validate(`${field}.${name}`, one, name)),
    );
  };
}

/** A rule for an object of options. */
export function nested<T>(set: OptionSet<T>): Rule {
  return (field, value) => (value === undefined ? [] : mistakesIn(set, value, field));
}

/** A copy of options, whatever becomes of the caller's; throws the first of what is wrong with them. */
export function readOptions<T extends object>(set: OptionSet<T>, given: T): T {
  const [mistake] = mistakesIn(set, given);
  if (mistake !== undefined) throw mistake;
  return structuredClone(given);
}

/** All that is wrong with options, which have the place `place` where they are a part of something. */
export function mistakesIn<T>(
  set: OptionSet<T>,
  given: unknown,
  place?: string,
): readonly InvalidArgumentError[] {
  const whole = place ?? 'options';
  if (!isObject(given)) return [wrongType(whole, 'an object', given)];
  const fieldOf = (name: string) => (place === undefined ? name : `${place}.${name}`);
  return [
    ...unknownIn(given, new Set(Object.keys(set)), whole),
    ...Object.entries<Rule>(set).flatMap(([name, rule]) => rule(fieldOf(name), given[name], given)),
  ];
}

function unknownIn(
  given: Fields,
  known: ReadonlySet<string>,
  place: string,
): readonly InvalidArgumentError[] {
  return Object.keys(given).flatMap(name => mistakeOf(() => validateObject(place, { [name]: true }, known)));
}

function mistakeOf(validate: () => unknown): readonly InvalidArgumentError[] {
  try {
    validate();
    return [];
  } catch (error) {
    return [error as InvalidArgumentError];
  }
}
