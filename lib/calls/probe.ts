import { Layout, Operation, Status } from '../addon/layout.ts';
import { putName, putWord } from '../addon/record.ts';
import { Family } from '../model/constants.ts';
import type { FurtherCalls, Run } from './call.ts';
import { E } from './errno.ts';
import type { ErrorContext } from './error-context.ts';
import type { CallOptions } from './options.ts';

const expected: ReadonlySet<number> = new Set([E.NOENT, E.EXIST, E.INVAL]);

/**
 * Whether the kernel has a scheduler, without a trace in the table: asked to add an IPv6 service with a
 * prefix length of 0, the kernel first looks for the scheduler (ENOENT), loading its module if need be, and
 * only then refuses the prefix length (EINVAL). Source: ip_vs_add_service in net/netfilter/ipvs/ip_vs_ctl.c.
 */
export async function hasScheduler(run: Run, name: string, options?: CallOptions): Promise<boolean> {
  // A mark that is in use already answers EEXIST before anything else.
  for (let fwmark = 0xffff_ffff; ; fwmark--) {
    const status = await run<number>(
      {
        operation: Operation.newService,
        context: { command: 'NEW_SERVICE', scheduler: name },
        encode(slot) {
          putWord(slot, Layout.service.family, Family.ipv6);
          putWord(slot, Layout.service.fwmark, fwmark);
          putName(slot, Layout.service.scheduler, 'scheduler', name);
        },
        decode: () => Status.ok,
        accept: status => (expected.has(status) ? { value: status } : undefined),
      },
      options,
    );
    if (status !== E.EXIST) return status === E.INVAL;
  }
}

/**
 * After ENOENT for a service with both a scheduler and a persistence engine: which of the two it was that is
 * missing.
 */
export async function findMissingModule(
  context: ErrorContext,
  status: number,
  _: unknown,
  { run }: FurtherCalls,
): Promise<ErrorContext> {
  if (status !== E.NOENT || context.engine == null || context.scheduler === undefined) return context;
  const known = await hasScheduler(run, context.scheduler).catch(() => false);
  return known ? { ...context, scheduler: undefined } : context;
}
