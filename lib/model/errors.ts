import type { DestinationId, ServiceId } from './identity.ts';

/**
 * Every code an `IpvsError` can have, each with when it comes and what to do: docs/errors.md is made of this.
 *
 * Misuse (a wrong type, range or combination of arguments) is not among them: that is a TypeError or RangeError
 * with Node's own codes, thrown before the kernel sees anything. See `InvalidArgumentError`.
 */
export type IpvsErrorCode =
  /**
   * There is no addon that this machine, its C library and this Node.js can load; the message says which of
   * them it is.
   *
   * To do: Install the package on the kind of machine that it runs on. For another platform compile the
   * addon: docs/install.md.
   */
  | 'ERR_IPVS_ADDON_MISSING'
  /**
   * The addon was compiled on this machine, and libnl is not installed any more.
   *
   * To do: Install libnl-3-200 and libnl-genl-3-200 (Debian's names), or use the prebuilt addon.
   */
  | 'ERR_IPVS_LIBRARY_MISSING'
  /**
   * The kernel has no IPVS and could not load the module, or has no generic netlink at all: gVisor, emulators.
   *
   * To do: `modprobe ip_vs` on the host; a container uses the host's kernel. Without that module: a kernel
   * with CONFIG_IP_VS.
   */
  | 'ERR_IPVS_NOT_AVAILABLE'
  /**
   * The process lacks CAP_NET_ADMIN in the initial user namespace, lacks CAP_SYS_ADMIN to enter the
   * namespace that `netns` names, or may not use netlink or a file at all.
   *
   * To do: Run as root, outside of user namespaces: docs/permissions.md.
   */
  | 'ERR_IPVS_PERMISSION'
  /**
   * There is no network namespace of the name, path or process in `netns`.
   *
   * To do: Compare with `ip netns list`. Names are those of `ip netns`; a path has a slash.
   */
  | 'ERR_IPVS_NAMESPACE_NOT_FOUND'
  /**
   * What `netns` names is there, and could not be entered: it is no network namespace, or see `errno`.
   *
   * To do: Name one of `ip netns list`, /proc/PID/ns/net, or a descriptor of such a file.
   */
  | 'ERR_IPVS_NAMESPACE_FAILED'
  /**
   * A service of that identity is there already: protocol, address and port, or mark and family.
   *
   * To do: `updateService()` changes it; `apply()` adds or changes, whichever is needed.
   */
  | 'ERR_IPVS_SERVICE_EXISTS'
  /**
   * The service is not there, for a call that changes it, removes it, or is about its destinations.
   *
   * To do: Add it first. `service()` tells without an error whether it is there. To a removal it means that
   * there is nothing left to do.
   */
  | 'ERR_IPVS_SERVICE_NOT_FOUND'
  /**
   * The service has a destination of that address and port already.
   *
   * To do: `updateDestination()` changes it; `apply()` adds or changes, whichever is needed.
   */
  | 'ERR_IPVS_DESTINATION_EXISTS'
  /**
   * The service is there, and has no destination of that address and port.
   *
   * To do: Add it first. To a removal it means that there is nothing left to do.
   */
  | 'ERR_IPVS_DESTINATION_NOT_FOUND'
  /**
   * The kernel does not take the destination: its address is no unicast one, or none that the namespace
   * could route to, or of another family than the service's without forwarding 'tunnel' or beside a sync
   * daemon.
   *
   * To do: In a fresh network namespace `ip link set lo up` first. Mix families through tunnels only, and
   * not while a sync daemon runs.
   */
  | 'ERR_IPVS_DESTINATION_REFUSED'
  /**
   * The lower threshold would be above the upper one, or a threshold is above 2147483647, which kernels
   * from 6.1 on refuse.
   *
   * To do: Set both thresholds in one update.
   */
  | 'ERR_IPVS_THRESHOLDS'
  /**
   * The kernel has no scheduler of that name, nor a module ip_vs_NAME.
   *
   * To do: `schedulers()` lists those it has or could load. Some come in packages of their own (kernel-
   * modules-extra and the like).
   */
  | 'ERR_IPVS_SCHEDULER_NOT_FOUND'
  /**
   * The kernel has no persistence engine of that name, nor a module ip_vs_pe_NAME.
   *
   * To do: The kernel's own is 'sip'; install its module, or leave out `persistence.engine`.
   */
  | 'ERR_IPVS_ENGINE_NOT_FOUND'
  /**
   * The kernel runs without IPv6: built so, or booted with ipv6.disable=1.
   *
   * To do: Boot with IPv6, or use IPv4.
   */
  | 'ERR_IPVS_FAMILY_NOT_SUPPORTED'
  /**
   * A sync daemon of that role runs already in this namespace.
   *
   * To do: To change it, `stopDaemon()` first: the kernel cannot change a running one.
   */
  | 'ERR_IPVS_DAEMON_EXISTS'
  /**
   * No sync daemon of that role runs in this namespace.
   *
   * To do: To a stop it means that there is nothing left to do; `daemons()` lists those that run.
   */
  | 'ERR_IPVS_DAEMON_NOT_FOUND'
  /**
   * A sync daemon cannot start: a destination is of another family than its service, or the multicast
   * socket could not be opened on the interface; see `errno`.
   *
   * To do: Set the interface up. Remove destinations of mixed families: the kernel does not sync those.
   */
  | 'ERR_IPVS_DAEMON_REFUSED'
  /**
   * The client's network namespace has no interface of that name, or it lacks an address of the multicast
   * group's family.
   *
   * To do: Compare with `ip link` in that namespace.
   */
  | 'ERR_IPVS_INTERFACE_NOT_FOUND'
  /**
   * This kernel has no such setting, or keeps all from a network namespace that belongs to a user
   * namespace, as kernels before 6.10 do.
   *
   * To do: `settings()` returns those there are. Make the namespace outside of user namespaces.
   */
  | 'ERR_IPVS_SETTING_NOT_FOUND'
  /**
   * The kernel does not take that value for a setting or a timeout.
   *
   * To do: See the ranges in `Settings` and `Timeouts`.
   */
  | 'ERR_IPVS_SETTING_REFUSED'
  /**
   * A file of the kernel's under /proc is not there, or could not be read or written; see `errno`.
   *
   * To do: Mount /proc in the container or chroot.
   */
  | 'ERR_IPVS_FILE'
  /**
   * The module ip_vs is just being unloaded.
   *
   * To do: Try again: the next call loads it again.
   */
  | 'ERR_IPVS_MODULE_UNLOADING'
  /**
   * The kernel has no memory for it, or this process has none for a list or a batch. Hashing schedulers need a
   * table for each service.
   *
   * To do: Try again when there is memory. The table is as it was, and the client goes on.
   */
  | 'ERR_IPVS_NO_MEMORY'
  /**
   * This process or system has no descriptor, thread or buffer left for the call; `errno` tells which.
   * Nothing was executed.
   *
   * To do: Close what is not needed, clients too, or raise the limit that the message names.
   */
  | 'ERR_IPVS_NO_RESOURCES'
  /**
   * This process is kept from netlink sockets, as by a seccomp filter, or the kernel's answers do not arrive.
   *
   * To do: Allow netlink sockets: AF_NETLINK in RestrictAddressFamilies= of a systemd unit, or in the
   * container's seccomp profile.
   */
  | 'ERR_IPVS_NETLINK'
  /**
   * Other programs changed the table faster than it could be read whole.
   *
   * To do: Read again when it is calmer. Lists are never returned incomplete.
   */
  | 'ERR_IPVS_UNSTABLE'
  /**
   * The call was sent, and the kernel's answer was lost.
   *
   * To do: Read the table to see what came of it. `apply()` does so by itself.
   */
  | 'ERR_IPVS_OUTCOME_UNKNOWN'
  /**
   * The call's deadline passed. `sent` tells whether it may still take effect.
   *
   * To do: If `sent` is true, read before you repeat it. For a slow or busy machine raise `timeout`, of the
   * call or the client.
   */
  | 'ERR_IPVS_TIMEOUT'
  /**
   * The call's signal was aborted; `name` is then `AbortError`. `sent` tells whether it may still take
   * effect.
   *
   * To do: It is what the caller asked for. If `sent` is true, read to see what came of it.
   */
  | 'ERR_IPVS_ABORTED'
  /**
   * A plan exceeds `allow` or `maxRemovals`. Nothing was done.
   *
   * To do: Look at the plan. If it is meant so, raise the limit; `force` lifts `maxRemovals`.
   */
  | 'ERR_IPVS_LIMIT'
  /**
   * A service belongs to another owner; the message names both. Nothing was done.
   *
   * To do: Let its owner give it up, by applying a desired state without it.
   */
  | 'ERR_IPVS_OWNED'
  /**
   * A step of a plan does not fit the table any more: another program wrote since it was made.
   *
   * To do: Plan again.
   */
  | 'ERR_IPVS_STALE'
  /**
   * A record in /run/ipvs, of an owner's services, of a drain or of operators' words to a director, can't be
   * read or written. Nothing was done that had to be recorded first.
   *
   * To do: Give the process write access to /run/ipvs. A damaged record may be removed: its services then
   * have no owner until the next apply, `undrain()` needs a weight for its destination, and the director
   * forgets what operators said.
   */
  | 'ERR_IPVS_RECORD'
  /**
   * A drain could last for ever, would refuse clients, or would take a service's last destination. It was not
   * begun.
   *
   * To do: The message says which of them it is, and what to change; `force` of `drain()` begins all the same.
   */
  | 'ERR_IPVS_DRAIN_REFUSED'
  /**
   * Nothing is recorded of a drain of the destination that could be undone, or it takes connections again.
   *
   * To do: Give `undrain()` the weight.
   */
  | 'ERR_IPVS_DRAIN_UNKNOWN'
  /**
   * The sampler is reading already.
   *
   * To do: Await that read, or make another sampler.
   */
  | 'ERR_IPVS_BUSY'
  /**
   * The client, the sampler, the metrics or the director is closed, or the director was not started.
   *
   * To do: Make another one. Do not share one whose owner may close it.
   */
  | 'ERR_IPVS_CLOSED'
  /**
   * Any other errno of the kernel's; see `errno`.
   *
   * To do: The message has the command and the errno's name. If the call was right, it deserves a report.
   */
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
  /** The error behind it. */
  readonly cause?: unknown;
}

const brand = Symbol.for('ipvs.IpvsError');

/**
 * Whatever goes wrong outside the arguments: in the kernel, the operating system, or on the way there.
 * `instanceof` holds across several copies of this package in one process.
 *
 * @example
 * ```ts
 * try {
 *   await ipvs.addService(web);
 * } catch (error) {
 *   if (!(error instanceof IpvsError) || error.code !== 'ERR_IPVS_SERVICE_EXISTS') throw error;
 * }
 * ```
 */
export class IpvsError extends Error {
  /** What went wrong, for programs. */
  readonly code: IpvsErrorCode;
  /** Negative, as in Node's own errors; absent where no errno is behind it. */
  declare readonly errno?: number;
  /** The kernel's command, without IPVS_CMD_. */
  declare readonly command?: string;
  /** The service it was about. */
  declare readonly service?: ServiceId;
  /** The destination it was about. */
  declare readonly destination?: DestinationId;
  /** For a deadline or an abort: whether the call had been sent, and so may still take effect. */
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
}

// Outside the class: a bundler names one that refers to itself `_IpvsError`, and so it would print.
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
