import { IpvsError, type IpvsErrorCode } from '../model/errors.ts';
import type { About } from './kernel-error.ts';

/** The error of a call that was not waited for to its end. */
function givenUp(about: About, code: IpvsErrorCode, why: string, sent: boolean, cause?: unknown): IpvsError {
  const outcome = sent ? 'it was sent, and its outcome is unknown' : 'it was not sent, and has no effect';
  const { command, service, destination } = about;
  return new IpvsError(code, `${command}: ${why}; ${outcome}`, {
    command,
    service,
    destination,
    sent,
    cause,
  });
}

/** The error of a call that missed its deadline. */
export function timedOut(about: About, sent: boolean): IpvsError {
  return givenUp(about, 'ERR_IPVS_TIMEOUT', 'no answer before the deadline', sent);
}

/** The error of a call whose signal was aborted for `reason`. */
export function aborted(about: About, reason: unknown, sent: boolean): IpvsError {
  return givenUp(about, 'ERR_IPVS_ABORTED', 'aborted', sent, reason);
}
