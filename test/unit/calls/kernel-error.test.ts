import { constants } from 'node:os';
import { describe, expect, test } from 'vitest';
import { Status } from '../../../lib/addon/layout.ts';
import type { Command, ErrorContext } from '../../../lib/calls/error-context.ts';
import { kernelError } from '../../../lib/calls/kernel-error.ts';
import type { IpvsErrorCode } from '../../../lib/model/errors.ts';

const { errno } = constants;

const fullContext = {
  service: { protocol: 'tcp', address: '10.100.10.101', port: 80 },
  destination: { address: '172.16.120.11', port: 80 },
  scheduler: 'rr',
  role: 'master',
  interface: 'eth0',
} as const;

/** The context that a command's errors have. */
function contextOf(command: Command): ErrorContext {
  const { service, destination, scheduler, role, interface: name } = fullContext;
  if (command.endsWith('_DAEMON')) return { command, role, interface: name };
  if (command.endsWith('_DEST')) return { command, service, destination };
  if (command.endsWith('_SERVICE')) return { command, service, scheduler };
  return { command };
}

/**
 * Every errno that the kernel answers a command with (net/netfilter/ipvs/ip_vs_ctl.c), and its code. Kernel
 * tests bring about most of them. Only this table has a module that is being unloaded, memory that is short
 * and a kernel without IPv6.
 */
const table: readonly (readonly [Command, number, IpvsErrorCode, string])[] = [
  ['NEW_SERVICE', errno.EEXIST, 'ERR_IPVS_SERVICE_EXISTS', 'already exists'],
  ['NEW_SERVICE', errno.ENOENT, 'ERR_IPVS_SCHEDULER_NOT_FOUND', 'ip_vs_rr'],
  ['SET_SERVICE', errno.ENOENT, 'ERR_IPVS_SCHEDULER_NOT_FOUND', 'ip_vs_rr'],
  ['NEW_SERVICE', errno.ENOMEM, 'ERR_IPVS_NO_MEMORY', 'tcp 10.100.10.101:80'],
  ['NEW_SERVICE', errno.ENOPROTOOPT, 'ERR_IPVS_MODULE_UNLOADING', 'try again'],
  ['NEW_SERVICE', errno.EAFNOSUPPORT, 'ERR_IPVS_FAMILY_NOT_SUPPORTED', 'IPv6'],
  ['SET_SERVICE', errno.ESRCH, 'ERR_IPVS_SERVICE_NOT_FOUND', 'add it first'],
  ['DEL_SERVICE', errno.ESRCH, 'ERR_IPVS_SERVICE_NOT_FOUND', 'tcp 10.100.10.101:80'],
  ['GET_SERVICE', errno.ESRCH, 'ERR_IPVS_SERVICE_NOT_FOUND', 'tcp 10.100.10.101:80'],
  ['ZERO', errno.ESRCH, 'ERR_IPVS_SERVICE_NOT_FOUND', 'does not exist'],
  [
    'NEW_DEST',
    errno.EEXIST,
    'ERR_IPVS_DESTINATION_EXISTS',
    '172.16.120.11:80 of service tcp 10.100.10.101:80',
  ],
  ['NEW_DEST', errno.EINVAL, 'ERR_IPVS_DESTINATION_REFUSED', 'loopback'],
  ['NEW_DEST', errno.ERANGE, 'ERR_IPVS_THRESHOLDS', 'threshold'],
  ['NEW_DEST', errno.ESRCH, 'ERR_IPVS_SERVICE_NOT_FOUND', 'service tcp 10.100.10.101:80'],
  ['NEW_DEST', errno.ENOMEM, 'ERR_IPVS_NO_MEMORY', '172.16.120.11:80'],
  ['NEW_DEST', errno.EAFNOSUPPORT, 'ERR_IPVS_FAMILY_NOT_SUPPORTED', 'IPv6'],
  ['SET_DEST', errno.ENOENT, 'ERR_IPVS_DESTINATION_NOT_FOUND', 'does not exist'],
  ['SET_DEST', errno.EINVAL, 'ERR_IPVS_DESTINATION_REFUSED', 'sync daemon'],
  ['SET_DEST', errno.ERANGE, 'ERR_IPVS_THRESHOLDS', 'set both'],
  ['DEL_DEST', errno.ENOENT, 'ERR_IPVS_DESTINATION_NOT_FOUND', 'does not exist'],
  ['NEW_DEST', errno.ENOENT, 'ERR_IPVS_MODULE_UNLOADING', 'try again'],
  ['GET_INFO', errno.ENOENT, 'ERR_IPVS_MODULE_UNLOADING', 'try again'],
  ['NEW_DAEMON', errno.EEXIST, 'ERR_IPVS_DAEMON_EXISTS', 'the master sync daemon'],
  ['NEW_DAEMON', errno.ENODEV, 'ERR_IPVS_INTERFACE_NOT_FOUND', "'eth0'"],
  ['NEW_DAEMON', errno.EINVAL, 'ERR_IPVS_DAEMON_REFUSED', 'address family'],
  ['NEW_DAEMON', errno.ENETUNREACH, 'ERR_IPVS_DAEMON_REFUSED', "'eth0'"],
  ['NEW_DAEMON', errno.EADDRINUSE, 'ERR_IPVS_DAEMON_REFUSED', 'multicast socket'],
  ['NEW_DAEMON', errno.EAFNOSUPPORT, 'ERR_IPVS_FAMILY_NOT_SUPPORTED', 'IPv6'],
  ['NEW_DAEMON', errno.ENOMEM, 'ERR_IPVS_NO_MEMORY', 'sync daemon'],
  ['DEL_DAEMON', errno.EIO, 'ERR_IPVS_KERNEL', 'the master sync daemon'],
  ['DEL_DAEMON', errno.ESRCH, 'ERR_IPVS_DAEMON_NOT_FOUND', 'does not run'],
  ['GET_INFO', errno.EPERM, 'ERR_IPVS_PERMISSION', 'CAP_NET_ADMIN'],
  ['FLUSH', errno.EPERM, 'ERR_IPVS_PERMISSION', 'CAP_NET_ADMIN'],
  ['GET_DEST', errno.EPERM, 'ERR_IPVS_PERMISSION', 'for reading too'],
  ['NEW_DAEMON', errno.EPERM, 'ERR_IPVS_PERMISSION', 'CAP_NET_ADMIN'],
  ['SET_CONFIG', errno.EINVAL, 'ERR_IPVS_SETTING_REFUSED', 'seconds at most'],
  ['FLUSH', errno.EOPNOTSUPP, 'ERR_IPVS_KERNEL', 'FLUSH'],
  ['NEW_SERVICE', errno.EINVAL, 'ERR_IPVS_KERNEL', 'tcp 10.100.10.101:80'],
];

