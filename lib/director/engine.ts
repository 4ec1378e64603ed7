import { type DestinationId, destinationKey, serviceKey } from '../model/identity.ts';
import type { TableEntry } from '../model/table.ts';
import type { Settings } from '../proc/settings.ts';
import type { Directed, DirectedEntry } from './desired.ts';
import { isChecked } from './evaluate.ts';
import type { Leaving } from './leaving.ts';
import { type Memory, newMemory } from './members.ts';
import type { Operators } from './operators.ts';
import { createOutlook } from './outlook.ts';
import type { Paths, PathWay } from './paths.ts';
import type { Decision } from './policy/decide.ts';
import { RAMP_STEP } from './policy/ramp.ts';
import { type Suspicion, trusting } from './policy/suspicion.ts';
import { createRunner } from './runner.ts';
import { placeKey, type Watcher } from './watcher.ts';
import { createWriter, type Entries, type WriterCounts, type WriterParts } from './writer.ts';

/** What an engine works with. */
export interface EngineParts extends WriterParts {
  readonly operators: Operators;
  readonly watcher: Watcher;
  readonly leaving: Leaving;
  readonly pathWay: PathWay;
  readonly initial: 'up' | 'down';
  /** Hears when the table is as it is to be. */
  readonly onConverged: () => void;
}

/** Makes the kernel's table what is to be, now and whenever that changes. */
export interface Engine {
  /** Directs another desired state. `before`: the table as it is now, without the paths of checks. */
  direct(
    directed: Directed,
    paths: Paths,
    before: readonly TableEntry[],
    settings: Settings | undefined,
  ): void;
  /** Of a table that is there, what may take connections: servers that fail have none that could end well. */
  leavers(before: readonly TableEntry[]): readonly TableEntry[];
  /** Looks at a service once more, soon, by its key. */
  request(service: string): void;
  /** Begins or ends checks, by what operators say. */
  refollow(): void;
  readonly view: () => EngineView;
  stop(): Promise<void>;
}

/** What an engine knows at present. */
export interface EngineView {
  readonly directed: Directed;
  readonly memories: ReadonlyMap<string, Memory>;
  readonly decisions: ReadonlyMap<string, Decision>;
  readonly suspicion: Suspicion;
  readonly settings: Settings | undefined;
  readonly isConverged: boolean;
  readonly counts: WriterCounts;
}

