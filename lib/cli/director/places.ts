import type { DesiredProblem } from '../../reconcile/problems.ts';

/** The problem that a validator's error is, whose message opens with the place `from`: in the file that is `to`. */
export function problemOf({ message }: Error, from: string, to: string): DesiredProblem {
  return problemAtOpening(`${to}${message.slice(from.length)}`, to);
}

/** The problem of a message that opens with its place, which is `around` or within it. */
export function problemAtOpening(message: string, around: string): DesiredProblem {
  return atOption({ path: /^[\w.[\]]+/.exec(message)?.[0] ?? around, message });
}

/** The same problem, of an option that something does not have at the option instead of around it. */
export function atOption({ path, message }: DesiredProblem): DesiredProblem {
  const [, option] = /^\S+ has no option '([^']+)'/.exec(message) ?? [];
  return { path: option === undefined || path.endsWith(`.${option}`) ? path : `${path}.${option}`, message };
}
