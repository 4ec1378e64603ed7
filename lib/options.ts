import type { CallOptions } from './calls/options.ts';
import type { NetworkNamespace } from './namespace.ts';

/** What a client is made with. */
export interface IpvsOptions {
  /** The network namespace whose IPVS this is. Default: the one the process is in. */
  readonly netns?: NetworkNamespace | undefined;
  /** Milliseconds until a call without a `timeout` of its own rejects, 1 to 2147483647. Default 5000. */
  readonly timeout?: number | undefined;
  /**
   * Whether a single write of a destination, or of a service whose scheduler this client has used before, may be executed on the
   * JavaScript thread while the client is idle: it takes a few microseconds, a tenth of the hop to the client's thread and back. One that
   * took long keeps the next ones off it, so that such waits take less than 5 % of its time. Default true.
   */
  readonly inlineWrites?: boolean | undefined;
}

/** What reading calls take last. */
export interface ReadOptions extends CallOptions {
  /** Statistics as bigints, exact beyond 2^53. */
  readonly bigint?: boolean | undefined;
}

/** What `connections()` takes. An aborted signal ends the iteration too, with ERR_IPVS_ABORTED; `timeout` is for opening the table. */
export interface ConnectionsOptions extends CallOptions {
  /** Tells whether an entry came from a master's sync message; the kernel then leaves out the persistence engine. */
  readonly origin?: boolean | undefined;
}

/** What statistics are made of when read with these options: either of both where the type does not tell. */
export type Counting<O extends ReadOptions> = 'bigint' extends keyof O
  ? O extends { readonly bigint: true }
    ? bigint
    : O extends { readonly bigint?: false | undefined }
      ? number
      : number | bigint
  : number;

export const readKeys: ReadonlySet<string> = new Set(['signal', 'timeout', 'bigint']);
export const connectionsKeys: ReadonlySet<string> = new Set(['signal', 'timeout', 'origin']);