export function createEngine(parts: EngineParts): Engine {
  const { clock, operators, watcher, leaving, pathWay, initial, emit } = parts;
  let directed: Directed = new Map();
  let paths: Paths = new Map();
  /** The paths that were told to be in the kernel's table. */
  let told: Paths | undefined;
  let settings: Settings | undefined;
  let hasDirection = false;
  const memories = new Map<string, Memory>();
  const outlook = createOutlook();
  const writer = createWriter(parts);
  let suspicion = trusting;
  let timer: unknown;

  const runner = createRunner(round);

  function wakeIn(delay: number): void {
    clock.clearTimeout(timer);
    timer = clock.setTimeout(() => runner.request(), Math.max(1, delay));
  }

  async function round(): Promise<void> {
    if (!hasDirection) return;
    const now = clock.now();
    const { suspicion: found, believed } = watcher.judge(now);
    suspect(found);
    for (const service of believed) outlook.touch(service);
    tellDecisions(outlook.look({ operators, watcher, leaving, memories, initial, settings }, now));
    const laid = paths;
    const pause = await writer.write(tableNow());
    if (pause === undefined) {
      leaving.begin();
      parts.onConverged();
      if (laid !== told) pathWay.onLaid(laid);
      told = laid;
    }
    const ramp = outlook.isRamping() ? RAMP_STEP : undefined;
    const until = suspicion.until === undefined ? undefined : suspicion.until - now;
    const waits = [pause, ramp, until, writer.untilLook()].filter(wait => wait !== undefined);
    if (waits.length > 0) wakeIn(Math.min(...waits));
  }

  /** All that is to be there: services, what leaves, and the paths of checks. */
  function tableNow(): Entries {
    const table = new Map(outlook.entries);
    for (const entry of leaving.services()) table.set(serviceKey(entry), entry);
    for (const { entry } of paths.values()) table.set(serviceKey(entry), entry);
    return table;
  }

  function suspect(found: Suspicion): void {
    const { held, of } = found;
    if (held.size !== suspicion.held.size) emit({ type: 'suspicion', held: held.size, of });
    suspicion = found;
  }

  /** Tells what was decided otherwise than before. */
  function tellDecisions(before: ReadonlyMap<string, Decision | undefined>): void {
    for (const [service, was] of before) tellDecision(directed.get(service)!, was);
  }

  function tellDecision(entry: DirectedEntry, before: Decision | undefined): void {
    const decision = outlook.decisions.get(entry.key)!;
    const { service } = entry;
    for (const { key, destination } of entry.rows) {
      const { weight: to, reason } = decision.placements.get(key)!;
      const from =
        before?.placements.get(key)?.weight ?? memories.get(placeKey(entry.key, key))?.adopted ?? 0;
      if (from !== to) emit({ type: 'weight', service, destination, from, to, reason });
    }
    const { isUp, tier } = decision;
    if (before === undefined ? !isUp : before.isUp !== isUp || before.tier !== tier) {
      emit({ type: 'service', service, isUp, tier });
    }
    if (textOf(decision.keptIn) !== textOf(before?.keptIn ?? new Set())) {
      const kept = entry.rows.filter(({ key }) => decision.keptIn.has(key)).map(row => row.destination);
      emit({ type: 'panic', service, kept });
    }
  }

  return {
    direct(next, ways, before, found) {
      adopt(next, before, memories);
      settings = found ?? settings;
      directed = next;
      outlook.direct(next);
      paths = ways;
      hasDirection = true;
      forget(memories, next);
      pathWay.lay(paths);
      watcher.follow(directed, paths, (entry, row) => isChecked({ operators }, entry, row));
      runner.request();
    },
    leavers(before) {
      return before.map(entry => {
        const placements = outlook.decisions.get(serviceKey(entry))?.placements;
        const isDown = (row: DestinationId) => placements?.get(destinationKey(row))?.reason === 'down';
        return { ...entry, destinations: entry.destinations.filter(row => !isDown(row)) } as TableEntry;
      });
    },
    request(service) {
      outlook.touch(service);
      runner.request();
    },
    refollow() {
      outlook.touch();
      watcher.follow(directed, paths, (entry, row) => isChecked({ operators }, entry, row));
      runner.request();
    },
    view: () => ({
      directed,
      memories,
      decisions: outlook.decisions,
      suspicion,
      settings,
      isConverged: writer.isConverged(),
      counts: writer.counts,
    }),
    async stop() {
      clock.clearTimeout(timer);
      await runner.stop();
      clock.clearTimeout(timer);
    },
  };
}

function textOf(keys: ReadonlySet<string>): string {
  return [...keys].toSorted().join(' ');
}

/** Notes the weights that destinations have in the table which nobody has looked at before. */
function adopt(next: Directed, before: readonly TableEntry[], memories: Map<string, Memory>): void {
  for (const { destinations, ...service } of before) {
    const entry = next.get(serviceKey(service));
    if (entry === undefined) continue;
    for (const row of destinations) {
      const place = placeKey(entry.key, destinationKey(row));
      if (!memories.has(place)) memories.set(place, newMemory(row.weight));
    }
  }
}

/** Drops what was remembered of destinations that are not desired any more. */
function forget(memories: Map<string, Memory>, directed: Directed): void {
  const places = new Set(
    Array.from(directed.values()).flatMap(entry => entry.rows.map(row => placeKey(entry.key, row.key))),
  );
  for (const place of memories.keys()) if (!places.has(place)) memories.delete(place);
}
