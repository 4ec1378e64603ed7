import type { Size } from '../plan.ts';
import type { Blocks, Measurement } from '../records.ts';

/** What the process that is measured is told to do, and what it answers. */
export interface Requests {
  /** Which of the works its library has. */
  readonly list: { readonly ask: Record<never, never>; readonly answer: readonly string[] };
  /** Does one work once. A namespace seen first gets a client of its own. */
  readonly run: {
    readonly ask: {
      readonly work: string;
      readonly netns: string;
      readonly size: Size;
      readonly watched: boolean;
    };
    readonly answer: Measurement;
  };
  /** Reads again and again: memory of JavaScript's in use, after warm-up and after each fifth. */
  readonly heap: {
    readonly ask: {
      readonly work: string;
      readonly netns: string;
      readonly size: Size;
      readonly reads: number;
    };
    readonly answer: readonly number[];
  };
  /** Writes for a while. */
  readonly contend: {
    readonly ask: {
      readonly netns: string;
      readonly size: Size;
      readonly duration: number;
      readonly pause: number;
    };
    readonly answer: Blocks;
  };
  /** The most memory it ever took, in KiB. */
  readonly memory: { readonly ask: Record<never, never>; readonly answer: number };
}

export type Kind = keyof Requests;

export type Request = { [K in Kind]: { readonly kind: K } & Requests[K]['ask'] }[Kind];

export type Answer = { readonly value: unknown } | { readonly error: string };
