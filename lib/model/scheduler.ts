import { contradiction, wrongType, wrongValue } from './arguments.ts';
import type { Complete } from './complete.ts';
import { ServiceFlag } from './constants.ts';

/**
 * The kernel's own schedulers: round robin, weighted round robin, least and weighted least connection, weighted failover, weighted
 * overflow, locality-based least connection (with replication), destination, source and Maglev hashing, shortest expected delay,
 * never queue, power of two choices (since 5.11, in Debian since 6.12). `schedulers()` tells which a kernel has.
 */
export const schedulerNames = [
  'rr',
  'wrr',
  'lc',
  'wlc',
  'fo',
  'ovf',
  'lblc',
  'lblcr',
  'dh',
  'sh',
  'mh',
  'sed',
  'nq',
  'twos',
] as const;

/** A scheduler of the kernel's own. */
export type KnownScheduler = (typeof schedulerNames)[number];

/** The three bits a service keeps for its scheduler, without a meaning of their own. */
export type GenericFlag = 'flag-1' | 'flag-2' | 'flag-3';

/** How connections are spread; other names are for schedulers from outside the kernel's own tree. */
export type SchedulerSpec =
  | {
      readonly scheduler: 'sh';
      /** `sh-fallback`: another server when the hashed one has weight 0 or is overloaded; `sh-port`: hash the client's port too. */
      readonly schedulerFlags?: readonly ('sh-fallback' | 'sh-port' | GenericFlag)[] | undefined;
    }
  | {
      readonly scheduler: 'mh';
      /** As those of `sh`. */
      readonly schedulerFlags?: readonly ('mh-fallback' | 'mh-port' | GenericFlag)[] | undefined;
    }
  | {
      /** Default `wlc`, as ipvsadm's. 'none': no connection is scheduled. */
      readonly scheduler?: KnownScheduler | 'none' | (string & {}) | undefined;
      readonly schedulerFlags?: readonly GenericFlag[] | undefined;
    };

/** A scheduler as the kernel has it. `sh` and `mh` report their flags by their own names, others by the generic ones. */
export type Scheduler = Complete<SchedulerSpec>;

const generic: Readonly<Record<string, number>> = {
  'flag-1': ServiceFlag.sched1,
  'flag-2': ServiceFlag.sched2,
  'flag-3': ServiceFlag.sched3,
};

const own: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  sh: { 'sh-fallback': ServiceFlag.sched1, 'sh-port': ServiceFlag.sched2 },
  mh: { 'mh-fallback': ServiceFlag.sched1, 'mh-port': ServiceFlag.sched2 },
};

/** The bits of flag names. The kernel checks neither names nor scheduler, so this does. */
export function flagBits(field: string, scheduler: string | undefined, flags: unknown): number {
  if (!Array.isArray(flags)) throw wrongType(field, 'an array of flag names', flags);
  let bits = 0;
  for (const flag of flags as readonly unknown[]) {
    const bit = typeof flag === 'string' ? bitOf(field, scheduler, flag) : undefined;
    if (bit === undefined) {
      const names = [...Object.values(own).flatMap(names => Object.keys(names)), ...Object.keys(generic)];
      throw wrongValue(field, `hold only ${names.join(', ')}`, flag);
    }
    bits |= bit;
  }
  return bits;
}

function bitOf(field: string, scheduler: string | undefined, flag: string): number | undefined {
  if (Object.hasOwn(generic, flag)) return generic[flag];
  for (const [name, flags] of Object.entries(own)) {
    if (!Object.hasOwn(flags, flag)) continue;
    if (scheduler !== name) {
      throw contradiction(
        `${field}: '${flag}' goes with scheduler '${name}', not with '${scheduler ?? 'none named'}'`,
      );
    }
    return flags[flag];
  }
  return undefined;
}

/** The names of a service's scheduler bits. */
export function flagNames(scheduler: string, flags: number): readonly string[] {
  if ((flags & ServiceFlag.allScheduler) === 0) return [];
  const names: string[] = [];
  let rest = flags & ServiceFlag.allScheduler;
  for (const table of [own[scheduler] ?? {}, generic]) {
    for (const [name, bit] of Object.entries(table)) {
      if ((rest & bit) === 0) continue;
      names.push(name);
      rest &= ~bit;
    }
  }
  return names;
}