describe('errors of the kernel’s commands', () => {
  test.each(table)(
    'a command’s error is chosen by command and errno: %s, errno %i, %s',
    (command, number, code, says) => {
      const error = kernelError(contextOf(command), number);
      expect(error).toMatchObject({ code, errno: -number, command });
      expect(error.message).toContain(says);
      expect(error.message).toMatch(/\(E[A-Z]+\)$/);
    },
  );
});

test.each(['NEW_DEST', 'SET_DEST', 'SET_SERVICE'] as const)(
  'a missing service is to be added before %s, says the error',
  command => {
    const { message } = kernelError(contextOf(command), errno.ESRCH);
    expect(message).toBe('service tcp 10.100.10.101:80 does not exist; add it first (ESRCH)');
  },
);

test.each(['DEL_DEST', 'DEL_SERVICE', 'GET_DEST', 'ZERO'] as const)(
  'a missing service is just named by the error of %s',
  command => {
    const { message } = kernelError({ ...contextOf(command), service: fullContext.service }, errno.ESRCH);
    expect(message).toBe('service tcp 10.100.10.101:80 does not exist (ESRCH)');
  },
);

test('a missing destination is to be added before it is changed, and is just named when it is removed', () => {
  const who = 'destination 172.16.120.11:80 of service tcp 10.100.10.101:80';
  expect(kernelError(contextOf('SET_DEST'), errno.ENOENT).message).toBe(
    `${who} does not exist; add it first (ENOENT)`,
  );
  expect(kernelError(contextOf('DEL_DEST'), errno.ENOENT).message).toBe(`${who} does not exist (ENOENT)`);
});

test.each([
  [
    'WRITE_FILE',
    errno.EINVAL,
    'ERR_IPVS_SETTING_REFUSED',
    'does not take that value for setting net.ipv4.vs.x',
  ],
  ['WRITE_FILE', errno.ERANGE, 'ERR_IPVS_SETTING_REFUSED', 'does not take that value'],
  ['WRITE_FILE', errno.ENOENT, 'ERR_IPVS_SETTING_NOT_FOUND', 'this kernel has no setting net.ipv4.vs.x'],
  ['WRITE_FILE', errno.EACCES, 'ERR_IPVS_PERMISSION', 'may not be written'],
  ['WRITE_FILE', errno.EIO, 'ERR_IPVS_FILE', 'setting net.ipv4.vs.x could not be written'],
] as const)('a setting’s error is chosen by errno: %s, errno %i, %s', (command, number, code, says) => {
  const error = kernelError({ command, file: '/proc/sys/net/ipv4/vs', setting: 'net.ipv4.vs.x' }, number);
  expect(error).toMatchObject({ code, errno: -number, command });
  expect(error.message).toContain(says);
});

