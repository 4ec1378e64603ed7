import { checkInteger, wrongType } from './misuse.ts';

/** The longest timer Node has. */
export const MAX_DELAY = 0x7fff_ffff;

/** What every call takes last. */
export interface CallOptions {
  /** Gives the call up: before it was sent it has no effect; after that its outcome is unknown. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the call rejects with ERR_IPVS_TIMEOUT, 1 to 2147483647. Default: the client's, 5000. */
  readonly timeout?: number | undefined;
}

/** Throws where an option is not what it should be. */
export function checkOptions({ signal, timeout }: CallOptions): void {
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw wrongType('options.signal', 'an AbortSignal', signal);
  }
  if (timeout !== undefined) checkInteger('options.timeout', timeout, 1, MAX_DELAY);
}
