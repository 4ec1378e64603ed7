import type { CallOptions } from '../calls/options.ts';
import type { DestinationId, ServiceId } from '../model/identity.ts';

/**
 * How a destination is drained. `timeout` is for each of the calls that this takes; all of it ends by `deadline`.
 */
export interface DrainOptions extends CallOptions {
  /**
   * Which connections must be gone. 'active': the established ones; those that are closing, in TIME_WAIT for
   * two minutes, are not waited for. 'all': these too. Default 'active' for TCP and SCTP, 'all' for UDP and
   * firewall marks: the kernel counts no UDP flow as active. Clients that persistence binds are counted in
   * either case, where the kernel would still send them there.
   */
  readonly idle?: 'active' | 'all' | undefined;
  /** Milliseconds for which they must have been gone, 0 to 86400000. Default 3000. */
  readonly idleFor?: number | undefined;
  /**
   * Milliseconds from one look to the next, 10 to 86400000. Default 1000. A look that the kernel does not answer
   * in time is made again; the sixth one after another rejects.
   */
  readonly poll?: number | undefined;
  /**
   * Milliseconds after which it ends in any case, 0 to 2147483647, from its beginning on, which another process
   * may have made: one that is gone on with later ends at its first look, as idle where nothing is left.
   * Default: it waits for as long as it takes, unless that could be for ever: then it is refused.
   */
  readonly deadline?: number | undefined;
  /**
   * What to do at the deadline: 'remove' the destination with its connections, or 'give-up' (the default).
   */
  readonly atDeadline?: 'remove' | 'give-up' | undefined;
  /** What to do once it is idle: 'remove' the destination (the default), or 'keep' it at weight 0. */
  readonly then?: 'remove' | 'keep' | undefined;
  /**
   * Sets the flag of a hashing scheduler (`sh-fallback`, `mh-fallback`) that would else refuse clients, and
   * takes it back when none of the service's destinations is drained any more. Default false.
   */
  readonly setFallback?: boolean | undefined;
  /**
   * Sets what stands in the way of a drain for the whole network namespace: expire_quiescent_template, so
   * that persistent clients move, and expire_nodest_conn, so that what is left at the deadline ends instead
   * of being dropped in silence. Default false.
   */
  readonly setSettings?: boolean | undefined;
  /**
   * Drains although that may last for ever, refuses clients, or takes the last destination. Default false.
   */
  readonly force?: boolean | undefined;
  /** Hears how far it is, at every look. */
  readonly onProgress?: ((progress: DrainProgress) => void) | undefined;
}

/** Something that stands in the way of a drain. */
export interface DrainTrap {
  /**
   * - `last`: no other destination of the service takes connections;
   * - `refuses-clients`: the scheduler refuses new clients whose hash finds the destination at weight 0;
   * - `persistence-feeds`: clients that persistence binds to it are still sent there;
   * - `flows-stay`: UDP flows stay as long as clients send;
   * - `ports-return`: a client's port used again in TIME_WAIT is still sent there (conn_reuse_mode 0);
   * - `left-unanswered`: connections left at its removal are dropped in silence (expire_nodest_conn 0).
   */
  readonly code:
    | 'last'
    | 'refuses-clients'
    | 'persistence-feeds'
    | 'flows-stay'
    | 'ports-return'
    | 'left-unanswered';
  /** One sentence, with what to do. */
  readonly message: string;
}

/** What a destination still has. */
export interface DrainCounts {
  /** Established connections. */
  readonly activeConnections: number;
  /** Other connections: closing, or UDP's. */
  readonly inactiveConnections: number;
  /** Clients bound to it by persistence. */
  readonly persistentConnections: number;
}

/** How far a drain is. */
export interface DrainProgress extends DrainCounts {
  readonly service: ServiceId;
  readonly destination: DestinationId;
  /** Of those connections, how many it waits for. */
  readonly waitingFor: number;
  /** Milliseconds since it began. */
  readonly elapsed: number;
  /** Milliseconds until it will be idle, going by how it went so far; undefined where that tells nothing. */
  readonly estimate: number | undefined;
  /** Milliseconds until the deadline; undefined: it has none. */
  readonly left: number | undefined;
}

/** What came of a drain, with what the destination had at its end. */
export interface Drained extends DrainCounts {
  readonly service: ServiceId;
  readonly destination: DestinationId;
  /**
   * - 'removed': it was idle, or at the deadline, and is gone;
   * - 'kept': it was idle, and is there at weight 0;
   * - 'gave-up': it was not idle at the deadline, and is there at weight 0;
   * - 'returned': somebody gave it a weight again, and the drain left it alone;
   * - 'gone': somebody else removed it.
   */
  readonly outcome: 'removed' | 'kept' | 'gave-up' | 'returned' | 'gone';
  /** Milliseconds since it began. */
  readonly elapsed: number;
  /** What stood in the way. */
  readonly traps: readonly DrainTrap[];
}
