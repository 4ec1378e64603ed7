/** A straight line through measures, by least squares. */
export interface Line {
  /** How much the line rises from the first measure to the last. */
  readonly rise: number;
  /** The standard error of that: how far the measures' own scatter may have moved it. */
  readonly error: number;
}

/** Fits a line through at least three points. */
export function fitLine(xs: readonly number[], ys: readonly number[]): Line {
  const count = xs.length;
  if (count < 3 || ys.length !== count) throw new RangeError('a line is fitted through three points or more');
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / count;
  const [middleX, middleY] = [mean(xs), mean(ys)];
  const spread = xs.reduce((sum, x) => sum + (x - middleX) ** 2, 0);
  const slope = xs.reduce((sum, x, i) => sum + (x - middleX) * (ys[i]! - middleY), 0) / spread;
  const scatter = xs.reduce((sum, x, i) => sum + (ys[i]! - middleY - slope * (x - middleX)) ** 2, 0);
  const span = xs.at(-1)! - xs[0]!;
  return { rise: slope * span, error: Math.sqrt(scatter / (count - 2) / spread) * span };
}

/**
 * Whether measures rise by more than `allowed`, and surely so: three standard errors above it. What rises in steps,
 * as V8's heap does when it compiles another function, scatters and is not taken for a leak, which rises steadily.
 */
export function rises({ rise, error }: Line, allowed: number): boolean {
  if (Number.isNaN(rise)) throw new RangeError('what was not measured cannot be judged');
  return rise - 3 * error > allowed;
}
