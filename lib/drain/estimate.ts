/** Estimates when a count will have come to nothing. */
export interface Estimator {
  /** Takes the count at a time; returns how long it will take from then on, undefined where nothing tells. */
  add(time: number, count: number): number | undefined;
}

/** How many looks back the slope is taken from. */
const WINDOW = 30;

/** Estimates by the slope of the last looks, a straight line through all of them. */
export function createEstimator(): Estimator {
  const times: number[] = [];
  const counts: number[] = [];
  return {
    add(time, count) {
      times.push(time);
      counts.push(count);
      if (times.length > WINDOW) {
        times.shift();
        counts.shift();
      }
      if (count === 0) return 0;
      const slope = slopeOf(times, counts);
      return slope < 0 ? Math.round(count / -slope) : undefined;
    },
  };
}

/** The slope of the straight line that is nearest to points: 0 where they stand at one time. */
function slopeOf(xs: readonly number[], ys: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanX, meanY] = [mean(xs), mean(ys)];
  let covariance = 0;
  let variance = 0;
  for (const [i, x] of xs.entries()) {
    covariance += (x - meanX) * (ys[i]! - meanY);
    variance += (x - meanX) ** 2;
  }
  return variance === 0 ? 0 : covariance / variance;
}
