import type { Socket as UdpSocket } from 'node:dgram';
import type { Socket } from 'node:net';
import type { ServiceId } from '../model/identity.ts';
import type { NetworkNamespace } from '../namespace.ts';
import type { Clock } from './clock.ts';

/** What is checked, and how packets get there. */
export interface CheckTarget {
  /** IPv4 or IPv6. */
  readonly address: string;
  /** 1 to 65535; 0 stands for none, and is for checks that need none. */
  readonly port: number;
  /**
   * The service whose destination this is, where the check goes through the path of its packets or tells a
   * program about it. Checks that do not heed it are made once for targets of several services.
   */
  readonly service?: ServiceId | undefined;
  /** SO_MARK of the check's sockets, 1 to 4294967295. Needs CAP_NET_ADMIN. Default: none. */
  readonly mark?: number | undefined;
  /** The network device that packets leave by (SO_BINDTODEVICE). Default: as the routes say. */
  readonly device?: string | undefined;
  /** The address that packets come from. Default: as the routes say. */
  readonly source?: string | undefined;
  /** The network namespace of the check's sockets. Needs CAP_SYS_ADMIN. Default: the process's own. */
  readonly netns?: NetworkNamespace | undefined;
}

/** Where to connect a socket, and how. */
export interface DialOptions extends Omit<CheckTarget, 'service'> {
  /** Default 'tcp'. */
  readonly protocol?: 'tcp' | 'udp' | undefined;
  /** Milliseconds until it gives up, 1 to 2147483647. Default: when the kernel does. */
  readonly timeout?: number | undefined;
  /** Gives up when aborted. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Connects a socket. What it resolves with is the caller's, who destroys or closes it; when it rejects there
 * is nothing left open.
 */
export interface Dial {
  (options: DialOptions & { readonly protocol: 'udp' }): Promise<UdpSocket>;
  (options: DialOptions & { readonly protocol?: 'tcp' | undefined }): Promise<Socket>;
}

/**
 * Connects a socket to the target of a check, by the way that the target names, until the check's time is up.
 * What is given stands for what the target has: `{ port: 8080 }` is another port of the same server. The
 * socket is destroyed when the check is over.
 */
export interface CheckDial {
  (options: Partial<DialOptions> & { readonly protocol: 'udp' }): Promise<UdpSocket>;
  (options?: Partial<DialOptions> & { readonly protocol?: 'tcp' | undefined }): Promise<Socket>;
}

/** What a check may use. */
export interface CheckContext {
  /** Aborted when the check's time is up, or nobody wants to know any more. */
  readonly signal: AbortSignal;
  /** Connects to the target. */
  readonly dial: CheckDial;
}

/**
 * What a check may say besides that the target is healthy. What it does not mention stays as it said before.
 */
export interface CheckAnswer {
  /** What share of its configured weight the target wants, 0 to 1. All of it while nothing was said. */
  readonly factor?: number | undefined;
  /**
   * What the target says of its use, apart from its health: 'drain' takes no new clients, 'maintenance' none
   * at all, 'ready' takes back either.
   */
  readonly admin?: 'ready' | 'drain' | 'maintenance' | undefined;
  /** For people. */
  readonly detail?: string | undefined;
}

/**
 * One probe: resolves when the target is healthy, and rejects with the reason when it isn't. What it returns
 * is undefined for a target that has nothing to add to that.
 */
export type Check = (
  target: CheckTarget,
  context: CheckContext,
  // biome-ignore lint/suspicious/noConfusingVoidType: a check that returns nothing is the usual one
) => Promise<CheckAnswer | undefined | void>;

/** A check with its name. */
export interface NamedCheck {
  /** For people, as `http GET /health`: states, events and errors show it. */
  readonly name: string;
  /** Checks of equal keys are the same check: what is asked of one target by two of them is asked once. */
  readonly key: string;
  /**
   * Whether it looks at its target's `service`. What does not is asked once of targets that differ in that alone.
   * Default true.
   */
  readonly heedsService?: boolean | undefined;
  /**
   * Whether it needs its target's port. One that has a port of its own, or none, checks targets of services
   * without ports, too. Default true.
   */
  readonly needsPort?: boolean | undefined;
  /** Makes one probe. */
  readonly check: Check;
}

/** How often a target is checked, and how many results it takes to believe them. */
export interface CheckPolicy {
  /** Milliseconds from the begin of one check to that of the next, 1 to 86400000. Default 5000. */
  readonly interval?: number | undefined;
  /**
   * The interval while results contradict the state, until they have changed it or stop to; and until the
   * first result. 1 to 86400000, at most `interval`. Default 1000, or `interval` if that is less.
   */
  readonly fasterInterval?: number | undefined;
  /** Milliseconds until a check without an answer has failed, 1 to 86400000. Default 2000. */
  readonly timeout?: number | undefined;
  /** How many good results in a row bring a target up, 1 to 1000. Default 3. */
  readonly rise?: number | undefined;
  /** How many bad results in a row take a target down, 1 to 1000. Default 2. */
  readonly fall?: number | undefined;
  /**
   * The share of the interval by which checks come earlier or later at random, 0 to 1: those of many targets
   * and directors spread. Default 0.1. The first check of each target comes at random within its first
   * interval, or `fasterInterval` if that is less; at once with 0.
   */
  readonly jitter?: number | undefined;
  /**
   * What a target is before its first result. For 'unknown' that decides at once, whatever `rise` and
   * `fall` are; from 'up' and 'down' it takes as many results as ever. Default 'unknown'.
   */
  readonly first?: HealthState | undefined;
}

/** Whether a target is healthy. */
export type HealthState = 'unknown' | 'up' | 'down';

/** What is known of one target by one check. */
export interface TargetHealth {
  /** What `rise` and `fall` made of the results. */
  readonly state: HealthState;
  /** Since when, in milliseconds since the epoch. */
  readonly since: number;
  /** Whether the last check passed; undefined before the first. */
  readonly passed?: boolean | undefined;
  /** How many checks in a row came out as the last one did. */
  readonly consecutive: number;
  /** What checks that passed had to add, the last word on each. */
  readonly answer?: CheckAnswer | undefined;
  /** Why the last check failed; undefined when it passed. */
  readonly reason?: string | undefined;
  /** Milliseconds that the last check took; undefined before the first. */
  readonly lastMs?: number | undefined;
}

/** One check that is over. */
export interface CheckResult {
  /** What was checked. */
  readonly target: CheckTarget;
  /** How. */
  readonly check: NamedCheck;
  /** Whether it passed. */
  readonly passed: boolean;
  /** What it had to add, if it passed. */
  readonly answer?: CheckAnswer | undefined;
  /** Why it failed. */
  readonly reason?: string | undefined;
  /** Whether it failed because its time was up, and nothing else had come of it. */
  readonly timedOut?: boolean | undefined;
  /** Milliseconds that it took. */
  readonly ms: number;
  /** When it ended, in milliseconds since the epoch. */
  readonly time: number;
}

/** What a monitor has done, and has to do. Counts are since it was made. */
export interface MonitorStatistics {
  /** Checks that go on: one for each target, check and policy. */
  readonly followed: number;
  /** Those of them that are up. */
  readonly up: number;
  /** Those of them that are down. */
  readonly down: number;
  /** Probes that are made at this moment. */
  readonly running: number;
  /** Probes that are due and wait for others to end: more than a moment's are a sign of too little `concurrency`. */
  readonly waiting: number;
  /** How many probes passed. */
  readonly passed: number;
  /** How many failed, those without an answer in time too. */
  readonly failed: number;
  /** How many had no answer in time. */
  readonly timedOut: number;
  /** How many results `accept` refused. */
  readonly refused: number;
}

/**
 * One that follows a target's health.
 *
 * @example
 * ```ts
 * const monitor = createMonitor();
 * const following = monitor.follow(server, tcpCheck(), {}, ({ state }) => console.log(state));
 * following.stop();
 * ```
 */
export interface Following {
  /** What is known now. */
  readonly health: TargetHealth;
  /**
   * Ends it: `onHealth` is not called any more, and the target is not checked any more unless another
   * follows it.
   */
  stop(): void;
}

/** Checks targets. A check of the same target by the same check and policy is shared by all who follow it. */
export interface Monitor {
  /** What it has done, and has to do. */
  readonly statistics: MonitorStatistics;
  /**
   * Follows a target's health. `onHealth` is called after each result, never before this returns; with one
   * who follows already, also once soon with what is known. What it throws is an uncaught exception, and no
   * other check suffers. Throws an `InvalidArgumentError` for a wrong target or policy, and an Error after
   * `close()`.
   *
   * @example
   * ```ts
   * const monitor = createMonitor();
   * const check = httpCheck({ path: '/health' });
   * const following = monitor.follow(server, check, { interval: 2000 }, ({ state, reason }) => {
   *   console.log(state, reason);
   * });
   * following.stop();
   * await monitor.close();
   * ```
   */
  follow(
    target: CheckTarget,
    check: NamedCheck,
    policy: CheckPolicy,
    onHealth: (health: TargetHealth) => void,
  ): Following;
  /**
   * Ends all checks. Resolves once those that were being made are over, their sockets and processes gone; or
   * after a second, where one of them does not heed its signal.
   *
   * @example
   * ```ts
   * const monitor = createMonitor();
   * await monitor.close();
   * ```
   */
  close(): Promise<void>;
}

/** What a monitor is made with. */
export interface MonitorOptions {
  /** How many probes are made at a time, 1 to 100000; others wait, the longest due first. Default 1000. */
  readonly concurrency?: number | undefined;
  /**
   * Asked after each probe whether its result counts: one that doesn't changes no state, and the next probe
   * comes as after a result that contradicts. A director refuses those of moments at which it
   * suspects itself. Default: all count.
   */
  readonly accept?: ((result: CheckResult) => boolean) | undefined;
  /** Default: the computer's. */
  readonly clock?: Clock | undefined;
  /** At least 0 and less than 1, as Math.random(), which is the default. */
  readonly random?: (() => number) | undefined;
  /** Connects the sockets of checks. Default: `dial()`. */
  readonly dial?: Dial | undefined;
}
