/** A check that fails, for the question whether it can be believed. */
export interface Failing {
  readonly key: string;
  /** Since when, in the clock's milliseconds. */
  readonly since: number;
}

/** What makes the director doubt itself instead of the servers. */
export interface SuspicionPolicy {
  /** The part of all checks above which it is more likely the director's own trouble. */
  readonly share: number;
  /** With fewer checks nothing follows from how many fail. */
  readonly least: number;
  /** Milliseconds for which failures are not believed. */
  readonly hold: number;
}

/** Failures that are not believed for now. */
export interface Suspicion {
  /** Checks that failed so. */
  readonly held: ReadonlySet<string>;
  /** How many checks there are. */
  readonly of: number;
  /** When the first of them has to be looked at again; undefined: none is held. */
  readonly until: number | undefined;
}

/**
 * Which failures are not believed: those of the last `hold` milliseconds where more than `share` of all checks
 * failed in that time. What goes on for longer is true. `of`: how many checks there are.
 */
export function suspect(
  failing: readonly Failing[],
  of: number,
  now: number,
  { share, least, hold }: SuspicionPolicy,
): Suspicion {
  const fresh = failing.filter(({ since }) => now - since < hold);
  if (of < least || fresh.length <= share * of) return { held: new Set(), of, until: undefined };
  const since = fresh.reduce((first, failure) => Math.min(first, failure.since), now);
  return { held: new Set(fresh.map(({ key }) => key)), of, until: since + hold };
}

/** Nothing is held. */
export const trusting: Suspicion = { held: new Set(), of: 0, until: undefined };
