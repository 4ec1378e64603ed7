import type { DirectedEntry, DirectedRow } from './desired.ts';
import type { Said } from './operators.ts';
import type { AdminState, Member } from './policy/decide.ts';
import { rampOf } from './policy/ramp.ts';
import type { Followed } from './watcher.ts';

/** What a director remembers of a destination from one look to the next. */
export interface Memory {
  /** The weight that it had in the kernel's table when it was first seen; undefined: it was not there. */
  readonly adopted: number | undefined;
  health: Member['health'];
  since: number;
  /** When it came back from a failure or from maintenance; undefined: it did not since it was first seen. */
  recovered: number | undefined;
  wasOut: boolean;
}

/** What tells how a destination is. */
export interface Evidence {
  readonly entry: DirectedEntry;
  readonly row: DirectedRow;
  readonly said: Said;
  readonly followed: readonly Followed[];
  readonly initial: 'up' | 'down';
  readonly now: number;
}

export function newMemory(adopted: number | undefined): Memory {
  return { adopted, health: 'waiting', since: Number.NEGATIVE_INFINITY, recovered: undefined, wasOut: false };
}

/** The administrative state of a destination: an operator's word holds, or else the strictest of the others. */
export function adminOf({ row, said, followed }: Pick<Evidence, 'row' | 'said' | 'followed'>): AdminState {
  if (said.admin !== undefined) return said.admin;
  const states = [row.admin, ...followed.map(({ health }) => health.answer?.admin ?? 'ready')];
  return states.includes('maintenance') ? 'maintenance' : states.includes('drain') ? 'drain' : 'ready';
}

/** The member that a destination is now; notes in its memory what changed. */
export function memberOf(evidence: Evidence, memory: Memory): Member {
  const { entry, row, said, followed, now } = evidence;
  const admin = adminOf(evidence);
  const health = healthOf(evidence, memory, admin);
  if (health !== memory.health) {
    memory.health = health;
    memory.since = sinceOf(followed, health, now);
  }
  if (admin === 'maintenance' || health === 'down') {
    memory.wasOut = true;
    memory.recovered = undefined;
  } else if (health === 'up' && memory.wasOut) {
    memory.wasOut = false;
    memory.recovered = now;
  }
  const configured = said.weight ?? row.configured;
  const { recovered } = memory;
  const ramp = recovered === undefined ? 1 : rampOf(now - recovered, entry.slowStart);
  if (ramp === 1) memory.recovered = undefined;
  return {
    key: row.key,
    tier: row.tier,
    configured,
    admin,
    health,
    since: memory.since,
    factor: isUnchecked(followed) ? adoptedPart(memory, configured) : factorOf(followed),
    ramp,
  };
}

function healthOf({ row, followed, initial }: Evidence, memory: Memory, admin: AdminState): Member['health'] {
  if (row.checks.length === 0) return 'up';
  // Nothing is known of what was in maintenance: its checks begin anew.
  if (admin === 'maintenance') return 'waiting';
  if (followed.some(({ trusted }) => trusted === 'down')) return 'down';
  if (!isUnchecked(followed)) return 'up';
  if (memory.health === 'up') return 'up';
  if (memory.wasOut) return 'waiting';
  return (memory.adopted ?? (initial === 'up' ? 1 : 0)) > 0 ? 'up' : 'waiting';
}

/** Whether a check has not said anything yet. */
function isUnchecked(followed: readonly Followed[]): boolean {
  return followed.some(({ trusted }) => trusted === 'unknown');
}

/** Since when a destination is up or down, by the check that makes it so. */
function sinceOf(followed: readonly Followed[], health: Member['health'], now: number): number {
  const times = followed.filter(({ trusted }) => trusted === health).map(item => item.health.since);
  if (times.length === 0) return now;
  return health === 'down' ? Math.min(...times) : Math.max(...times);
}

/** The part of its weight that a destination had in the table: a restart changes nothing. */
function adoptedPart({ adopted, wasOut }: Memory, configured: number): number {
  if (adopted === undefined || adopted === 0 || configured === 0 || wasOut) return 1;
  return Math.min(1, adopted / configured);
}

function factorOf(followed: readonly Followed[]): number {
  return followed.reduce((product, { health }) => product * (health.answer?.factor ?? 1), 1);
}
