import type { Ipvs } from '../client.ts';
import type { Clock } from '../health/clock.ts';
import type { CheckPolicy, Dial, NamedCheck, TargetHealth } from '../health/types.ts';
import type { DestinationSpec } from '../model/destination.ts';
import type { DestinationId, ServiceId } from '../model/identity.ts';
import type { ServiceSpec } from '../model/service.ts';
import type { AdminState, WeightReason } from './policy/decide.ts';

/** How a destination is checked. What a destination does not say its service does, or else the director. */
export interface Checking {
  /** All of them must pass. None (`[]`): it is taken for healthy. */
  readonly checks?: readonly NamedCheck[] | undefined;
  /** How often, and how many answers it takes to believe them. */
  readonly policy?: CheckPolicy | undefined;
  /** Where the checks go, if not to the destination's own address and port. */
  readonly target?: CheckAt | undefined;
}

/** Where checks go, and how they get there. */
export interface CheckAt {
  /** An IPv4 or IPv6 address. Default: the destination's; with `through`, the service's. */
  readonly address?: string | undefined;
  /** 1 to 65535. Default: as for the address. */
  readonly port?: number | undefined;
  /** The address that checks come from, one of this machine's. Default: as the routes to the destination say. */
  readonly source?: string | undefined;
  /**
   * Checks go to the virtual address through IPVS, the very way of clients' packets (direct routing, tunnels,
   * masquerading): they see a server that lacks the virtual address though it is healthy by its own. The director
   * adds a service by mark for each destination (`isCheckPath()`), and needs CAP_NET_ADMIN. Answers of direct routing
   * and tunnels come from an address that is this machine's own, too: `net.ipv4.conf.DEVICE.accept_local` must be 1
   * and rp_filter 0 or 2 where they come in. A service by mark has no address: `address` and `port` are needed then.
   * Not for forwarding 'local' and 'bypass'. Default false.
   */
  readonly through?: boolean | undefined;
}

/** A destination of a desired state, with what a director needs to know of it. */
export type DirectedDestination = DestinationSpec &
  Checking & {
    /**
     * 0 (the default) for servers. 1 to 9 for spares: a tier takes connections while none before it is up, and
     * the tiers before it take none meanwhile.
     */
    readonly tier?: number | undefined;
    /**
     * 'drain': weight 0, checked all the same. 'maintenance': weight 0, not checked. Default 'ready'; what
     * `admin()` says is heeded instead.
     */
    readonly admin?: AdminState | undefined;
  };

/** How the weights of a service's destinations are decided. */
export interface ServicePolicy extends Checking {
  /**
   * The weight that the healthy servers of tier 0 must have together for the service to be up, 1 to
   * 2147483647. Default 1. Where it is not, and a spare is healthy, the spares take its place.
   */
  readonly quorum?: number | undefined;
  /** How much more than `quorum` it takes to come up, and how much less to go down. Below `quorum`; default 0. */
  readonly hysteresis?: number | undefined;
  /**
   * The part of a tier's weight that may be taken out because checks fail, 0 to 1. The rest stays in though it
   * fails (event `panic`): what takes out everything is mostly no server's fault. Default 0.5; 1: no limit.
   */
  readonly maxUnhealthy?: number | undefined;
  /**
   * Milliseconds in which a server that has recovered gets its weight, from a tenth on, 0 to 86400000. Only under
   * schedulers that share by weight: wrr, wlc, sed, nq, lblc, lblcr; a service with another may not name it, and
   * has no use for that of `defaults`. A weight of 1 has no parts. Default 0: at once.
   */
  readonly slowStart?: number | undefined;
  /**
   * What becomes of a destination that fails its checks. 'quiet': weight 0. 'remove': it is taken out of the
   * kernel's table. Default: 'quiet', unless weight 0 would go on sending clients to it: where it is persistent and
   * expire_quiescent_template is 0; for UDP flows where expire_nodest_conn is 1. Not asked under a hashing scheduler
   * without fallback flag, where weight 0 refuses clients: all that would get it there is taken out, but for what
   * has it by its own `weight`.
   */
  readonly onFailure?: 'quiet' | 'remove' | undefined;
}

/** A service of a desired state, with what a director needs to know of it. */
export type DirectedService = ServiceSpec &
  ServicePolicy & {
    /** In the order in which they are added, which hashing schedulers look at. */
    readonly destinations: readonly DirectedDestination[];
  };

/** A desired state: all of it, each time. */
export interface Revision {
  /** Every service that is to be there. */
  readonly desired: readonly DirectedService[];
  /** What tells this state from others, for people: a commit, a time, etcd's revision. */
  readonly revision?: string | undefined;
  /** Takes it though it removes more than `maxRemovals`, or everything. Default false. */
  readonly force?: boolean | undefined;
}

