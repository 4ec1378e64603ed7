/** The size of a measured table: its services, and the destinations in each. */
export interface Size {
  readonly services: number;
  readonly destinations: number;
}

/**
 * A size, how often it is measured, and how often its table is built and read in each round. Programs that
 * are many times slower than the others take part every third time.
 */
export interface SizePlan extends Size {
  readonly rounds: number;
  readonly writes: number;
  readonly reads: number;
  /** Whether programs that take half a millisecond for a row take part. */
  readonly slowPrograms: boolean;
}

/** A table on which command lines are run by ipvsadm and by ours: lists alone, or writes as well. */
export interface CommandPlan extends Size {
  readonly what: 'all' | 'lists';
  readonly rounds: number;
}

/** The plan of one run of the benchmark. */
export interface Plan {
  readonly sizes: readonly SizePlan[];
  /** The number of reads of a small table after which the heap must not have grown. */
  readonly heapReads: number;
  /** The lengths of the lists that are read in chunks of every size. */
  readonly fits: readonly number[];
  /** The number of processes whose beginning is measured. */
  readonly starts: number;
  /** Milliseconds of writes beside a program that reads and changes a large table. */
  readonly contention: number;
  readonly commands: readonly CommandPlan[];
  /** The table of the director whose checks are measured; undefined: they are not. */
  readonly directed: Size | undefined;
  /** The table of which texts of metrics are made without a kernel; undefined: none are. */
  readonly scraped: Size | undefined;
}

/** The size that most goals are about. */
export const usual: Size = { services: 1000, destinations: 10 };
export const small: Size = { services: 10, destinations: 3 };
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
  starts: 15,
  contention: 5000,
  commands: [
    { ...small, what: 'all', rounds: 9 },
    { ...usual, what: 'lists', rounds: 5 },
  ],
  directed: usual,
  scraped: usual,
};

/** The usual size alone, in full: what README shows. */
export const usualPlan: Plan = {
  ...fullPlan,
  sizes: fullPlan.sizes.slice(0, 1),
  fits: [],
  directed: undefined,
};

const nothing: Plan = {
  sizes: [],
  heapReads: 0,
  fits: [],
  contention: 0,
  starts: 0,
  commands: [],
  directed: undefined,
  scraped: undefined,
};

/** The command alone, which takes a minute. */
export const commandPlan: Plan = { ...nothing, commands: fullPlan.commands };

/** The director alone, which takes five. */
export const directorPlan: Plan = { ...nothing, directed: fullPlan.directed };

/** A short plan, which shows a change of a tenth. */
export const quickPlan: Plan = {
  sizes: [{ ...usual, rounds: 3, writes: 3, reads: 9, slowPrograms: false }],
  heapReads: 1000,
  fits: [],
  starts: 9,
  contention: 1000,
  commands: [{ ...small, what: 'all', rounds: 5 }],
  directed: undefined,
  scraped: usual,
};

/** The contestant that does nothing. Its start is a part of every command's. */
export const EMPTY_PROGRAM = 'empty program of Node.js';

/** A size as tables name it: `1,000 x 10`. */
export function sizeName({ services, destinations }: Size): string {
  return `${services.toLocaleString('en-US')} x ${destinations.toLocaleString('en-US')}`;
}

export function sameSize(a: Size, b: Size): boolean {
  return a.services === b.services && a.destinations === b.destinations;
}
