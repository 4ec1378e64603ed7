import type { TableEntry } from '../model/table.ts';
import type { Directed } from './desired.ts';
import { evaluate, type World } from './evaluate.ts';
import type { Decision } from './policy/decide.ts';

/**
 * What is decided of each service of a desired state. One is decided anew only where something may have changed
 * that its weights depend on: there may be 10,000 destinations, and one that fails.
 */
export interface Outlook {
  readonly decisions: ReadonlyMap<string, Decision>;
  /** Services as the table is to have them. The same object as before means that nothing of it has changed. */
  readonly entries: ReadonlyMap<string, TableEntry>;
  /** Takes another desired state. */
  direct(directed: Directed): void;
  /** Notes that something may have changed: of a service, by its key, or of all. */
  touch(service?: string): void;
  /** Decides anew what has to be. Returns for the keys of these services what was decided before. */
  look(world: World, now: number): ReadonlyMap<string, Decision | undefined>;
  /** Whether a weight changes by itself, as time passes. */
  isRamping(): boolean;
}

export function createOutlook(): Outlook {
  let directed: Directed = new Map();
  const decisions = new Map<string, Decision>();
  const entries = new Map<string, TableEntry>();
  const ramping = new Set<string>();
  let touched = new Set<string>();
  return {
    decisions,
    entries,
    direct(next) {
      directed = next;
      touched = new Set(next.keys());
      for (const known of [decisions, entries, ramping]) {
        for (const key of known.keys()) if (!next.has(key)) known.delete(key);
      }
    },
    touch(service) {
      if (service !== undefined) touched.add(service);
      else touched = new Set(directed.keys());
    },
    look(world, now) {
      const before = new Map<string, Decision | undefined>();
      const due = new Set([...touched, ...ramping]);
      touched.clear();
      for (const key of due) {
        const service = directed.get(key);
        if (service === undefined) continue;
        before.set(key, decisions.get(key));
        const { decision, entry, isRamping } = evaluate(world, service, decisions.get(key), now);
        decisions.set(key, decision);
        entries.set(key, entry);
        if (isRamping) ramping.add(key);
        else ramping.delete(key);
      }
      return before;
    },
    isRamping: () => ramping.size > 0,
  };
}
