import { MAX_DELAY } from '../../calls/options.ts';
import type { Allowed, ApplyDrainOptions, Owns, PlanOptions } from '../../reconcile/types.ts';
import { type Arguments, isGiven, misuse, numberOf, textOf } from '../arguments.ts';

/** The highest firewall mark. */
const MAX_MARK = 0xffff_ffff;

/** What is the caller's to change, and within which limits. */
export function planOptionsOf(given: Arguments): PlanOptions {
  const allow = textOf(given, 'allow');
  const owns = textOf(given, 'owns');
  return {
    owner: textOf(given, 'owner'),
    owns: owns === undefined ? undefined : ownsOf(owns),
    allow: allow?.split(',') as Allowed[] | undefined,
    maxRemovals: numberOf(given, 'max-removals'),
    force: isGiven(given, 'force'),
    keepWeights: isGiven(given, 'keep-weights'),
    order: isGiven(given, 'exact-order') ? 'exact' : undefined,
  };
}

/** Reads `everything`, or prefixes, marks and one range of marks: `10.0.0.0/8,fd00::/8,1-99`. */
function ownsOf(text: string): Owns {
  if (text === 'everything') return text;
  const parts = text.split(',');
  const isMark = (part: string) => /^\d+(?:-\d+)?$/.test(part);
  const [range, ...more] = parts.filter(isMark);
  if (more.length > 0) throw misuse(`--owns takes one range of firewall marks, not '${text}'`);
  const [from, to = from] = range?.split('-').map(Number) ?? [];
  if (from !== undefined && !(from >= 1 && from <= to! && to! <= MAX_MARK)) {
    const rule = `takes firewall marks from 1 to ${MAX_MARK}, the lower one first`;
    throw misuse(`--owns ${rule}, not '${range}'`);
  }
  const addresses = parts.filter(part => !isMark(part));
  return {
    ...(addresses.length > 0 && { addresses }),
    ...(from !== undefined && { marks: [from, to!] as const }),
  };
}

const SECOND = 1000;

/** The longest deadline, in seconds. */
const LATEST = Math.floor(MAX_DELAY / SECOND);

const DAY = 86_400;

/** An option's seconds, in milliseconds. */
function durationOf(given: Arguments, name: string, most: number): number | undefined {
  const seconds = numberOf(given, name);
  if (seconds === undefined) return undefined;
  if (seconds > most) throw misuse(`--${name} takes 0 to ${most} seconds, not ${seconds}`);
  return seconds * SECOND;
}

/** How destinations are drained; the same for `apply` and `drain`. */
export function drainOptionsOf(given: Arguments): ApplyDrainOptions {
  const deadline = durationOf(given, 'deadline', LATEST);
  const cut = isGiven(given, 'cut');
  if (cut && deadline === undefined) throw misuse('--cut says what to do at a --deadline');
  return {
    deadline,
    idleFor: durationOf(given, 'idle-for', DAY),
    atDeadline: cut ? 'remove' : 'give-up',
    setFallback: isGiven(given, 'set-fallback'),
    setSettings: isGiven(given, 'set-settings'),
  };
}

const names: Readonly<Record<string, string>> = {
  maxRemovals: '--max-removals',
  setFallback: '--set-fallback',
  setSettings: '--set-settings',
  'force allow': '--force allow',
};

/** A message of the library's in the words of the command line: `options.owns.marks[0]` is --owns there. */
export function inOptions(message: string): string {
  return message
    .replaceAll(/\boptions\.(\w+)[\w.[\]()]*/g, (_, name: string) => names[name] ?? `--${name}`)
    .replaceAll('admin()', '`ipvs maintenance`')
    .replaceAll(/\b(?:maxRemovals|setFallback|setSettings|force allow)\b/g, name => names[name]!);
}

/** The same error, in the words of the command line. */
export function rephrase(error: Error): Error {
  error.message = inOptions(error.message);
  return error;
}
