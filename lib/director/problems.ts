import type { Happening } from './event-types.ts';
import type { Problem } from './types.ts';

/** What stands in a director's way at present. */
export interface Problems {
  readonly list: () => readonly Problem[];
  /** Notes that something does. The same again is no news. */
  begin(code: Problem['code'], message: string): void;
  /** Notes that it does not any more. */
  end(code: Problem['code']): void;
}

export function createProblems(now: () => number, emit: (event: Happening) => void): Problems {
  const problems = new Map<Problem['code'], Problem>();
  return {
    list: () => [...problems.values()],
    begin(code, message) {
      const known = problems.get(code);
      if (known?.message === message) return;
      const problem = { code, message, since: known?.since ?? now() };
      problems.set(code, problem);
      emit({ type: 'problem', problem, isOver: false });
    },
    end(code) {
      const problem = problems.get(code);
      if (problem === undefined) return;
      problems.delete(code);
      emit({ type: 'problem', problem, isOver: true });
    },
  };
}
