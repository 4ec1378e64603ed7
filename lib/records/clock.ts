/**
 * Milliseconds since boot (CLOCK_MONOTONIC): all processes count the same, nobody who sets the date moves it,
 * and it stands still while the machine sleeps, as the timers of connections do.
 */
export function sinceBoot(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}
