/** Which series each row of a table belongs to. Rows of the same labels are one series. */
export interface Groups {
  /** The series of each row; -1 for none. */
  readonly ofRow: Int32Array;
  /** The labels of each series, as a text. */
  readonly labels: readonly string[];
  /** The series by their labels. */
  readonly byLabels: ReadonlyMap<string, number>;
  /** `rows`: row i is series i, all of them. `some`: a series is one row. `shared`: one may be several. */
  readonly kind: 'rows' | 'some' | 'shared';
  /** How many more there would be without a limit. */
  readonly dropped: number;
}

/** Puts rows together by their labels, one after another. */
export interface Grouping {
  /** The next row's labels; undefined for one that has no series. */
  add(labels: string | undefined): void;
  /** What all rows come to. */
  groups(): Groups;
}

/** Begins to put `rows` rows together. At most `most` series are made. */
export function createGrouping(rows: number, most: number): Grouping {
  const ofRow = new Int32Array(rows).fill(-1);
  const byLabels = new Map<string, number>();
  const dropped = new Set<string>();
  let row = -1;
  let isShared = false;
  return {
    add(labels) {
      row++;
      if (labels === undefined) return;
      let group = byLabels.get(labels);
      if (group === undefined) {
        if (byLabels.size >= most) {
          dropped.add(labels);
          return;
        }
        group = byLabels.size;
        byLabels.set(labels, group);
      } else {
        isShared = true;
      }
      ofRow[row] = group;
    },
    groups: () => ({
      ofRow,
      labels: [...byLabels.keys()],
      byLabels,
      kind: byLabels.size === rows ? 'rows' : isShared ? 'shared' : 'some',
      dropped: dropped.size,
    }),
  };
}

/** What a gauge of each series is: the sum of its rows'. */
export function sumGauge({ ofRow }: Groups, column: Uint32Array, into: Float64Array): void {
  into.fill(0);
  for (let row = 0; row < ofRow.length; row++) {
    const group = ofRow[row]!;
    if (group >= 0) into[group]! += column[row]!;
  }
}

/** A counter of each series, from one read to the next. */
export interface Counters {
  /** Writes the counter of each series. */
  write(column: BigUint64Array, into: Float64Array): void;
}

/** Where the low and the high half of a 64-bit number are. */
const [LOW, HIGH] = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? [0, 1] : [1, 0];

const HALF = 2 ** 32;

/**
 * Reads a column without making a bigint of each number, which would take ten times as long. Beyond 2^53 the
 * last digits are lost: Prometheus' own numbers have no more.
 */
function halvesOf(column: BigUint64Array): Uint32Array {
  return new Uint32Array(column.buffer, column.byteOffset, column.length * 2);
}

/** Writes the counters of some rows, each to its own place. */
export function readCounters(column: BigUint64Array, into: Float64Array, from: number, to: number): void {
  const halves = halvesOf(column);
  for (let row = from; row < to; row++) into[row] = halves[2 * row + HIGH]! * HALF + halves[2 * row + LOW]!;
}

/** The counters of series that are one row each, where some rows have none: the kernel's own. */
export function rowCounters({ ofRow }: Groups): Counters {
  return {
    write(column, into) {
      const halves = halvesOf(column);
      for (let row = 0; row < column.length; row++) {
        const group = ofRow[row]!;
        if (group >= 0) into[group] = halves[2 * row + HIGH]! * HALF + halves[2 * row + LOW]!;
      }
    },
  };
}

/** Sums that are kept up to date for series of several rows. */
export interface Sums extends Counters {
  readonly groups: Groups;
  /** The sum of each series. */
  readonly sums: Float64Array;
  /** What each row had, by its key. */
  readonly keys: readonly string[];
  readonly previous: Float64Array;
  /** What rows had that are gone, and until when that counts. */
  readonly gone: ReadonlyMap<string, { readonly counted: number; readonly until: number }>;
}

/**
 * Milliseconds for which a row that is gone is remembered. The kernel keeps a removed destination for up to two
 * minutes (IP_VS_DEST_TRASH_PERIOD), and where it is added again within them it has its counters again.
 */
const REMEMBERED = 180_000;

/**
 * Counters of series of several rows. What a row has counted since the read before is added to its series, so
 * that a row that goes takes nothing with it: a sum that falls would be a counter that began anew to Prometheus,
 * which would count all of the rest again. A row that was zeroed in between has counted what it has. `time` is that
 * of a clock that only goes forward, in milliseconds.
 */
export function createSums(
  groups: Groups,
  keys: readonly string[],
  before: Sums | undefined,
  time: number,
): Sums {
  const sums = new Float64Array(groups.labels.length);
  const previous = new Float64Array(keys.length);
  const gone = new Map<string, { counted: number; until: number }>();
  if (before !== undefined) {
    for (const [group, labels] of groups.labels.entries()) {
      const old = before.groups.byLabels.get(labels);
      if (old !== undefined) sums[group] = before.sums[old]!;
    }
    for (const [key, one] of before.gone) if (one.until > time) gone.set(key, one);
    for (const [row, key] of before.keys.entries()) {
      // A row that had no series has not been counted yet, and so has its whole counter to bring.
      if (before.groups.ofRow[row]! < 0) continue;
      gone.set(key, { counted: before.previous[row]!, until: time + REMEMBERED });
    }
    for (const [row, key] of keys.entries()) {
      previous[row] = gone.get(key)?.counted ?? 0;
      gone.delete(key);
    }
  }
  return {
    groups,
    sums,
    keys,
    previous,
    gone,
    write(column, into) {
      const halves = halvesOf(column);
      for (let row = 0; row < column.length; row++) {
        const group = groups.ofRow[row]!;
        if (group < 0) continue;
        const now = halves[2 * row + HIGH]! * HALF + halves[2 * row + LOW]!;
        const then = previous[row]!;
        sums[group]! += now >= then ? now - then : now;
        previous[row] = now;
      }
      into.set(sums);
    },
  };
}
