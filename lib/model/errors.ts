import type { DestinationId, ServiceId } from './identity.ts';

/**
 * Every code an `IpvsError` can have. Misuse (a wrong type, range or combination of arguments) is not among
 * them: that is a TypeError or RangeError with Node's own codes, thrown before the kernel sees anything.
 *
 * | code | when |
 * |---|---|
 * | `ERR_IPVS_ADDON_MISSING` | no addon that this machine and this Node.js can load; the message says what to do |
 * | `ERR_IPVS_LIBRARY_MISSING` | the addon was compiled here and libnl is not installed any more |
 * | `ERR_IPVS_NOT_AVAILABLE` | the kernel has no IPVS and could not load it |
 * | `ERR_IPVS_PERMISSION` | the process lacks CAP_NET_ADMIN in the initial user namespace, or may not use netlink at all |
 * | `ERR_IPVS_NAMESPACE_NOT_FOUND` | no such network namespace |
 * | `ERR_IPVS_NAMESPACE_FAILED` | the network namespace could not be entered |
 * | `ERR_IPVS_SERVICE_EXISTS` | a service of that identity is there already |
 * | `ERR_IPVS_SERVICE_NOT_FOUND` | the service is not there |
 * | `ERR_IPVS_DESTINATION_EXISTS` | the service has that destination already |
 * | `ERR_IPVS_DESTINATION_NOT_FOUND` | the service lacks that destination |
 * | `ERR_IPVS_DESTINATION_REFUSED` | the kernel does not take the destination's address, or its family beside a sync daemon |
 * | `ERR_IPVS_THRESHOLDS` | an update would leave the lower threshold above the upper one, or this kernel takes no threshold that large |
 * | `ERR_IPVS_SCHEDULER_NOT_FOUND` | the kernel has no such scheduler |
 * | `ERR_IPVS_ENGINE_NOT_FOUND` | the kernel has no such persistence engine |
 * | `ERR_IPVS_FAMILY_NOT_SUPPORTED` | the kernel runs without IPv6 |
 * | `ERR_IPVS_DAEMON_EXISTS` | a sync daemon of that role runs already |
 * | `ERR_IPVS_DAEMON_NOT_FOUND` | no sync daemon of that role runs |
 * | `ERR_IPVS_DAEMON_REFUSED` | a sync daemon cannot start: destinations of mixed families, or no multicast on the interface |
 * | `ERR_IPVS_INTERFACE_NOT_FOUND` | the namespace has no such network interface |
 * | `ERR_IPVS_SETTING_NOT_FOUND` | this kernel has no such setting, or keeps all from the client's network namespace |
 * | `ERR_IPVS_SETTING_REFUSED` | the kernel does not take that value for a setting, or for a timeout |
 * | `ERR_IPVS_FILE` | a file of the kernel's under /proc is not there or could not be read or written; see `errno` |
 * | `ERR_IPVS_MODULE_UNLOADING` | ip_vs is just being unloaded |
 * | `ERR_IPVS_NO_MEMORY` | the kernel has no memory for it |
 * | `ERR_IPVS_NO_RESOURCES` | this process or system has no descriptor, thread or memory left for the call; `errno` tells which. Nothing was executed |
 * | `ERR_IPVS_NETLINK` | this process has no generic netlink (a sandbox, a seccomp filter), or its answers do not arrive |
 * | `ERR_IPVS_UNSTABLE` | the table changed faster than it could be read whole |
 * | `ERR_IPVS_OUTCOME_UNKNOWN` | sent, but the kernel's answer was lost: read to see what came of it |
 * | `ERR_IPVS_TIMEOUT` | the call's deadline passed; `sent` tells whether it may still take effect |
 * | `ERR_IPVS_ABORTED` | the call's signal was aborted (`name` is `AbortError`); `sent` as above |
 * | `ERR_IPVS_LIMIT` | a plan exceeds `allow` or `maxRemovals`, and nothing was done |
 * | `ERR_IPVS_OWNED` | a service belongs to another owner, and nothing was done |
 * | `ERR_IPVS_STALE` | a step of a plan does not fit the table any more |
 * | `ERR_IPVS_RECORD` | the record of an owner's services can't be read or written |
 * | `ERR_IPVS_DRAIN_REFUSED` | a drain could last for ever, refuse clients or take the last destination, and was not begun |
 * | `ERR_IPVS_DRAIN_UNKNOWN` | no drain of the destination is recorded that could be undone |
 * | `ERR_IPVS_BUSY` | the sampler is reading already |
 * | `ERR_IPVS_CLOSED` | the client, or the sampler, is closed |
 * | `ERR_IPVS_KERNEL` | any other errno; see `errno` |
 */
