import { type Family, headOf } from './format.ts';
import { createLines, type Lines } from './lines.ts';
import type { Pace } from './pace.ts';
import type { CounterSample, Source } from './source.ts';
import type { MetricsFormat } from './types.ts';

/** The rows of one piece of a page: it is worked on in one go. */
const ROWS = 1000;

/** The series of one family, in pieces. */
export interface Page {
  /** Brings the text up to date with a sample. */
  update(sample: CounterSample, pace: Pace): Promise<void>;
  /** The text in pieces, valid until the next update; none without series. */
  pieces(format: MetricsFormat): readonly Uint8Array[];
}

/** Makes a page for series with these labels. Its text is made when it is first updated. */
export function createPage(family: Family, labels: readonly string[], source: Source): Page {
  const values = new Float64Array(labels.length);
  const parts: Lines[] = [];
  const heads: Partial<Record<MetricsFormat, Uint8Array>> = {};
  return {
    async update(sample, pace) {
      for (let row = 0; row < labels.length; row += ROWS) {
        if (pace.isDue()) await pace.rest();
        const to = Math.min(row + ROWS, labels.length);
        parts[row / ROWS] ??= createLines(labels.slice(row, to).map(label => `${family.name}${label}`));
        if (source.write(sample, values, row, to)) parts[row / ROWS]!.update(values, row);
      }
    },
    pieces(format) {
      if (parts.length === 0) return [];
      heads[format] ??= Buffer.from(headOf(family, format));
      return [heads[format], ...parts.map(({ bytes }) => bytes)];
    },
  };
}
