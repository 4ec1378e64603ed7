import { getSystemErrorName } from 'node:util';
import { Status } from '../addon/layout.ts';
import { IpvsError } from '../model/errors.ts';
import { explainErrno } from './command-error.ts';
import { type ErrorContext, type Explanation, subject } from './error-context.ts';
import { explainLocal, explainNamespace } from './local-error.ts';

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
