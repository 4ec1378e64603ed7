import { type Size, sameSize } from './plan.ts';
import type { BenchRecord, Measurement, Memory, Sample, Task } from './records.ts';

/** The medians of one contestant's runs of one task at one size. Times in milliseconds, memory in KiB. */
export interface Row {
  readonly size: Size;
  readonly task: Task;
  readonly contestant: string;
  readonly runs: number;
  readonly wall: number;
  /** Microseconds of wall time for each row read or operation made. */
  readonly perOperation: number;
  /** The ratio of its wall time to the floor's in the same turns. */
  readonly ratio: number;
  /** The two ratios between which the middle half of the runs lies. */
  readonly ratioSpread?: readonly [low: number, high: number] | undefined;
  /**
   * The ratio of first runs: reads that know nothing of the table, or writes of a process without compiled
   * code.
   */
  readonly firstRatio?: number | undefined;
  readonly cpu: number;
  readonly thread?: number | undefined;
  /** The longest event-loop delay, and the wall time of the run in which it was watched. */
  readonly delay?: number | undefined;
  readonly watchedWall?: number | undefined;
  readonly startMemory?: number | undefined;
  readonly peakMemory?: number | undefined;
}

/** The contestant that all others are compared with. */
export const FLOOR = 'floor';

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Between which values the middle half lies. */
export function quartiles(values: readonly number[]): readonly [low: number, high: number] {
  const sorted = [...values].sort((a, b) => a - b);
  const quarter = sorted.length >> 2;
  return [sorted[quarter]!, sorted[sorted.length - 1 - quarter]!];
}

function medianOf<T>(list: readonly T[], value: (item: T) => number | undefined): number | undefined {
  const values = list.map(value).filter(found => found !== undefined);
  return values.length === 0 ? undefined : median(values);
}

/** How many times as long as theirs each of our runs took. */
export function ratiosOf(ours: readonly number[], theirs: readonly number[]): readonly number[] {
  return ours.map((wall, i) => wall / theirs[i]!);
}

const isWatched = ({ delay }: Measurement) => delay !== undefined;

/**
 * The ratios of runs to the floor's run of the same turn. What slows the machine down slows both runs of a
 * turn.
 */
function ratiosTo(floor: ReadonlyMap<number, number>, samples: readonly Sample[]): readonly number[] {
  return samples.flatMap(({ wall, turn }) => {
    const reference = floor.get(turn);
    return reference === undefined ? [] : [wall / reference];
  });
}

/** The rows of all records, one for each size, task and contestant, in the order of measuring. */
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
        .map(({ turn, wall }) => [turn, wall]),
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
  const ratios = ratiosTo(floor, counted);
  const isRead = task === 'read' || task === 'services';
  const firsts = plain.filter(({ first }) => first === (isRead ? 'table' : 'process'));
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
    perOperation: (wall * 1000) / operations,
    ratio: ratios.length === 0 ? Number.NaN : median(ratios),
    ratioSpread: ratios.length === 0 ? undefined : quartiles(ratios),
    firstRatio: medianOf(ratiosTo(floor, firsts), ratio => ratio),
    cpu: medianOf(counted, sample => sample.cpu)!,
    thread: medianOf(counted, sample => sample.thread),
    delay: medianOf(group.filter(isWatched), sample => sample.delay),
    watchedWall: medianOf(group.filter(isWatched), sample => sample.wall),
    startMemory: memory?.start,
    peakMemory: memory?.peak,
  };
}

/**
 * The machine's noise: by how much the middle half of the floor's runs of one task spread, as a share, for
 * the task where they spread most. The floor itself does the same in every run.
 */
export function noise(records: readonly BenchRecord[]): number {
  const groups = new Map<string, number[]>();
  for (const record of records) {
    if (record.kind !== 'sample' || record.contestant !== FLOOR) continue;
    const key = JSON.stringify([record.size, record.task]);
    groups.set(key, [...(groups.get(key) ?? []), record.wall]);
  }
  const spreads = [...groups.values()].map(walls => {
    const [low, high] = quartiles(walls);
    return high / low - 1;
  });
  return Math.max(0, ...spreads);
}

/** The row of a contestant at a size; undefined when the contestant did not take part. */
export function findRow(rows: readonly Row[], contestant: string, task: Task, size: Size): Row | undefined {
  return rows.find(row => row.contestant === contestant && row.task === task && sameSize(row.size, size));
}
