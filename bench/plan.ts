/** The size of a table that is measured: its services, and the destinations in each. */
export interface Size {
  readonly services: number;
  readonly destinations: number;
}

/**
 * How often a size is measured, and how often its table is built and read in each round. Programs that are
 * many times slower than the others do so every third time: their figures need no more.
 */
export interface SizePlan extends Size {
  readonly rounds: number;
  readonly writes: number;
  readonly reads: number;
  /** Whether programs that take a good part of a millisecond for a row have their turn as well. */
  readonly slowPrograms: boolean;
}

/** What one run of the benchmark does. */
export interface Plan {
  readonly sizes: readonly SizePlan[];
  /** Reads of a small table, after which nothing may have grown. */
  readonly heapReads: number;
  /** Numbers of destinations that are read in chunks of every size: which size fits which list. */
  readonly fits: readonly number[];
  /** How long writes are made beside a program that reads and changes a large table, in milliseconds. */
  readonly contention: number;
}

/** The size that most goals are about. */
export const usual: Size = { services: 1000, destinations: 10 };
export const largest: Size = { services: 10_000, destinations: 10 };
export const oneService: Size = { services: 1, destinations: 10_000 };
export const manyServices: Size = { services: 10_000, destinations: 1 };

export const fullPlan: Plan = {
  sizes: [
    { ...usual, rounds: 5, writes: 4, reads: 9, slowPrograms: true },
    { ...oneService, rounds: 3, writes: 2, reads: 11, slowPrograms: true },
    { ...manyServices, rounds: 3, writes: 1, reads: 9, slowPrograms: true },
    { ...largest, rounds: 2, writes: 1, reads: 3, slowPrograms: false },
  ],
  heapReads: 10_000,
  fits: [5, 10, 15, 20, 40, 80, 160, 640, 2560],
  contention: 5000,
};

/** Enough to see a change of a tenth. */
export const quickPlan: Plan = {
  sizes: [{ ...usual, rounds: 3, writes: 3, reads: 9, slowPrograms: false }],
  heapReads: 1000,
  fits: [],
  contention: 1000,
};

/** The contestant that does nothing: what it takes to start, our command takes too. */
export const EMPTY_PROGRAM = 'empty program of Node.js';

/** `1,000 x 10`, as tables head it. */
export function sizeName({ services, destinations }: Size): string {
  return `${services.toLocaleString('en-US')} x ${destinations.toLocaleString('en-US')}`;
}

export function sameSize(a: Size, b: Size): boolean {
  return a.services === b.services && a.destinations === b.destinations;
}
