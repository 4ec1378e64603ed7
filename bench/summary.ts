import { type Size, sameSize } from './plan.ts';
import type { BenchRecord, Measurement, Memory, Sample, Task } from './records.ts';

/** The medians of one contestant's runs of one task at one size. Times in milliseconds, memory in KiB. */
export interface Row {
  readonly size: Size;
  readonly task: Task;
  readonly contestant: string;
  readonly runs: number;
  readonly wall: number;
  /** Microseconds of the wall's clock for each row read or operation made. */
  readonly each: number;
  /** How many times as long as the floor's runs beside these. */
  readonly ratio: number;
  /**
   * The same of first runs: reads that know nothing of the table yet, or writes of a process that has
   * compiled nothing yet.
   */
  readonly firstRatio?: number | undefined;
  readonly cpu: number;
  readonly thread?: number | undefined;
  /** The longest event-loop delay, and how long the run took in which it was watched. */
  readonly delay?: number | undefined;
  readonly watchedWall?: number | undefined;
  readonly startMemory?: number | undefined;
  readonly peakMemory?: number | undefined;
}

/** What everybody is held against. */
export const FLOOR = 'floor';

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function medianOf<T>(list: readonly T[], value: (item: T) => number | undefined): number | undefined {
  const values = list.map(value).filter(found => found !== undefined);
  return values.length === 0 ? undefined : median(values);
}

const isWatched = ({ delay }: Measurement) => delay !== undefined;

/**
 * How many times as long as the floor, each run held against the floor's run beside it: what slows the
 * machine down slows both.
 */
function ratioTo(floor: ReadonlyMap<number, number>, samples: readonly Sample[]): number | undefined {
  return medianOf(samples, ({ wall, beside }) => {
    const reference = floor.get(beside);
    return reference === undefined ? undefined : wall / reference;
  });
}

/** One row for each size, task and contestant, in the order they were measured in. */
export function summarize(records: readonly BenchRecord[]): readonly Row[] {
  const samples = records.filter(record => record.kind === 'sample');
  const memories = records.filter(record => record.kind === 'memory');
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { size, task, contestant } = sample;
    const key = JSON.stringify([size, task, contestant]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [sample]);
    else group.push(sample);
  }
  return [...groups.values()].map(group => {
    const { size, task } = group[0]!;
    const floor = new Map(
      samples
        .filter(other => other.contestant === FLOOR && other.task === task && sameSize(other.size, size))
        .map(({ beside, wall }) => [beside, wall]),
    );
    return toRow(group, floor, memories);
  });
}

function toRow(
  group: readonly Sample[],
  floor: ReadonlyMap<number, number>,
  memories: readonly Memory[],
): Row {
  const { size, task, contestant, operations } = group[0]!;
  const plain = group.filter(sample => !isWatched(sample));
  const warm = plain.filter(({ first }) => first === undefined);
  const counted = warm.length > 0 ? warm : plain;
  const wall = medianOf(counted, sample => sample.wall)!;
  const memory = memories.find(
    other => other.contestant === contestant && other.task === task && sameSize(other.size, size),
  );
  return {
    size,
    task,
    contestant,
    runs: counted.length,
    wall,
    each: (wall * 1000) / operations,
    ratio: ratioTo(floor, counted) ?? Number.NaN,
    firstRatio: ratioTo(
      floor,
      plain.filter(({ first }) => first === (task === 'read' || task === 'services' ? 'table' : 'process')),
    ),
    cpu: medianOf(counted, sample => sample.cpu)!,
    thread: medianOf(counted, sample => sample.thread),
    delay: medianOf(group.filter(isWatched), sample => sample.delay),
    watchedWall: medianOf(group.filter(isWatched), sample => sample.wall),
    startMemory: memory?.start,
    peakMemory: memory?.peak,
  };
}

/**
 * How unquiet the machine was: by how much the middle half of the floor's runs of one task spread, as a
 * share, where they spread most. Nothing in the floor changes from one run to the next.
 */
export function unrest(records: readonly BenchRecord[]): number {
  const groups = new Map<string, number[]>();
  for (const record of records) {
    if (record.kind !== 'sample' || record.contestant !== FLOOR) continue;
    const key = JSON.stringify([record.size, record.task]);
    groups.set(key, [...(groups.get(key) ?? []), record.wall]);
  }
  const spreads = [...groups.values()].map(walls => {
    const sorted = walls.sort((a, b) => a - b);
    const quarter = sorted.length >> 2;
    return sorted[sorted.length - 1 - quarter]! / sorted[quarter]! - 1;
  });
  return Math.max(0, ...spreads);
}

/** The row of a contestant at a size; undefined when it was not there. */
export function findRow(rows: readonly Row[], contestant: string, task: Task, size: Size): Row | undefined {
  return rows.find(row => row.contestant === contestant && row.task === task && sameSize(row.size, size));
}
