import { constants } from 'node:os';
import type { FunctionName } from './control.ts';

/** Failures besides errnos, as in failing-calls.c. */
const special = { LOST_TOLD: 1000, LOST: 1001, SHORT: 1002, LATE: 1003, WAIT_FAILS: 2000 } as const;

const { errno } = constants;

/** What each function's manual says that it may fail with, and what the kernel does besides. */
export const faultsOf: Readonly<Record<FunctionName, readonly number[]>> = {
  socket: [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EACCES, errno.EAFNOSUPPORT],
  bind: [errno.ENOMEM, errno.EADDRINUSE, errno.EACCES],
  connect: [errno.ENOMEM, errno.EPERM],
  getsockname: [errno.ENOBUFS],
  getsockopt: [errno.ENOPROTOOPT, errno.ENOBUFS],
  setsockopt: [errno.EPERM, errno.ENOMEM, errno.ENOPROTOOPT],
  sendto: [errno.EINTR, errno.ENOBUFS, errno.ENOMEM, errno.EPERM],
  recv: [
    ...[errno.EINTR, errno.ENOBUFS, errno.ENOMEM, special.LATE, special.LOST_TOLD],
    ...[special.WAIT_FAILS + errno.EINTR, special.WAIT_FAILS + errno.ENOMEM, special.LOST],
  ],
  setns: [errno.EPERM, errno.EINVAL, errno.ENOMEM],
  open: [errno.EINTR, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EACCES],
  fdopendir: [errno.ENOMEM],
  readdir: [errno.EIO],
  read: [errno.EINTR, errno.EIO, special.SHORT],
  pwrite: [errno.EINTR, errno.EIO, errno.EPERM],
  fcntl: [errno.EMFILE],
  pthread_create: [errno.EAGAIN],
  eventfd: [errno.EMFILE, errno.ENFILE, errno.ENOMEM],
  epoll_create1: [errno.EMFILE, errno.ENFILE, errno.ENOMEM],
  epoll_ctl: [errno.ENOMEM, errno.ENOSPC],
  epoll_wait: [errno.EINTR],
  malloc: [errno.ENOMEM],
};

const names = new Map<number, string>([
  ...Object.entries(errno).map(([name, value]) => [value, name] as const),
  [errno.EAGAIN, 'EAGAIN'], // which is EWOULDBLOCK too
  ...Object.entries(special).map(([name, value]) => [value, name] as const),
]);

/** A failure's name, as ENOMEM, or "EINTR of the wait". */
export function nameOf(failure: number): string {
  if (failure > special.WAIT_FAILS) return `${nameOf(failure - special.WAIT_FAILS)} of the wait`;
  return names.get(failure) ?? String(failure);
}

/** Waits for an answer that never comes take two seconds each. */
export function isSlow(failure: number): boolean {
  return failure === special.LOST;
}

/** Whatever these do, the call is made again or what it was for is done without it. */
const neverSeen = new Set<number>([
  errno.EINTR,
  special.SHORT,
  special.LATE,
  special.WAIT_FAILS + errno.EINTR,
]);

/** The codes of the errors that are true of a failure; none: a failure that nobody may come to see. */
export function trueCodes(name: FunctionName, failure: number): readonly string[] {
  if (neverSeen.has(failure)) return [];
  const real = failure > special.WAIT_FAILS ? failure - special.WAIT_FAILS : failure;
  // The answer to a write is lost, whatever the receive failed with.
  const lost = name === 'recv' || name === 'malloc' ? ['ERR_IPVS_OUTCOME_UNKNOWN'] : [];
  switch (real) {
    case errno.EMFILE:
    case errno.ENFILE:
      return ['ERR_IPVS_NO_RESOURCES'];
    case errno.ENOMEM:
      return [...lost, 'ERR_IPVS_NO_MEMORY'];
    case errno.ENOBUFS:
      return [...lost, 'ERR_IPVS_NO_RESOURCES'];
    case errno.EAGAIN:
      return ['ERR_IPVS_NO_RESOURCES'];
    case errno.EPERM:
    case errno.EACCES:
      return ['ERR_IPVS_PERMISSION'];
    case errno.EINVAL:
      return ['ERR_IPVS_NAMESPACE_FAILED'];
    case errno.EIO:
      return ['ERR_IPVS_FILE'];
    case special.LOST_TOLD:
      return [...lost, 'ERR_IPVS_NO_RESOURCES'];
    case special.LOST:
      return [...lost, 'ERR_IPVS_NETLINK'];
    default:
      return ['ERR_IPVS_NETLINK'];
  }
}
