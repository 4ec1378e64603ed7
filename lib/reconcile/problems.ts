import { type ServiceId, serviceKey } from '../model/identity.ts';

/** What is wrong with a desired state at one place. */
export interface DesiredProblem {
  /** Where: `desired[3].destinations[1].weight`. */
  readonly path: string;
  /** What was found there and what would be right; begins with the path. */
  readonly message: string;
}

/** A desired state that is refused as a whole: a TypeError that knows every bad place. */
export interface DesiredError extends TypeError {
  /**
   * A desired state has mistakes, and is refused as a whole. The kernel has seen nothing of it.
   *
   * To do: Mend what `problems` lists: each has a path such as `desired[3].destinations[1].weight`.
   */
  readonly code: 'ERR_IPVS_DESIRED';
  /** Every mistake, in the order of the desired state. */
  readonly problems: readonly DesiredProblem[];
}

const LISTED = 20;

/** The error for all problems of a desired state. */
export function desiredError(problems: readonly DesiredProblem[]): DesiredError {
  const lines = problems.slice(0, LISTED).map(({ message }) => message);
  if (problems.length > LISTED) lines.push(`and ${problems.length - LISTED} more`);
  return Object.assign(new TypeError(lines.join('\n')), { code: 'ERR_IPVS_DESIRED', problems } as const);
}

/** The problem that an error about a field is, at the place of the row that has the field. */
export function problemAt(place: string, error: Error): DesiredProblem {
  // The library's validators open with the field: `service.port must be…`,
  // `destination.tunnel.port must be…`.
  const [, field = '', rest = error.message] =
    /^(?:service|destination)((?:\.\w+)*)(.*)$/s.exec(error.message) ?? [];
  const path = `${place}${field}`;
  return { path, message: rest === error.message ? `${path}: ${rest}` : `${path}${rest}` };
}

/** The problem of a row that stands twice. */
export function duplicate(place: string, what: string, first: string): DesiredProblem {
  return { path: place, message: `${place}: ${what} stands at ${first} already` };
}

/** The problem of a service that is desired and outside the caller's scope. */
export function outOfScope(place: string, service: ServiceId): DesiredProblem {
  const message = `${place}: service ${serviceKey(service)} is outside the scope that options.owns gives`;
  return { path: place, message };
}