/**
 * Yields the whole desired state each time it changes, until the signal is aborted. When it throws or ends by
 * itself the director goes on with the last state, and asks for the source again after a while.
 */
export type Source = (signal: AbortSignal) => AsyncIterable<Revision>;

/** How destinations are drained that are not desired any more. */
export interface DirectorDrain {
  /** Milliseconds after which one is removed in any case, 0 to 2147483647. Default 300000. */
  readonly deadline?: number | undefined;
  /** As `DrainOptions` has it. */
  readonly idle?: 'active' | 'all' | undefined;
  /** As `DrainOptions` has it. Default 3000. */
  readonly idleFor?: number | undefined;
  /** As `DrainOptions` has it. Default 1000. */
  readonly poll?: number | undefined;
}

/** When failures are not believed, because the director may be what fails. */
export interface SuspicionOptions {
  /** The part of all checks, 0 to 1, that fails within `hold`, above which none of them is believed. Default 0.5. */
  readonly share?: number | undefined;
  /** With fewer checks than this, 1 or more, nothing follows from how many fail. Default 4. */
  readonly least?: number | undefined;
  /** Milliseconds for which they are not believed, 0 to 86400000. Default 15000. */
  readonly hold?: number | undefined;
}

/** What a director is made of. */
export interface DirectorOptions {
  /** The client of the network namespace whose table it directs. It is not closed with the director. */
  readonly ipvs: Ipvs;
  /** The desired state, where it is known at once. `update()` gives another one. */
  readonly desired?: readonly DirectedService[] | undefined;
  /** Where desired states come from. Not beside `desired`. */
  readonly source?: Source | undefined;
  /** How services are directed that do not say it themselves. */
  readonly defaults?: ServicePolicy | undefined;
  /** As `defaults.checks`. */
  readonly checks?: readonly NamedCheck[] | undefined;
  /**
   * The name under which it is remembered which services are its own, as for `apply()`. Two directors of a
   * namespace need two names. Default 'director'.
   */
  readonly owner?: string | undefined;
  /**
   * How many destinations a new desired state may remove; one that removes more is refused, and the last one
   * stays. Default: half of those there are.
   */
  readonly maxRemovals?: number | undefined;
  /** How what is not desired any more leaves. false: at once. Default: it is drained for 5 minutes at most. */
  readonly drain?: DirectorDrain | false | undefined;
  /**
   * What a destination is taken for before its first check, where the kernel's table does not have it: 'down'
   * (the default): it waits for its check; or 'up'. One that is in the table keeps the weight that it has there.
   */
  readonly initial?: 'up' | 'down' | undefined;
  /** When failures are not believed. false: they always are. */
  readonly suspicion?: SuspicionOptions | false | undefined;
  /**
   * What is done about changes by other programs. 'repair' (the default): they are undone. 'report': they are told,
   * and left until the director itself changes the same row, or starts. 'off': nobody looks for them, and the
   * director's next change undoes them.
   */
  readonly drift?: 'repair' | 'report' | 'off' | undefined;
  /** Milliseconds from one look at the table to the next, 100 to 86400000. Default 10000. */
  readonly driftInterval?: number | undefined;
  /** How many checks run at once, 1 to 100000. Default 1000, as a monitor's. */
  readonly concurrency?: number | undefined;
  /** How checks connect: through another namespace, say. Default: from the process. */
  readonly dial?: Dial | undefined;
  /** The time, for tests. */
  readonly clock?: Clock | undefined;
  /** A number from 0 up to 1, for jitter. Default Math.random. */
  readonly random?: (() => number) | undefined;
}

/** A destination together with its service, for what is said about it. */
export interface Place {
  /** The service. */
  readonly service: ServiceId;
  /** The destination of the service. */
  readonly destination: DestinationId;
}

/** What one check says about a destination. */
export interface CheckState {
  /** The check's name, as `http GET /health`. */
  readonly name: string;
  /** Absent while nothing checks it: in maintenance. */
  readonly health?: TargetHealth;
  /** Its failure is not believed for now. */
  readonly isHeld: boolean;
}

/** A destination as a director sees it. */
export interface DestinationState {
  /** Which it is. */
  readonly destination: DestinationId;
  /** The weight by the desired state. */
  readonly configured: number;
  /** The weight that it is to have now. */
  readonly weight: number;
  /** Why it has that weight. 'leaving': it is not desired any more, and drained. */
  readonly reason: WeightReason | 'leaving';
  /** Whether the kernel's table is to have it, at weight 0 too; false: its weight 0 would not be enough there. */
  readonly isPresent: boolean;
  /** Its tier: 0 for servers, above for spares. */
  readonly tier: number;
  /** What an operator, the desired state or an agent says of it. */
  readonly admin: AdminState;
  /** The weight that `setWeight()` gave; absent where it gave none. */
  readonly override?: number;
  /** What all of its checks come to; 'waiting' for the first answer. */
  readonly health: 'up' | 'down' | 'waiting';
  /** What each of its checks says. */
  readonly checks: readonly CheckState[];
}

