import type { DestinationSpec } from '../model/destination.ts';
import type { TableEntry } from '../model/table.ts';
import type { Settings } from '../proc/settings.ts';
import type { Directed, DirectedEntry } from './desired.ts';
import type { Leaving } from './leaving.ts';
import { adminOf, type Memory, memberOf, newMemory } from './members.ts';
import type { Operators } from './operators.ts';
import { type Decision, decide, type Placement } from './policy/decide.ts';
import { RAMP_STEP } from './policy/ramp.ts';
import { placeKey, type Watcher } from './watcher.ts';

/** What weights are decided by. */
export interface World {
  readonly directed: Directed;
  readonly operators: Operators;
  readonly watcher: Watcher;
  readonly leaving: Leaving;
  /** By the keys of places. */
  readonly memories: Map<string, Memory>;
  /** The decisions before, by the keys of services. */
  readonly decisions: Map<string, Decision>;
  readonly initial: 'up' | 'down';
  readonly settings: Settings | undefined;
}

/** What the table is to be, and why. */
export interface Evaluation {
  readonly decisions: ReadonlyMap<string, Decision>;
  /** As `apply()` takes it. */
  readonly table: readonly TableEntry[];
  /** Milliseconds until a weight changes by itself; undefined: none will. */
  readonly next: number | undefined;
}

/** Decides all weights as they are to be at a time. What is remembered of destinations is brought up to date. */
export function evaluate(world: World, now: number): Evaluation {
  const decisions = new Map<string, Decision>();
  const table: TableEntry[] = [];
  let isRamping = false;
  for (const entry of world.directed.values()) {
    const members = entry.rows.map(row => {
      const place = placeKey(entry.key, row.key);
      const memory = world.memories.get(place) ?? newMemory(undefined);
      world.memories.set(place, memory);
      const { initial } = world;
      const said = world.operators.of(place);
      const member = memberOf({ entry, row, said, followed: world.watcher.of(place), initial, now }, memory);
      isRamping ||= member.ramp < 1;
      return member;
    });
    const decision = decide(members, entry.decision, world.decisions.get(entry.key)?.tiersUp);
    decisions.set(entry.key, decision);
    table.push(entryOf(entry, decision, world));
  }
  return {
    decisions,
    table: [...table, ...world.leaving.services()],
    next: isRamping ? RAMP_STEP : undefined,
  };
}

/** A service as the table is to have it, with destinations that are drained behind the others. */
function entryOf(entry: DirectedEntry, { placements }: Decision, { leaving, settings }: World): TableEntry {
  const destinations = entry.rows.flatMap((row): readonly DestinationSpec[] => {
    const placement = placements.get(row.key)!;
    return isAbsent(entry, row.configured, placement, settings)
      ? []
      : [{ ...row.spec, weight: placement.weight }];
  });
  return { ...entry.spec, destinations: [...destinations, ...leaving.of(entry.key)] } as TableEntry;
}

/** Whether a destination must not be in the table, because weight 0 is not enough there. */
export function isAbsent(
  entry: DirectedEntry,
  configured: number,
  { weight, reason }: Placement,
  settings: Settings | undefined,
): boolean {
  if (weight > 0) return false;
  // A weight 0 that the desired state gives is what somebody wants.
  if (entry.refusesClients) return configured > 0;
  if (reason !== 'down') return false;
  if (entry.onFailure !== undefined) return entry.onFailure === 'remove';
  const { persistence, protocol, onePacket = false } = entry.spec;
  if (persistence !== undefined && settings?.expireQuiescentTemplate === false) return true;
  return protocol === 'udp' && !onePacket && settings?.expireNodestConn === true;
}

/** Whether a destination is to be checked: one in maintenance is not, unless its checks are what says so. */
export function isChecked(
  { operators }: Pick<World, 'operators'>,
  entry: DirectedEntry,
  row: DirectedEntry['rows'][number],
): boolean {
  const said = operators.of(placeKey(entry.key, row.key));
  return adminOf({ row, said, followed: [] }) !== 'maintenance';
}
