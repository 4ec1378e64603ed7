import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DestinationSpec } from '../model/destination.ts';
import { copyServiceId, type ServiceId, serviceKey } from '../model/identity.ts';
import type { ServiceSpec } from '../model/service.ts';
import type { TableEntry } from '../model/table.ts';
import { createRowReader, type DesiredEntry, type DesiredTable } from './desired.ts';
import { draftService, newDraft } from './draft.ts';
import { refusalsOf } from './limits.ts';
import { type ServiceRow, serviceRow } from './rows.ts';
import type { Scope } from './scope.ts';
import type { PlanData, PlanOptions, Step } from './types.ts';
import { lintWarnings } from './warnings.ts';

/** Draws up a plan, as the services of a table come in, in any order. */
export interface Planner {
  /**
   * The desired state of a service of the table, which is then taken for found. undefined: none is desired.
   */
  take(key: string): DesiredEntry | undefined;
  /** Whether a service that is not desired is the caller's all the same. */
  owns(key: string, service: ServiceId): boolean;
  /** A service that `take` found and that is known to be as desired. */
  same(entry: DesiredEntry): void;
  /** A service of the caller's, with what `take` found for it. */
  differs(
    actual: ServiceSpec,
    destinations: readonly DestinationSpec[],
    desired: DesiredEntry | undefined,
  ): void;
  /** Adds what was not found. In the order of the desired state, whatever order the kernel has. */
  finish(): Promise<Planned>;
}

/** A plan as it is carried out. */
export interface Planned extends Pick<PlanData, 'warnings' | 'scope' | 'refusals'> {
  /**
   * New services, which come before all else. Their steps are made while the kernel is at work, or for a plan
   * that is shown: there may be 100,000.
   */
  readonly additions: readonly DesiredEntry[];
  /** As `DesiredTable` has them. */
  readonly records: Uint32Array;
  /** All else there is to do, in its order. */
  readonly steps: readonly Step[];
  /** As `Draft` has them. */
  readonly reliant: ReadonlySet<string>;
}

/** Whose a service is that the desired state does not name. */
export interface Ownership {
  /** By `owns`. */
  readonly scope: Scope | undefined;
  /** By the record of what this owner applied before. */
  readonly claimed: ReadonlySet<string>;
}

/** Rows drafted before the event loop has a turn. */
const SLICE = 500;

/** `toShow`: the plan is shown. It also tells what `lint` finds, which takes as long as all else. */
export function createPlanner(
  desired: DesiredTable,
  { scope, claimed }: Ownership,
  options: PlanOptions,
  toShow: boolean,
): Planner {
  const draft = newDraft();
  const rowOf = createRowReader(desired.records);
  /** The services that are not known to be as desired; undefined: not in the table. */
  const open = new Map<DesiredEntry, ServiceRow | undefined>(
    Array.from(desired.entries.values(), entry => [entry, undefined]),
  );
  const missing = new Map(desired.entries);
  const surplus: ServiceRow[] = [];
  return {
    take(key) {
      const entry = missing.get(key);
      missing.delete(key);
      return entry;
    },
    owns: (key, service) => claimed.has(key) || scope?.(service) === true,
    same(entry) {
      draft.services++;
      draft.destinations += entry.count;
      open.delete(entry);
    },
    differs(actual, destinations, entry) {
      const row = serviceRow(actual, destinations);
      if (entry === undefined) surplus.push(row);
      else open.set(entry, row);
    },
    async finish() {
      let rows = 0;
      const pause = async ({ count }: DesiredEntry) => {
        rows += count + 1;
        if (rows < SLICE) return;
        rows = 0;
        await nextTurn();
      };
      for (const [entry, actual] of open) {
        if (actual === undefined) {
          draft.additions.push(entry);
          continue;
        }
        draftService(draft, actual, rowOf(entry), options);
        await pause(entry);
      }
      for (const entry of toShow ? desired.entries.values() : []) {
        draft.warnings.push(...lintWarnings(rowOf(entry)));
        await pause(entry);
      }
      const sorted = surplus.toSorted((one, other) => (one.key < other.key ? -1 : 1));
      for (const actual of sorted) draftService(draft, actual, undefined, options);
      const { additions, phases, warnings, reliant, services, destinations, removals } = draft;
      return {
        additions,
        records: desired.records,
        steps: phases[0]!.concat(...phases.slice(1)), // several times as quick as flat()
        warnings,
        scope: { services, destinations, removals },
        refusals: refusalsOf(draft, options),
        reliant,
      };
    },
  };
}

/** The plan from one table to another. */
export function planTable(
  actual: readonly TableEntry[],
  desired: DesiredTable,
  ownership: Ownership,
  options: PlanOptions,
): Promise<Planned> {
  const planner = createPlanner(desired, ownership, options, true);
  for (const service of actual) {
    const key = serviceKey(service);
    const entry = planner.take(key);
    if (entry !== undefined || planner.owns(key, copyServiceId(service))) {
      planner.differs(service, service.destinations, entry);
    }
  }
  return planner.finish();
}
