import { validateBoolean, validateInteger, validateObject, wrongType } from '../model/arguments.ts';

/** The longest timer Node has. */
export const MAX_DELAY = 0x7fff_ffff;

/** What every call takes last. */
export interface CallOptions {
  /** Gives the call up: before it was sent it has no effect; after that its outcome is unknown. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the call rejects with ERR_IPVS_TIMEOUT, 1 to 2147483647. Default: the client's, 5000. */
  readonly timeout?: number | undefined;
}

const callKeys: ReadonlySet<string> = new Set(['signal', 'timeout']);

/** Throws where an option is not what it should be, or none of `keys`. Those besides CallOptions are true or false. */
export function validateOptions(options: CallOptions, keys = callKeys): void {
  validateObject('options', options, keys);
  const { signal, timeout, ...flags } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw wrongType('options.signal', 'an AbortSignal', signal);
  }
  if (timeout !== undefined) validateInteger('options.timeout', timeout, 1, MAX_DELAY);
  for (const [name, flag] of Object.entries(flags)) {
    if (flag !== undefined) validateBoolean(`options.${name}`, flag);
  }
}
