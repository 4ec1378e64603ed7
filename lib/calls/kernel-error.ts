import { getSystemErrorName } from 'node:util';
import { Status } from '../addon/layout.ts';
import { IpvsError, type IpvsErrorCode } from '../model/errors.ts';
import { type DestinationId, destinationKey, type ServiceId, serviceKey } from '../model/identity.ts';

/** The kernel's commands, and this library's own work on files and clients, as errors name them. */
export type Command =
  | 'NEW_SERVICE'
  | 'SET_SERVICE'
  | 'DEL_SERVICE'
  | 'GET_SERVICE'
  | 'NEW_DEST'
  | 'SET_DEST'
  | 'DEL_DEST'
  | 'GET_DEST'
  | 'NEW_DAEMON'
  | 'DEL_DAEMON'
  | 'GET_DAEMON'
  | 'SET_CONFIG'
  | 'GET_CONFIG'
  | 'GET_INFO'
  | 'ZERO'
  | 'FLUSH'
  | 'APPLY'
  | 'DRAIN'
  | 'READ_FILE'
  | 'WRITE_FILE'
  | 'NEW_CLIENT';

/** What a call is context. IPVS sends no message with its errnos: the library's are made of this. */
export interface ErrorContext {
  readonly command: Command;
  readonly service?: ServiceId | undefined;
  readonly destination?: DestinationId | undefined;
  readonly scheduler?: string | undefined;
  readonly engine?: string | null | undefined;
  readonly upperThreshold?: number | undefined;
  readonly role?: string | undefined;
  readonly interface?: string | undefined;
  readonly file?: string | undefined;
  readonly namespace?: string | number | undefined;
}

/** The largest threshold that kernels from 6.1 on take. */
const INT_MAX = 0x7fff_ffff;

interface Explanation {
  readonly code: IpvsErrorCode;
  readonly message: string;
}

/** The errnos that calls are known to end with. */
export const E = {
  PERM: 1,
  NOENT: 2,
  SRCH: 3,
  AGAIN: 11,
  NOMEM: 12,
  ACCES: 13,
  EXIST: 17,
  NODEV: 19,
  NOTDIR: 20,
  INVAL: 22,
  NFILE: 23,
  MFILE: 24,
  RANGE: 34,
  NOSYS: 38,
  NOPROTOOPT: 92,
  PROTONOSUPPORT: 93,
  AFNOSUPPORT: 97,
  NOBUFS: 105,
  TIMEDOUT: 110,
} as const;

/** The error for a call that ended with `status`, an errno or one of `Status`. */
export function kernelError(context: ErrorContext, status: number): IpvsError {
  const { code, message, errno } = explain(context, status);
  return new IpvsError(code, errno === undefined ? message : `${message} (${getSystemErrorName(errno)})`, {
    errno,
    command: context.command,
    service: context.service,
    destination: context.destination,
  });
}

function explain(context: ErrorContext, status: number): Explanation & { readonly errno?: number } {
  if (status > 0) return { ...explainErrno(context, status), errno: -status };
  for (const [range, explainRange] of [
    [Status.localFailure, explainLocal],
    [Status.namespaceFailed, explainNamespace],
  ] as const) {
    if (status < range) return { ...explainRange(context, range - status), errno: status - range };
  }
  return explainStatus(context, status);
}

/** "destination 172.16.120.11:80 of tcp 10.100.10.101:80", "service fwmark 7 ipv4", or what else it was context. */
function subject({ service, destination, role, file, command }: ErrorContext): string {
  const key = service && serviceKey(service);
  if (destination !== undefined) return `destination ${destinationKey(destination)} of service ${key}`;
  if (key !== undefined) return `service ${key}`;
  if (role !== undefined) return `the ${role} sync daemon`;
  return file ?? command;
}

function explainStatus(context: ErrorContext, status: number): Explanation {
  switch (status) {
    case Status.outcomeUnknown:
      return {
        code: 'ERR_IPVS_OUTCOME_UNKNOWN',
        message: `${context.command}: the kernel's answer about ${subject(context)} was lost; read the table to see what came of it`,
      };
    case Status.unstable:
      return {
        code: 'ERR_IPVS_UNSTABLE',
        message: `${context.command}: another program changes the table faster than it can be read whole; try again when it is calmer`,
      };
    case Status.noFamily:
      return {
        code: 'ERR_IPVS_NOT_AVAILABLE',
        message:
          'this kernel has no IPVS: load the module ip_vs (modprobe ip_vs), or boot a kernel with CONFIG_IP_VS (Debian: linux-image-amd64)',
      };
    default:
      return {
        code: 'ERR_IPVS_KERNEL',
        message: `${context.command}: ended with the unknown status ${status}`,
      };
  }
}

