/** Milliseconds after which what failed is tried again, at first and at most. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 30_000;

/** How long to wait before what failed once more is tried again: `failures` came before. */
export function pauseAfter(failures: number): number {
  return Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** failures);
}
