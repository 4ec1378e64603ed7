import { contradiction, wrongType, wrongValue } from './arguments.ts';
import { SCHEDULER_FLAGS, ServiceFlag, UNNAMED_FLAGS } from './constants.ts';

/**
 * The kernel's own schedulers: round robin, weighted round robin, least and weighted least connection,
 * weighted failover, weighted overflow, locality-based least connection (with replication), destination,
 * source and Maglev hashing, shortest expected delay, never queue, power of two choices (since 5.11, in
 * Debian since 6.12). `schedulers()` tells which a kernel has or could load.
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

/**
 * A scheduler: one of the kernel's own, one from outside the kernel's tree, or 'none', which schedules no
 * connection.
 */
export type SchedulerName = KnownScheduler | 'none' | (string & {});

/**
 * One bit that a service keeps for its scheduler. `sh` and `mh` know two of them: `sh-fallback` and
 * `mh-fallback` choose another server when the hashed one has weight 0 or is overloaded, `sh-port` and
 * `mh-port` hash the client's port too. `flag-1` to `flag-3` are the same bits for schedulers from outside
 * the kernel's tree. The kernel keeps its other bits as well, without a use for them: each is a hexadecimal
 * number, such as `'0x40'`.
 */
export type SchedulerFlag =
  | 'sh-fallback'
  | 'sh-port'
  | 'mh-fallback'
  | 'mh-port'
  | 'flag-1'
  | 'flag-2'
  | 'flag-3'
  | (string & {});

const generic: Readonly<Record<string, number>> = {
  'flag-1': ServiceFlag.sched1,
  'flag-2': ServiceFlag.sched2,
  'flag-3': ServiceFlag.sched3,
};

const own: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  sh: { 'sh-fallback': ServiceFlag.sched1, 'sh-port': ServiceFlag.sched2 },
  mh: { 'mh-fallback': ServiceFlag.sched1, 'mh-port': ServiceFlag.sched2 },
};

/** Whether a scheduler of the kernel's own looks at a flag, by either of the names that its bit has. */
export function heedsFlag(scheduler: string, flag: string): boolean {
  const bits = Object.hasOwn(own, scheduler) ? own[scheduler]! : {};
  const bit = bits[flag] ?? generic[flag];
  return bit !== undefined && Object.values(bits).includes(bit);
}

/**
 * The bits of flag names. A name that belongs to another scheduler is refused: read back, it would be
 * another.
 */
export function flagBits(field: string, scheduler: string | undefined, flags: unknown): number {
  if (!Array.isArray(flags)) throw wrongType(field, 'an array of flag names', flags);
  let bits = 0;
  for (const flag of flags as readonly unknown[]) {
    const bit = typeof flag === 'string' ? bitOf(field, scheduler, flag) : undefined;
    if (bit === undefined) {
      const names = [...Object.values(own).flatMap(names => Object.keys(names)), ...Object.keys(generic)];
      throw wrongValue(field, `hold only ${names.join(', ')}, and other bits such as 0x40`, flag);
    }
    bits |= bit;
  }
  return bits >>> 0;
}

function bitOf(field: string, scheduler: string | undefined, flag: string): number | undefined {
  if (Object.hasOwn(generic, flag)) return generic[flag];
  for (const [name, flags] of Object.entries(own)) {
    if (!Object.hasOwn(flags, flag)) continue;
    if (scheduler !== name) {
      const remedy = scheduler === undefined ? `: name that scheduler too` : `, not with '${scheduler}'`;
      throw contradiction(`${field}: '${flag}' goes with scheduler '${name}'${remedy}`);
    }
    return flags[flag];
  }
  const bit = Number(flag);
  const isOne = bit <= 0x8000_0000 && (bit & UNNAMED_FLAGS) !== 0 && (bit & (bit - 1)) === 0;
  return isOne && flag === hexOf(bit) ? bit : undefined;
}

function hexOf(bit: number): string {
  return `0x${bit.toString(16)}`;
}

/** The names of a service's scheduler bits. */
export function flagNames(scheduler: string, flags: number): readonly string[] {
  if ((flags & SCHEDULER_FLAGS) === 0) return [];
  const names: string[] = [];
  let rest = flags & SCHEDULER_FLAGS;
  for (const table of [own[scheduler] ?? {}, generic]) {
    for (const [name, bit] of Object.entries(table)) {
      if ((rest & bit) === 0) continue;
      names.push(name);
      rest &= ~bit;
    }
  }
  while (rest !== 0) {
    const bit = (rest & -rest) >>> 0;
    names.push(hexOf(bit));
    rest &= ~bit;
  }
  return names;
}