/** Why the client's network namespace could not be entered (native/os/netns.h). */
function explainNamespace({ namespace }: ErrorContext, errno: number): Explanation {
  const name = `network namespace ${namespace ?? 'of the client'}`;
  switch (errno) {
    case E.NOENT:
    case E.NOTDIR:
      return { code: 'ERR_IPVS_NAMESPACE_NOT_FOUND', message: `there is no ${name}` };
    case E.PERM:
      return { code: 'ERR_IPVS_PERMISSION', message: `entering ${name} needs CAP_SYS_ADMIN` };
    case E.ACCES:
      return { code: 'ERR_IPVS_PERMISSION', message: `${name} may not be opened; run as root` };
    case E.NOMEM:
      return { code: 'ERR_IPVS_NO_MEMORY', message: `the kernel has no memory to enter ${name}` };
    case E.INVAL:
      return {
        code: 'ERR_IPVS_NAMESPACE_FAILED',
        message: `${namespace} is not a network namespace; name one of \`ip netns list\`, or /proc/PID/ns/net`,
      };
    default:
      return { code: 'ERR_IPVS_NAMESPACE_FAILED', message: `${name} could not be entered` };
  }
}

/** What this process lacks: its system calls failed before IPVS had the call, or its answer. */
function explainLocal({ command }: ErrorContext, errno: number): Explanation {
  const explained = (code: IpvsErrorCode, why: string): Explanation => ({
    code,
    message: `${command}: ${why}`,
  });
  switch (errno) {
    case E.MFILE:
      return explained(
        'ERR_IPVS_NO_RESOURCES',
        'this process has no file descriptor left; close some, or raise its limit (ulimit -n, LimitNOFILE=)',
      );
    case E.NFILE:
      return explained(
        'ERR_IPVS_NO_RESOURCES',
        'this system has no file left; close some, or raise fs.file-max',
      );
    case E.AGAIN:
      return explained(
        'ERR_IPVS_NO_RESOURCES',
        'no thread could be started; end some, or raise the limit (ulimit -u, TasksMax=, pids.max)',
      );
    case E.NOMEM:
    case E.NOBUFS:
      return explained(
        'ERR_IPVS_NO_RESOURCES',
        'this system has no memory for netlink messages; try again when it has',
      );
    case E.PERM:
    case E.ACCES:
      return explained(
        'ERR_IPVS_PERMISSION',
        'this process may not use netlink sockets; let its seccomp filter or security module allow them',
      );
    case E.NOSYS:
    case E.AFNOSUPPORT:
    case E.PROTONOSUPPORT:
      return explained(
        'ERR_IPVS_NETLINK',
        'this process has no generic netlink sockets; run it outside the sandbox or seccomp filter that withholds them',
      );
    case E.TIMEDOUT:
      return explained('ERR_IPVS_NETLINK', 'the kernel does not answer; try again');
    default:
      return explained('ERR_IPVS_NETLINK', 'the netlink socket failed; try again');
  }
}

function explainErrno(context: ErrorContext, errno: number): Explanation {
  const who = subject(context);
  const special = explainCommand(context, errno, who);
  if (special !== undefined) return special;
  switch (errno) {
    case E.PERM:
      return {
        code: 'ERR_IPVS_PERMISSION',
        message: `${context.command} needs CAP_NET_ADMIN in the initial user namespace, for reading too: run as root; a rootless container cannot have it`,
      };
    case E.SRCH:
      return {
        code: 'ERR_IPVS_SERVICE_NOT_FOUND',
        message: `service ${keyOf(context)} does not exist; add it first`,
      };
    case E.NOMEM:
      return { code: 'ERR_IPVS_NO_MEMORY', message: `the kernel has no memory for ${who}` };
    case E.NOPROTOOPT:
      return {
        code: 'ERR_IPVS_MODULE_UNLOADING',
        message: 'the module ip_vs is just being unloaded; try again',
      };
    case E.AFNOSUPPORT:
      return {
        code: 'ERR_IPVS_FAMILY_NOT_SUPPORTED',
        message: `${who}: this kernel runs without IPv6 (ipv6.disable=1, or built without it)`,
      };
    default:
      return { code: 'ERR_IPVS_KERNEL', message: `${context.command}: the kernel refused ${who}` };
  }
}

function keyOf({ service }: ErrorContext): string {
  return service === undefined ? '(unnamed)' : serviceKey(service);
}