test.each([
  [errno.EPERM, 'ERR_IPVS_PERMISSION', 'may not be read'],
  [errno.ENOENT, 'ERR_IPVS_FILE', 'there is no /proc/thread-self/net/ip_vs_stats; mount /proc'],
  [errno.EIO, 'ERR_IPVS_FILE', '/proc/thread-self/net/ip_vs_stats could not be read'],
  [errno.EINVAL, 'ERR_IPVS_FILE', 'could not be read'],
] as const)('the error of reading a file is chosen by errno: %i, %s', (number, code, says) => {
  const error = kernelError({ command: 'READ_FILE', file: '/proc/thread-self/net/ip_vs_stats' }, number);
  expect(error).toMatchObject({ code, errno: -number, command: 'READ_FILE' });
  expect(error.message).toContain(says);
});

describe('errors that are not the kernel’s answer', () => {
  const read: ErrorContext = { command: 'GET_DEST', service: fullContext.service };

  test.each([
    [Status.outcomeUnknown, 'ERR_IPVS_OUTCOME_UNKNOWN', 'read the table'],
    [Status.unstable, 'ERR_IPVS_UNSTABLE', 'faster than it can be read'],
    [Status.noFamily, 'ERR_IPVS_NOT_AVAILABLE', 'modprobe ip_vs'],
  ])('a call that has no answer of the kernel’s fails by its status: %i, %s', (status, code, says) => {
    const error = kernelError(read, status);
    expect(error.code).toBe(code);
    expect(error.errno).toBeUndefined();
    expect(error.message).toContain(says);
  });

  test.each([
    [errno.ENOENT, 'ERR_IPVS_NAMESPACE_NOT_FOUND', 'there is no network namespace'],
    [errno.ENOTDIR, 'ERR_IPVS_NAMESPACE_NOT_FOUND', 'there is no network namespace'],
    [errno.EPERM, 'ERR_IPVS_PERMISSION', 'CAP_SYS_ADMIN'],
    [errno.EACCES, 'ERR_IPVS_PERMISSION', 'may not be opened'],
    [errno.ENOMEM, 'ERR_IPVS_NO_MEMORY', 'no memory to enter'],
    [errno.EINVAL, 'ERR_IPVS_NAMESPACE_FAILED', 'is not a network namespace'],
    [errno.EIO, 'ERR_IPVS_NAMESPACE_FAILED', 'could not be entered'],
  ])('the error of entering a namespace is chosen by errno: %i, %s', (number, code, says) => {
    const error = kernelError({ ...read, namespace: '/run/netns/lb1' }, Status.namespaceFailed - number);
    expect(error).toMatchObject({ code, errno: -number });
    expect(error.message).toContain('/run/netns/lb1');
    expect(error.message).toContain(says);
  });

  test.each([
    [errno.EMFILE, 'ERR_IPVS_NO_RESOURCES', 'ulimit -n'],
    [errno.ENFILE, 'ERR_IPVS_NO_RESOURCES', 'fs.file-max'],
    [errno.EAGAIN, 'ERR_IPVS_NO_RESOURCES', 'thread'],
    [errno.ENOMEM, 'ERR_IPVS_NO_MEMORY', 'memory'],
    [errno.ENOBUFS, 'ERR_IPVS_NO_RESOURCES', 'memory'],
    [errno.EPERM, 'ERR_IPVS_PERMISSION', 'seccomp'],
    [errno.EACCES, 'ERR_IPVS_PERMISSION', 'seccomp'],
    [errno.ENOSYS, 'ERR_IPVS_NETLINK', 'is kept from netlink sockets'],
    [errno.EAFNOSUPPORT, 'ERR_IPVS_NETLINK', 'is kept from netlink sockets'],
    [errno.EPROTONOSUPPORT, 'ERR_IPVS_NOT_AVAILABLE', 'no generic netlink'],
    [errno.ETIMEDOUT, 'ERR_IPVS_NETLINK', 'does not answer'],
    [errno.EBADMSG, 'ERR_IPVS_NETLINK', 'failed'],
  ])(
    'the error of this process’s own errno %i is %s, and does not blame the kernel',
    (number, code, says) => {
      const error = kernelError(read, Status.localFailure - number);
      expect(error).toMatchObject({ code, errno: -number, command: 'GET_DEST' });
      expect(error.message).toContain(says);
      expect(error.message).not.toMatch(/kernel (?:refused|has no memory)|IPv6/);
    },
  );
});
