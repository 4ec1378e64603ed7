/** A time at which the event loop was late, and by how much. */
export interface Lateness {
  readonly time: number;
  readonly by: number;
}

/** A check that failed, for the question whether the event loop may be to blame. Times are in milliseconds. */
export interface Failure {
  /** The same for all results of one check, and for those of no other. */
  readonly of: object;
  /** Whether it failed only because no answer had come in time. Whatever else came was an answer. */
  readonly timedOut: boolean;
  readonly time: number;
  /** How long it took, from its begin to `time`. */
  readonly ms: number;
}

/** The event loop is to blame when a server had less than this part of a check's time. */
const LEAST_SHARE = 1 / 2;

/**
 * Whether a check may have failed only because the event loop was late: the server had less than half of the time,
 * for its answer waited to be read, or the question to be sent. A loop that was late by less explains nothing: on a
 * busy machine that is every check, and a silent server would never be taken out.
 */
export function mayBeLate({ timedOut, time, ms }: Omit<Failure, 'of'>, lates: readonly Lateness[]): boolean {
  if (!timedOut) return false;
  const stood = lates.reduce((sum, late) => {
    const overlap = Math.min(late.time, time) - Math.max(late.time - late.by, time - ms);
    return sum + Math.max(0, overlap);
  }, 0);
  return ms - stood < ms * LEAST_SHARE;
}

/** Decides which failures are void, and remembers since when. */
export interface Excuses {
  /** Whether a failure does not count. */
  isVoid(failure: Failure, lates: readonly Lateness[]): boolean;
  /** Notes that a check has passed. */
  passed(of: object): void;
}

/** What a late event loop excuses, it excuses for `hold` milliseconds at most: what goes on for longer is true. */
export function createExcuses(hold: number): Excuses {
  /** When the first failure of a row was void that has had none that counted. */
  const since = new WeakMap<object, number>();
  return {
    isVoid(failure, lates) {
      const { of, time } = failure;
      const first = since.get(of) ?? time;
      if (mayBeLate(failure, lates) && time - first < hold) {
        since.set(of, first);
        return true;
      }
      return false;
    },
    passed: of => void since.delete(of),
  };
}
