import { type CallOptions, Ipvs, type IpvsError, type IpvsOptions } from '../../../lib/index.ts';
import type { Rows } from './rows.ts';

/** What all actors share. */
export interface Stage {
  readonly netns: string;
  /** Rows that no actor changes. Every list has them. */
  readonly fixed: Rows;
  /** Operations that were answered so far. */
  operations: number;
  /** What each actor has done so far, by its name. */
  readonly steps: Map<string, number>;
  /** Errors that were expected, by their codes. */
  readonly refused: Map<string, number>;
  /** What is wrong, a sentence each. */
  readonly defects: string[];
}

/** One of those who use the library at once. */
export interface Actor {
  readonly name: string;
  /** What its rows must be when it rests; none where it only reads. */
  readonly rows?: Rows;
  /** Does something, and ends with every call answered. */
  step(): Promise<void>;
}

const TIMEOUT = 60_000;

export function open(stage: Stage, options: IpvsOptions = {}): Ipvs {
  return new Ipvs({ netns: stage.netns, timeout: TIMEOUT, ...options });
}

/** A whole number from 0 on, below `limit`. */
export const below = (limit: number): number => Math.floor(Math.random() * limit);
export const chance = (probability: number): boolean => Math.random() < probability;
export const oneOf = <T>(values: readonly T[]): T => values[below(values.length)]!;

/** Awaits an operation. An error of these codes is an answer too, and returned; another is a defect. */
export async function answer<T>(
  stage: Stage,
  what: string,
  promise: Promise<T>,
  codes: readonly string[] = [],
): Promise<{ readonly value: T } | { readonly error: IpvsError }> {
  try {
    return { value: await promise };
  } catch (reason) {
    const error = reason as IpvsError;
    const code = String(error.code ?? error.name);
    stage.refused.set(code, (stage.refused.get(code) ?? 0) + 1);
    if (!codes.includes(code)) stage.defects.push(`${what}: ${error.stack}`);
    return { error };
  } finally {
    stage.operations++;
  }
}

/** Makes a call that is given up some milliseconds after, if it has no answer by then. */
export async function abortable<T>(call: (options: CallOptions) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), below(4));
  try {
    return await call({ signal: controller.signal });
  } finally {
    clearTimeout(timer);
  }
}
