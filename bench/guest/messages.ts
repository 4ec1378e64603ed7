import type { Size } from '../plan.ts';
import type { Blocks, Measurement } from '../records.ts';

/** The requests to the measured process, and its answers. */
export interface Requests {
  /** Asks for the names of the works that its library supports. */
  readonly list: { readonly ask: Record<never, never>; readonly answer: readonly string[] };
  /** Does one work once. A new namespace gets a client of its own. */
  readonly run: {
    readonly ask: {
      readonly work: string;
      readonly netns: string;
      readonly size: Size;
      readonly watched: boolean;
    };
    readonly answer: Measurement;
  };
  /** Reads again and again. Answers JavaScript's memory in use after warm-up and after each fifth. */
  readonly heap: {
    readonly ask: {
      readonly work: string;
      readonly netns: string;
      readonly size: Size;
      readonly reads: number;
    };
    readonly answer: readonly number[];
  };
  /** Makes single writes for a while. */
  readonly contend: {
    readonly ask: {
      readonly netns: string;
      readonly size: Size;
      readonly duration: number;
      readonly pause: number;
    };
    readonly answer: Blocks;
  };
  /** Asks for the most memory that the process ever took, in KiB. */
  readonly memory: { readonly ask: Record<never, never>; readonly answer: number };
}

export type Kind = keyof Requests;

export type Request = { [K in Kind]: { readonly kind: K } & Requests[K]['ask'] }[Kind];

export type Answer = { readonly value: unknown } | { readonly error: string };