export type IpvsErrorCode =
  | 'ERR_IPVS_ADDON_MISSING'
  | 'ERR_IPVS_LIBRARY_MISSING'
  | 'ERR_IPVS_NOT_AVAILABLE'
  | 'ERR_IPVS_PERMISSION'
  | 'ERR_IPVS_NAMESPACE_NOT_FOUND'
  | 'ERR_IPVS_NAMESPACE_FAILED'
  | 'ERR_IPVS_SERVICE_EXISTS'
  | 'ERR_IPVS_SERVICE_NOT_FOUND'
  | 'ERR_IPVS_DESTINATION_EXISTS'
  | 'ERR_IPVS_DESTINATION_NOT_FOUND'
  | 'ERR_IPVS_DESTINATION_REFUSED'
  | 'ERR_IPVS_THRESHOLDS'
  | 'ERR_IPVS_SCHEDULER_NOT_FOUND'
  | 'ERR_IPVS_ENGINE_NOT_FOUND'
  | 'ERR_IPVS_FAMILY_NOT_SUPPORTED'
  | 'ERR_IPVS_DAEMON_EXISTS'
  | 'ERR_IPVS_DAEMON_NOT_FOUND'
  | 'ERR_IPVS_DAEMON_REFUSED'
  | 'ERR_IPVS_INTERFACE_NOT_FOUND'
  | 'ERR_IPVS_SETTING_NOT_FOUND'
  | 'ERR_IPVS_SETTING_REFUSED'
  | 'ERR_IPVS_FILE'
  | 'ERR_IPVS_MODULE_UNLOADING'
  | 'ERR_IPVS_NO_MEMORY'
  | 'ERR_IPVS_NO_RESOURCES'
  | 'ERR_IPVS_NETLINK'
  | 'ERR_IPVS_UNSTABLE'
  | 'ERR_IPVS_OUTCOME_UNKNOWN'
  | 'ERR_IPVS_TIMEOUT'
  | 'ERR_IPVS_ABORTED'
  | 'ERR_IPVS_LIMIT'
  | 'ERR_IPVS_OWNED'
  | 'ERR_IPVS_STALE'
  | 'ERR_IPVS_RECORD'
  | 'ERR_IPVS_DRAIN_REFUSED'
  | 'ERR_IPVS_DRAIN_UNKNOWN'
  | 'ERR_IPVS_BUSY'
  | 'ERR_IPVS_CLOSED'
  | 'ERR_IPVS_KERNEL';

/** What an `IpvsError` knows besides its code and message. */
export interface IpvsErrorDetails {
  /**
   * As in Node's own errors: negative, to be named by `util.getSystemErrorName()`. Absent where no errno is
   * behind it.
   */
  readonly errno?: number | undefined;
  /** The kernel's command, without IPVS_CMD_: `NEW_DEST`. */
  readonly command?: string | undefined;
  /** The service it was about. */
  readonly service?: ServiceId | undefined;
  /** The destination it was about. */
  readonly destination?: DestinationId | undefined;
  /** For a deadline or an abort: whether the call had been sent, and so may still take effect. */
  readonly sent?: boolean | undefined;
  readonly cause?: unknown;
}

const brand = Symbol.for('ipvs.IpvsError');

/**
 * Whatever goes wrong outside the arguments: in the kernel, the operating system, or on the way there.
 * `instanceof` holds across several copies of this package in one process.
 */
export class IpvsError extends Error {
  readonly code: IpvsErrorCode;
  declare readonly errno?: number;
  declare readonly command?: string;
  declare readonly service?: ServiceId;
  declare readonly destination?: DestinationId;
  declare readonly sent?: boolean;

  constructor(code: IpvsErrorCode, message: string, details: IpvsErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    if (details.errno !== undefined) this.errno = details.errno;
    if (details.command !== undefined) this.command = details.command;
    if (details.service !== undefined) this.service = details.service;
    if (details.destination !== undefined) this.destination = details.destination;
    if (details.sent !== undefined) this.sent = details.sent;
  }

  static {
    Object.defineProperty(IpvsError.prototype, 'name', {
      configurable: true,
      get(this: IpvsError) {
        return this.code === 'ERR_IPVS_ABORTED' ? 'AbortError' : 'IpvsError';
      },
    });
    Object.defineProperty(IpvsError.prototype, brand, { value: true });
    Object.defineProperty(IpvsError, Symbol.hasInstance, {
      value(this: unknown, value: unknown): boolean {
        // A subclass has its own instances.
        if (this !== IpvsError) return Function.prototype[Symbol.hasInstance].call(this, value);
        return typeof value === 'object' && value !== null && brand in value;
      },
    });
  }
}
