import type { DestinationSpec } from '../model/destination.ts';
import type { TableEntry } from '../model/table.ts';
import type { Settings } from '../proc/settings.ts';
import type { DirectedEntry } from './desired.ts';
import type { Leaving } from './leaving.ts';
import { adminOf, type Memory, memberOf, newMemory } from './members.ts';
import type { Operators } from './operators.ts';
import { type Decision, decide, type Placement } from './policy/decide.ts';
import { placeKey, type Watcher } from './watcher.ts';

/** What weights are decided by. */
export interface World {
  readonly operators: Operators;
  readonly watcher: Pick<Watcher, 'of'>;
  readonly leaving: Pick<Leaving, 'of'>;
  /** By the keys of places. */
  readonly memories: Map<string, Memory>;
  readonly initial: 'up' | 'down';
  readonly settings: Settings | undefined;
}

/** What the table is to have of a service, and why. */
export interface Evaluation {
  readonly decision: Decision;
  /** As `apply()` takes it. */
  readonly entry: TableEntry;
  /** Whether a weight changes by itself, as time passes. */
  readonly isRamping: boolean;
}

/**
 * Decides the weights of a service as they are to be at a time. What is remembered of destinations is brought up
 * to date. `before`: what was decided last.
 */
export function evaluate(
  world: World,
  entry: DirectedEntry,
  before: Decision | undefined,
  now: number,
): Evaluation {
  const { initial, memories, operators, watcher } = world;
  const members = entry.rows.map(row => {
    const place = placeKey(entry.key, row.key);
    const memory = memories.get(place) ?? newMemory(undefined);
    memories.set(place, memory);
    const said = operators.of(place);
    return memberOf({ entry, row, said, followed: watcher.of(place), initial, now }, memory);
  });
  const decision = decide(members, entry.decision, before?.tiersUp);
  return {
    decision,
    entry: entryOf(entry, decision, world),
    isRamping: members.some(({ ramp }) => ramp < 1),
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
