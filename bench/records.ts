import type { Size } from './plan.ts';

/**
 * A task: to read the whole table, to list its services, to add the table at once, or one operation at a
 * time.
 */
export type Task = 'read' | 'services' | 'add' | 'one';

/** One run of a task by a contestant. Times in milliseconds. */
export interface Measurement {
  readonly wall: number;
  /** The whole process's processor time. */
  readonly cpu: number;
  /** The JavaScript thread's own processor time. */
  readonly thread?: number;
  /**
   * The longest time for which the event loop was blocked. Watching it costs, so that this run's other
   * figures do not count.
   */
  readonly delay?: number;
  /**
   * Set for the first run of a process, whose code is yet to be compiled, and for the first of a client,
   * which knows nothing of the table.
   */
  readonly first?: 'process' | 'table';
}

/** A measurement, and what it belongs to. Samples of the same turn ran right after one another. */
export interface Sample extends Measurement {
  readonly kind: 'sample';
  readonly task: Task;
  readonly contestant: string;
  readonly size: Size;
  readonly operations: number;
  readonly turn: number;
}

/** The memory of a process in KiB: at its start, before it did anything, and at most. */
export interface Memory {
  readonly kind: 'memory';
  readonly task: Task;
  readonly contestant: string;
  readonly size: Size;
  readonly start: number;
  readonly peak: number;
}

/**
 * JavaScript's memory in bytes after garbage collection: after warm-up, then after each fifth of many reads.
 */
export interface Heap {
  readonly kind: 'heap';
  readonly contestant: string;
  readonly reads: number;
  readonly used: readonly number[];
}

/** The blocks of the JavaScript thread by single writes, one after another. Times in milliseconds. */
export interface Blocks {
  readonly writes: number;
  /** The longest time for which one write blocked the thread. */
  readonly longest: number;
  /** The time for which all writes blocked the thread, as a share. */
  readonly share: number;
  /** The longest time until a write was answered. */
  readonly slowest: number;
}

/** Single writes alone, and beside a program that reads and changes a large table. */
export interface Contention {
  readonly kind: 'contention';
  readonly contestant: string;
  /** The share of its time that a C program takes for the same writes, alone. */
  readonly floor: number;
  readonly alone: Blocks;
  readonly contended: Blocks;
}

/** The floor's reads of one list of destinations in chunks of one size. */
export interface Fit {
  readonly kind: 'fit';
  readonly destinations: number;
  /** The greatest length of a chunk in bytes. */
  readonly chunk: number;
  /** Milliseconds for each destination. */
  readonly perDestination: readonly number[];
}

/** The beginnings of processes, each of a process of its own. Milliseconds. */
export interface Start {
  readonly kind: 'start';
  readonly contestant: string;
  /** `import 'ipvs'`. */
  readonly imported: readonly number[];
  /** `info()`, with which the addon is loaded, and the client's thread and socket are made. */
  readonly called: readonly number[];
  /** `addService()` after that. */
  readonly written: readonly number[];
}

/** A command line that was run by ipvsadm and by ours in turn: whole processes, in milliseconds. */
export interface CommandRuns {
  readonly kind: 'command';
  readonly command: string;
  readonly size: Size;
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
}

/** What checks cost a process: milliseconds, and how many checks it made in them. */
export interface Checking {
  readonly checks: number;
  readonly wall: number;
  /** The process's processor time. */
  readonly cpu: number;
  /** The event loop's turns: 99 of 100 were late by less. */
  readonly delay: number;
}

/** Checks of a monitor alone and of a director, and how late servers that died were out. */
export interface Directing {
  readonly kind: 'director';
  readonly size: Size;
  readonly alone: Checking;
  readonly directed: Checking;
  /** From the last good check until weight 0, beyond an interval and a timeout, in milliseconds. */
  readonly deaths: readonly number[];
}

/** The same monitor's checks without a booted kernel, at the pace that they are meant for. */
export interface NativeChecking {
  readonly kind: 'checks';
  readonly checking: Checking;
  /** A process without checks, for its event loop's delay. */
  readonly idle: Checking;
}

/** The longest pieces of texts of metrics on the JavaScript thread, without a booted kernel, in milliseconds. */
export interface NativeScrapes {
  readonly kind: 'scrapes';
  readonly size: Size;
  /** Of each text; that of the first one has to be made as a whole. */
  readonly longest: readonly number[];
}

/** The machine of the measurements. */
export interface Machine {
  readonly kind: 'machine';
  readonly kernel: string;
  readonly node: string;
  readonly processors: number;
}

export type BenchRecord =
  | Sample
  | Memory
  | Heap
  | Contention
  | Fit
  | Start
  | CommandRuns
  | Directing
  | NativeChecking
  | NativeScrapes
  | Machine;
