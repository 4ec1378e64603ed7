import { IpvsError, type IpvsErrorCode } from '../model/errors.ts';
import type { ErrorContext } from './error-context.ts';

/** The error of a call that ends before its answer. */
function abandoned(
  context: ErrorContext,
  code: IpvsErrorCode,
  why: string,
  sent: boolean,
  cause?: unknown,
): IpvsError {
  const outcome = sent ? 'it was sent, and its outcome is unknown' : 'it was not sent, and has no effect';
  const { command, service, destination } = context;
  return new IpvsError(code, `${command}: ${why}; ${outcome}`, {
    command,
    service,
    destination,
    sent,
    cause,
  });
}

/** The error of a call that missed its deadline. */
export function timedOut(context: ErrorContext, sent: boolean): IpvsError {
  return abandoned(context, 'ERR_IPVS_TIMEOUT', 'no answer before the deadline', sent);
}

/** The error of a call whose signal was aborted for `reason`. */
export function aborted(context: ErrorContext, reason: unknown, sent: boolean): IpvsError {
  return abandoned(context, 'ERR_IPVS_ABORTED', 'aborted', sent, reason);
}