/** A service as a director sees it. */
export interface ServiceState {
  /** Which it is. */
  readonly service: ServiceId;
  /** Whether a tier has what it needs. */
  readonly isUp: boolean;
  /** The tier that takes connections. */
  readonly tier: number;
  /** Failing destinations are kept in, because too many fail. */
  readonly isPanicking: boolean;
  /** In the order of the desired state; behind them those that leave. */
  readonly destinations: readonly DestinationState[];
}

/** What keeps a director from doing all of its work, for as long as it does. */
export interface Problem {
  /**
   * - 'desired': the newest desired state was refused, and the one before stays;
   * - 'source': the source failed;
   * - 'apply': the kernel's table could not be read or made as it is to be;
   * - 'drain': a drain failed;
   * - 'record': what operators said could not be recorded.
   */
  readonly code: 'desired' | 'source' | 'apply' | 'drain' | 'record';
  /** What it is, for people. */
  readonly message: string;
  /** The clock's milliseconds at which it began. */
  readonly since: number;
}

/** How much a director has done since it was made, in the shape that metrics are made of. */
export interface DirectorStatistics {
  /** Desired states that were taken. */
  readonly generation: number;
  /** Desired states that were refused. */
  readonly refused: number;
  /** When the last one was taken, in milliseconds since the epoch; undefined before the first. */
  readonly desiredTime: number | undefined;
  /** Whether the source works; undefined where there is none. */
  readonly storeConnected: boolean | undefined;
  /** When the source last yielded something, in milliseconds since the epoch. */
  readonly storeTime: number | undefined;
  /** How often the table was made as it is to be. */
  readonly applies: {
    /** All was done. */
    readonly converged: number;
    /** Not all was done, or nothing. */
    readonly failed: number;
  };
  /** How long that took altogether, in milliseconds. */
  readonly applyTime: number;
  /** Rows that other programs had changed. */
  readonly drift: number;
  /** How many checks were made, by their outcome. */
  readonly checks: {
    /** The server answered as it should. */
    readonly passed: number;
    /** It answered otherwise, or could not be reached. */
    readonly failed: number;
    /** It had not answered in time. */
    readonly timedOut: number;
  };
  /** Changes of a check's state. */
  readonly healthChanges: number;
  /** Checks whose failure is not believed now. */
  readonly held: number;
  /** Failures that did not count, because the event loop was late and an answer may have come in time. */
  readonly lateFailures: number;
  /** What is not desired any more and is being drained. */
  readonly drains: number;
  /** Drains of such that have ended. */
  readonly drained: number;
  /** Services in panic now. */
  readonly panic: number;
  /** The longest that the event loop was late in the last minute, in milliseconds. */
  readonly eventLoopDelay: number;
  /** Whether each destination is healthy, and whether it is being drained. */
  readonly destinations: readonly DestinationStatistics[];
}

/** A destination in a director's statistics. */
export interface DestinationStatistics extends Place {
  /** Whether its checks pass; undefined while nobody knows. */
  readonly up: boolean | undefined;
  /** Whether it is not desired any more, or somebody said so. */
  readonly draining: boolean;
}

/** All of a director at one moment. */
export interface DirectorState {
  /** The clock's milliseconds. */
  readonly time: number;
  /** How far its life is; 'running' from the first time on that the table was as it is to be. */
  readonly phase: 'new' | 'starting' | 'running' | 'closing' | 'closed';
  /** The desired state that is in force, where its source named it. */
  readonly revision: string | undefined;
  /** Whether the kernel's table is as it is to be, as far as is known. */
  readonly isConverged: boolean;
  /** Whether failures are not believed now, because too many checks failed at once. */
  readonly isSuspicious: boolean;
  /** In the order of the desired state; behind them those that leave. */
  readonly services: readonly ServiceState[];
  /** What stands in its way now. */
  readonly problems: readonly Problem[];
  /** How much it has done. */
  readonly statistics: DirectorStatistics;
}

/** What `close()` takes. */
export interface CloseOptions {
  /**
   * 'leave' (the default): the table stays as it is, and another director goes on with it. 'drain': nothing
   * takes new connections, and what is idle is removed. 'remove': all that is its own is removed at once. What
   * operators said holds all the same when a director of this name is started again.
   */
  readonly mode?: 'leave' | 'drain' | 'remove' | undefined;
  /**
   * Milliseconds after which a drain ends in any case, 0 to 2147483647. Default: that of the option `drain`, 0 where
   * that is false.
   */
  readonly deadline?: number | undefined;
}
