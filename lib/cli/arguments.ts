import type { Shell } from './terminal.ts';

/** The words and options that a command was given. */
export interface Arguments {
  readonly words: readonly string[];
  /** By their names without dashes: true, or the value of those that take one. */
  readonly options: Readonly<Record<string, boolean | string | undefined>>;
}

/** Runs a command, and returns the exit status. */
export type Run = (given: Arguments, shell: Shell) => Promise<number>;

/** The exit status of a command that was written wrong. */
export const MISUSED = 2;

/** A mistake in how a command was written. */
export interface MisuseError extends Error {
  readonly code: 'MISUSE';
}

export function misuse(message: string): MisuseError {
  return Object.assign(new Error(message), { code: 'MISUSE' } as const);
}

/** Whether an error is a `MisuseError`. */
export function isMisuse(error: unknown): error is MisuseError {
  return (error as Partial<MisuseError>).code === 'MISUSE';
}

/** An option's value; undefined where it was not given. */
export function textOf({ options }: Arguments, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

/** An option's whole number. Throws at anything else. */
export function numberOf(given: Arguments, name: string): number | undefined {
  const text = textOf(given, name);
  if (text === undefined) return undefined;
  if (!/^\d{1,10}$/.test(text)) throw misuse(`--${name} takes a whole number, not '${text}'`);
  return Number(text);
}

/** Whether an option without a value was given. */
export function isGiven({ options }: Arguments, name: string): boolean {
  return options[name] === true;
}
