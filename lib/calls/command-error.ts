import { E } from './errno.ts';
import { type Command, type ErrorContext, type Explanation, subject } from './error-context.ts';

// What errnos mean that the kernel answers with. Source: net/netfilter/ipvs/ip_vs_ctl.c, ip_vs_genl_set_cmd
// and what it calls.

/** The largest threshold that kernels from 6.1 on take. */
const INT_MAX = 0x7fff_ffff;

/** Commands that take something away, or only look: nobody is to add first what these did not find. */
const removing: ReadonlySet<Command> = new Set([
  'DEL_SERVICE',
  'DEL_DEST',
  'GET_SERVICE',
  'GET_DEST',
  'ZERO',
]);

/** Why the kernel refused a call. */
export function explainErrno(context: ErrorContext, errno: number): Explanation {
  const who = subject(context);
  const special = explainCommand(context, errno, who);
  if (special !== undefined) return special;
  switch (errno) {
    case E.PERM:
      return {
        code: 'ERR_IPVS_PERMISSION',
        message: `${context.command} needs CAP_NET_ADMIN in the initial user namespace, for reading too: run as root, in a container with --cap-add=NET_ADMIN; a rootless container cannot have it`,
      };
    case E.SRCH:
      return {
        code: 'ERR_IPVS_SERVICE_NOT_FOUND',
        message: absent(context, subject({ ...context, destination: undefined })),
      };
    case E.NOMEM:
      return { code: 'ERR_IPVS_NO_MEMORY', message: `the kernel has no memory for ${who}` };
    case E.NOENT: // the family's id, which another one has replaced each time it was asked for
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

/** What an errno means for one command only. */
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
    case 'SET_CONFIG':
      if (errno !== E.INVAL) return undefined;
      return {
        code: 'ERR_IPVS_SETTING_REFUSED',
        message:
          'the kernel counts a timeout in ticks of 31 bits: with HZ=250 it takes 8589934 seconds at most',
      };
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

function absent({ command }: ErrorContext, who: string): string {
  return removing.has(command) ? `${who} does not exist` : `${who} does not exist; add it first`;
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

function explainDestination(context: ErrorContext, errno: number, who: string): Explanation | undefined {
  const { command, upperThreshold } = context;
  switch (errno) {
    case E.EXIST:
      return {
        code: 'ERR_IPVS_DESTINATION_EXISTS',
        message: `${who} already exists; updateDestination() changes it`,
      };
    case E.NOENT:
      if (command === 'NEW_DEST') return undefined;
      return { code: 'ERR_IPVS_DESTINATION_NOT_FOUND', message: absent(context, who) };
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
      if (context.command === 'DEL_DAEMON') return undefined;
      return {
        code: 'ERR_IPVS_DAEMON_REFUSED',
        message: `${who} could not open its multicast socket on '${context.interface}': is the interface up?`,
      };
  }
}

function explainFile({ command, setting, isHidden }: ErrorContext, errno: number, who: string): Explanation {
  const done = command === 'READ_FILE' ? 'read' : 'written';
  switch (errno) {
    case E.NOENT:
      if (isHidden === true) {
        return {
          code: 'ERR_IPVS_SETTING_NOT_FOUND',
          message:
            'kernels before 6.10 keep net.ipv4.vs.* from a network namespace that belongs to a user namespace, as this one does; make it outside of one',
        };
      }
      if (setting !== undefined) {
        return { code: 'ERR_IPVS_SETTING_NOT_FOUND', message: `this kernel has no ${who}` };
      }
      return { code: 'ERR_IPVS_FILE', message: `there is no ${who}; mount /proc` };
    case E.PERM:
    case E.ACCES:
      return {
        code: 'ERR_IPVS_PERMISSION',
        message: `${who} may not be ${done} by this process; run it as root, outside of user namespaces`,
      };
    case E.INVAL:
    case E.RANGE:
      if (command === 'READ_FILE') break;
      return { code: 'ERR_IPVS_SETTING_REFUSED', message: `the kernel does not take that value for ${who}` };
    default:
      break;
  }
  return { code: 'ERR_IPVS_FILE', message: `${who} could not be ${done}` };
}
