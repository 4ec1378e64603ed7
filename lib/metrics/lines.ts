/**
 * Lines of text that each end with a number. They are kept from one scrape to the next, and what changed is
 * written over: a number of as many digits costs a few nanoseconds, one more digit moves what is behind it.
 * To put such lines together anew takes a multiple of reading the table they are about.
 */
export interface Lines {
  /** UTF-8, until the next update. */
  readonly bytes: Uint8Array;
  /** Line i gets `values[from + i]`: whole numbers, 0 to 2^64. */
  update(values: Float64Array, from: number): void;
}

const ZERO = 0x30;
const NEWLINE = 0x0a;

/** The most digits that a number has: those of 2^64. */
const MOST_DIGITS = 20;

/** Where lines are put together whose numbers have grown or shrunk. */
let scratch = new Uint8Array(0);

/** Makes lines of their beginnings, for numbers that are 0 to begin with. */
export function createLines(beginnings: readonly string[]): Lines {
  const rows = beginnings.length;
  const initial = Buffer.from(beginnings.map(beginning => `${beginning} 0\n`).join(''));
  const buffer = new Uint8Array(initial.length + rows * (MOST_DIGITS - 1));
  buffer.set(initial);
  let length = initial.length;
  /** The end of each line, behind its newline. */
  const ends = new Uint32Array(rows);
  const widths = new Uint8Array(rows).fill(1);
  const values = new Float64Array(rows);
  let end = 0;
  for (let row = 0; row < rows; row++) {
    end = initial.indexOf(NEWLINE, end) + 1;
    ends[row] = end;
  }

  /** Writes the numbers whose width stays; returns the first row whose does not, or that of none. */
  function writeInPlace(next: Float64Array, from: number): number {
    for (let row = 0; row < rows; row++) {
      const value = next[from + row]!;
      if (value === values[row]) continue;
      const width = widthOf(value);
      if (width !== widths[row]) return row;
      values[row] = value;
      writeDigits(buffer, ends[row]! - 1, value, width);
    }
    return rows;
  }

  function writeMoving(next: Float64Array, from: number, first: number): void {
    if (scratch.length < buffer.length) scratch = new Uint8Array(buffer.length);
    const start = first === 0 ? 0 : ends[first - 1]!;
    /** What of the old lines was not copied yet begins here, and goes there. */
    let source = start;
    let target = 0;
    for (let row = first; row < rows; row++) {
      const value = next[from + row]!;
      const lineEnd = ends[row]!;
      const width = value === values[row] ? widths[row]! : widthOf(value);
      if (width === widths[row]) {
        if (value !== values[row]) {
          values[row] = value;
          writeDigits(buffer, lineEnd - 1, value, width);
        }
        ends[row] = start + target + lineEnd - source;
        continue;
      }
      const digits = lineEnd - 1 - widths[row]!;
      scratch.set(buffer.subarray(source, digits), target);
      target += digits - source + width + 1;
      writeDigits(scratch, target - 1, value, width);
      scratch[target - 1] = NEWLINE;
      source = lineEnd;
      values[row] = value;
      widths[row] = width;
      ends[row] = start + target;
    }
    scratch.set(buffer.subarray(source, length), target);
    target += length - source;
    buffer.set(scratch.subarray(0, target), start);
    length = start + target;
  }

  return {
    get bytes() {
      return buffer.subarray(0, length);
    },
    update(next, from) {
      const moving = writeInPlace(next, from);
      if (moving < rows) writeMoving(next, from, moving);
    },
  };
}

function widthOf(value: number): number {
  let width = 1;
  for (let power = 10; value >= power; power *= 10) width++;
  return width;
}

const BILLION = 1e9;

/** Writes a number's digits so that they end before `end`. */
function writeDigits(buffer: Uint8Array, end: number, value: number, width: number): void {
  if (value > Number.MAX_SAFE_INTEGER) {
    const text = BigInt(value).toString();
    for (let i = 0; i < width; i++) buffer[end - width + i] = text.charCodeAt(i);
    return;
  }
  let at = end;
  let left = width;
  let rest = value;
  // Divisions of small integers take a fraction of the time of those of numbers above 2^31.
  while (left > 9) {
    let high = Math.floor(rest / BILLION);
    let low = rest - high * BILLION;
    if (low < 0) {
      high--;
      low += BILLION;
    }
    at = writeSmall(buffer, at, low | 0, 9);
    left -= 9;
    rest = high;
  }
  writeSmall(buffer, at, rest | 0, left);
}

function writeSmall(buffer: Uint8Array, end: number, value: number, width: number): number {
  let at = end;
  let rest = value;
  for (let i = 0; i < width; i++) {
    const next = (rest / 10) | 0;
    buffer[--at] = ZERO + rest - next * 10;
    rest = next;
  }
  return at;
}