/** What an errno means for one command only. Source: net/netfilter/ipvs/ip_vs_ctl.c, ip_vs_genl_set_cmd and what it calls. */
function explainCommand(context: ErrorContext, errno: number, who: string): Explanation | undefined {
  switch (context.command) {
    case 'NEW_SERVICE':
    case 'SET_SERVICE':
      if (errno === E.EXIST) {
        return {
          code: 'ERR_IPVS_SERVICE_EXISTS',
          message: `${who} already exists; updateService() changes it`,
        };
      }
      if (errno === E.NOENT) return explainMissingModule(context);
      return undefined;
    case 'NEW_DEST':
    case 'SET_DEST':
    case 'DEL_DEST':
      return explainDestination(context, errno, who);
    case 'NEW_DAEMON':
    case 'DEL_DAEMON':
      return explainDaemon(context, errno, who);
    case 'READ_FILE':
    case 'WRITE_FILE':
      return explainFile(context, errno, who);
    default:
      return undefined;
  }
}

function explainMissingModule({ scheduler, engine }: ErrorContext): Explanation {
  if (scheduler === undefined && engine != null) {
    return {
      code: 'ERR_IPVS_ENGINE_NOT_FOUND',
      message: `this kernel has no persistence engine '${engine}' (module ip_vs_pe_${engine})`,
    };
  }
  return {
    code: 'ERR_IPVS_SCHEDULER_NOT_FOUND',
    message: `this kernel has no scheduler '${scheduler}' (module ip_vs_${scheduler}); schedulers() lists those it has or could load`,
  };
}

function explainDestination(
  { command, upperThreshold }: ErrorContext,
  errno: number,
  who: string,
): Explanation | undefined {
  switch (errno) {
    case E.EXIST:
      return {
        code: 'ERR_IPVS_DESTINATION_EXISTS',
        message: `${who} already exists; updateDestination() changes it`,
      };
    case E.NOENT:
      return { code: 'ERR_IPVS_DESTINATION_NOT_FOUND', message: `${who} does not exist; add it first` };
    case E.INVAL:
      if (upperThreshold !== undefined && upperThreshold > INT_MAX) {
        return {
          code: 'ERR_IPVS_THRESHOLDS',
          message: `${who}: kernels from 6.1 on take no threshold above ${INT_MAX}, and it has ${upperThreshold}`,
        };
      }
      return {
        code: 'ERR_IPVS_DESTINATION_REFUSED',
        message:
          command === 'NEW_DEST'
            ? `the kernel does not take ${who}: the address must be a unicast one that the network namespace could route to (is its loopback up?), and of the service's family while a sync daemon runs`
            : `the kernel does not take ${who}: address families may not mix while a sync daemon runs, nor without forwarding 'tunnel'`,
      };
    case E.RANGE:
      return {
        code: 'ERR_IPVS_THRESHOLDS',
        message: `${who} would have its lower threshold above its upper one; set both`,
      };
    default:
      return undefined;
  }
}

function explainDaemon(context: ErrorContext, errno: number, who: string): Explanation | undefined {
  switch (errno) {
    case E.EXIST:
      return { code: 'ERR_IPVS_DAEMON_EXISTS', message: `${who} runs already; stop it first to change it` };
    case E.SRCH:
      return { code: 'ERR_IPVS_DAEMON_NOT_FOUND', message: `${who} does not run` };
    case E.NODEV:
      return {
        code: 'ERR_IPVS_INTERFACE_NOT_FOUND',
        message: `there is no interface '${context.interface}' in the client's network namespace, or it lacks the group's address family`,
      };
    case E.PERM:
    case E.NOMEM:
    case E.NOPROTOOPT:
    case E.AFNOSUPPORT:
      return undefined;
    case E.INVAL:
      return {
        code: 'ERR_IPVS_DAEMON_REFUSED',
        message: `${who} cannot run beside destinations of another address family than their service's`,
      };
    default:
      return {
        code: 'ERR_IPVS_DAEMON_REFUSED',
        message: `${who} could not open its multicast socket on '${context.interface}': is the interface up?`,
      };
  }
}

function explainFile({ command }: ErrorContext, errno: number, who: string): Explanation | undefined {
  switch (errno) {
    case E.NOENT:
      return { code: 'ERR_IPVS_SETTING_NOT_FOUND', message: `this kernel has no ${who}` };
    case E.PERM:
    case E.ACCES:
      return {
        code: 'ERR_IPVS_PERMISSION',
        message: `${who} may not be ${command === 'READ_FILE' ? 'read' : 'written'}; run as root`,
      };
    case E.INVAL:
    case E.RANGE:
      return { code: 'ERR_IPVS_SETTING_REFUSED', message: `the kernel does not take that value for ${who}` };
    default:
      return undefined;
  }
}
