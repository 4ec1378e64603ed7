import { validateBoolean, validateInteger, validateObject, wrongType } from '../model/arguments.ts';

/** The longest timer that Node.js has, in milliseconds. */
export const MAX_DELAY = 0x7fff_ffff;

/** What every call takes last. */
export interface CallOptions {
  /** Gives the call up: before it was sent it has no effect; after that its outcome is unknown. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Milliseconds until the call rejects with ERR_IPVS_TIMEOUT, 1 to 2147483647. Default: the client's, 5000.
   */
  readonly timeout?: number | undefined;
}

/** What reading calls take last. */
export interface ReadOptions extends CallOptions {
  /** Statistics as bigints, exact beyond 2^53. */
  readonly bigint?: boolean | undefined;
}

/**
 * What `connections()` takes. An aborted signal ends the iteration too, with ERR_IPVS_ABORTED; `timeout` is
 * for opening the table.
 */
export interface ConnectionsOptions extends CallOptions {
  /**
   * Tells whether an entry came from a master's sync message; the kernel then leaves out the persistence
   * engine.
   */
  readonly origin?: boolean | undefined;
}

/**
 * The type of a counter under these options: bigint for `{ bigint: true }`, number for false or absent, both
 * when the type leaves it open.
 */
export type Counting<O extends ReadOptions> = 'bigint' extends keyof O
  ? O extends { readonly bigint: true }
    ? bigint
    : O extends { readonly bigint?: false | undefined }
      ? number
      : number | bigint
  : number;

/** The options a call takes: those of CallOptions, and flags, each true or false. */
export interface OptionSet {
  readonly keys: ReadonlySet<string>;
  readonly flags: readonly string[];
}

function optionSet<O extends CallOptions>(
  flags: Readonly<Record<Exclude<keyof O, keyof CallOptions>, 'flag'>>,
): OptionSet {
  const names = Object.keys(flags);
  return { keys: new Set(['signal', 'timeout', ...names]), flags: names };
}

const callOptions = optionSet<CallOptions>({});
export const readOptions = optionSet<ReadOptions>({ bigint: 'flag' });
export const connectionsOptions = optionSet<ConnectionsOptions>({ origin: 'flag' });

/** Reads what every call takes, each field once. Throws at unknown options and wrong types. */
export function validateOptions(
  options: CallOptions,
  { keys, flags }: OptionSet = callOptions,
): Required<CallOptions> {
  validateObject('options', options, keys);
  const { signal, timeout } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw wrongType('options.signal', 'an AbortSignal', signal);
  }
  if (timeout !== undefined) validateInteger('options.timeout', timeout, 1, MAX_DELAY);
  for (const name of flags) {
    const flag: unknown = options[name as keyof CallOptions];
    if (flag !== undefined) validateBoolean(`options.${name}`, flag);
  }
  return { signal, timeout };
}
