import type { Size } from './plan.ts';

/**
 * What is done: the whole table read, its services alone, the table added all at once, or one operation after
 * the other.
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
   * The longest time for which the event loop came to nothing else. Watching it costs, so this run's other
   * figures don't count.
   */
  readonly delay?: number;
  /**
   * The first run in its process, with all its code still to be compiled, or the first of a client that knows
   * nothing of the table.
   */
  readonly first?: 'process' | 'table';
}

/** A measurement, and what it belongs to. Samples with the same `beside` ran right after one another. */
export interface Sample extends Measurement {
  readonly kind: 'sample';
  readonly task: Task;
  readonly contestant: string;
  readonly size: Size;
  readonly operations: number;
  readonly beside: number;
}

/** Memory in KiB: what a process took at its start, before it did anything, and at most. */
export interface Memory {
  readonly kind: 'memory';
  readonly task: Task;
  readonly contestant: string;
  readonly size: Size;
  readonly start: number;
  readonly peak: number;
}

/**
 * Memory of JavaScript's in bytes, in use after garbage collection: after warm-up, then after each fifth of
 * many reads.
 */
export interface Heap {
  readonly kind: 'heap';
  readonly contestant: string;
  readonly reads: number;
  readonly used: readonly number[];
}

/** What single writes, one after another, did to the JavaScript thread. Times in milliseconds. */
export interface Blocks {
  readonly writes: number;
  /** The longest time that one write kept the thread. */
  readonly longest: number;
  /** What all writes kept of it, as a share of the time. */
  readonly share: number;
  /** The longest time until a write was answered. */
  readonly slowest: number;
}

/** Single writes alone, and beside a program that reads and changes a large table. */
export interface Contention {
  readonly kind: 'contention';
  readonly contestant: string;
  /** The same writes by a C program, alone: their share of its time. */
  readonly floor: number;
  readonly calm: Blocks;
  readonly beside: Blocks;
}

/** A service's destinations, read by the floor in chunks of one size again and again. */
export interface Fit {
  readonly kind: 'fit';
  readonly destinations: number;
  /** The most bytes in a chunk. */
  readonly chunk: number;
  /** Milliseconds for each destination. */
  readonly each: readonly number[];
}

/** What was measured on. */
export interface Machine {
  readonly kind: 'machine';
  readonly kernel: string;
  readonly node: string;
  readonly processors: number;
}

export type BenchRecord = Sample | Memory | Heap | Contention | Fit | Machine;
