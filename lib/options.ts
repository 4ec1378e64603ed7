import type { NetworkNamespace } from './namespace.ts';

/** What a client is made with. */
export interface IpvsOptions {
  /** The network namespace whose IPVS this is. Default: the one the process is in. */
  readonly netns?: NetworkNamespace | undefined;
  /** Milliseconds until a call without a `timeout` of its own rejects, 1 to 2147483647. Default 5000. */
  readonly timeout?: number | undefined;
  /**
   * Whether a single write of a destination, or of a service whose scheduler this client has used before, may
   * be executed on the JavaScript thread while the client is idle: it takes a few microseconds, a tenth of
   * the hop to the client's thread and back. One that took long keeps the next ones off it, so that such
   * waits take less than 5 % of its time.
   *
   * There is no bound on the one that waits: while another program holds IPVS' lock, which it does while the
   * kernel loads a module for it, the write stands and the event loop with it. Seconds were seen where a
   * module's load was made slow on purpose. Neither `timeout` nor `signal` can end such a write. When it
   * comes back late it has been executed, and its promise tells what the kernel said, not ERR_IPVS_TIMEOUT. A
   * program whose event loop must never stand sets this to false. Default true.
   */
  readonly inlineWrites?: boolean | undefined;
}
