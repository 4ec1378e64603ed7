import type { IpvsErrorCode } from '../model/errors.ts';
import { E } from './errno.ts';
import type { ErrorContext, Explanation } from './error-context.ts';

// Failures of this process's own system calls: whatever failed before IPVS had the call, or on its answer's
// way back.

/** Why the client's network namespace could not be entered (native/os/netns.h). */
export function explainNamespace({ namespace }: ErrorContext, errno: number): Explanation {
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
export function explainLocal({ command }: ErrorContext, errno: number): Explanation {
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
      return explained(
        'ERR_IPVS_NO_MEMORY',
        'there is no memory for it in this process or in the kernel; nothing was executed',
      );
    case E.NOBUFS:
      return explained(
        'ERR_IPVS_NO_RESOURCES',
        'this system has no memory left for it; try again when it has',
      );
    case E.PERM:
    case E.ACCES:
      return explained(
        'ERR_IPVS_PERMISSION',
        'this process may not use netlink sockets; let its seccomp filter or security module allow them',
      );
    case E.NOSYS:
    case E.AFNOSUPPORT:
      return explained(
        'ERR_IPVS_NETLINK',
        'this process is kept from netlink sockets; allow them in its seccomp filter (RestrictAddressFamilies= of a systemd unit needs AF_NETLINK too)',
      );
    case E.PROTONOSUPPORT:
      return explained(
        'ERR_IPVS_NOT_AVAILABLE',
        'this kernel has no generic netlink, and so no IPVS, as under gVisor or an emulator; run the program on a kernel of Linux itself',
      );
    case E.TIMEDOUT:
      return explained('ERR_IPVS_NETLINK', 'the kernel does not answer; try again');
    default:
      return explained('ERR_IPVS_NETLINK', 'the netlink socket failed; try again');
  }
}
