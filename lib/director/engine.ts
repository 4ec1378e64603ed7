import type { Ipvs } from '../client.ts';
import type { Clock } from '../health/clock.ts';
import { type DestinationId, destinationKey, type ServiceId, serviceKey } from '../model/identity.ts';
import type { TableEntry } from '../model/table.ts';
import type { Settings } from '../proc/settings.ts';
import type { Applied, AppliedStep, Step } from '../reconcile/types.ts';
import type { Directed } from './desired.ts';
import { type Evaluation, evaluate, isChecked, type World } from './evaluate.ts';
import type { Happening } from './event-types.ts';
import type { Leaving } from './leaving.ts';
import { type Memory, newMemory } from './members.ts';
import type { Operators } from './operators.ts';
import { withOwnChanges } from './own-changes.ts';
import type { Paths, PathWay } from './paths.ts';
import type { Decision } from './policy/decide.ts';
import { type Suspicion, trusting } from './policy/suspicion.ts';
import type { Problems } from './problems.ts';
import { createRunner } from './runner.ts';
import { placeKey, type Watcher } from './watcher.ts';

/** What an engine works with. */
export interface EngineParts {
  readonly ipvs: Ipvs;
  readonly owner: string;
  readonly clock: Clock;
  readonly operators: Operators;
  readonly watcher: Watcher;
  readonly leaving: Leaving;
  readonly pathWay: PathWay;
  readonly problems: Problems;
  readonly initial: 'up' | 'down';
  readonly drift: 'repair' | 'report' | 'off';
  readonly driftInterval: number;
  readonly emit: (event: Happening) => void;
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
  /** Looks at everything once more, soon. */
  request(): void;
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
  readonly counts: EngineCounts;
}

/** How much an engine has done. */
export interface EngineCounts {
  converged: number;
  failed: number;
  /** Milliseconds. */
  applyTime: number;
  drift: number;
}

const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 30_000;

export function createEngine(parts: EngineParts): Engine {
  const { ipvs, owner, clock, operators, watcher, leaving, pathWay, problems, initial, emit } = parts;
  let directed: Directed = new Map();
  let paths: Paths = new Map();
  let settings: Settings | undefined;
  let hasDirection = false;
  const memories = new Map<string, Memory>();
  let decisions = new Map<string, Decision>();
  let suspicion = trusting;
  const counts: EngineCounts = { converged: 0, failed: 0, applyTime: 0, drift: 0 };
  /** The weights that the table was last made to have, as text; undefined: it may have others. */
  let left: string | undefined;
  /** The last table that was made so; undefined: none was. */
  let made: readonly TableEntry[] | undefined;
  let reported = '';
  let looked = Number.NEGATIVE_INFINITY;
  let failures = 0;
  let timer: unknown;

  const runner = createRunner(round);

  function wakeIn(delay: number): void {
    clock.clearTimeout(timer);
    timer = clock.setTimeout(() => runner.request(), Math.max(1, delay));
  }

  async function round(): Promise<void> {
    if (!hasDirection) return;
    const now = clock.now();
    suspect(watcher.judge(now));
    const world: World = { directed, operators, watcher, leaving, memories, decisions, initial, settings };
    const evaluation = evaluate(world, now);
    tellDecisions(evaluation);
    decisions = new Map(evaluation.decisions);
    const laid = paths;
    const pause = await settle([...evaluation.table, ...Array.from(laid.values(), ({ entry }) => entry)]);
    if (pause === undefined) pathWay.onLaid(laid);
    const until = suspicion.until === undefined ? undefined : suspicion.until - now;
    const waits = [pause, evaluation.next, until].filter(wait => wait !== undefined);
    if (parts.drift !== 'off') waits.push(looked + parts.driftInterval - clock.now());
    if (waits.length > 0) wakeIn(Math.min(...waits));
  }

  /** Makes the table so; returns after how long to try again, where that is needed. */
  async function settle(table: readonly TableEntry[]): Promise<number | undefined> {
    const text = JSON.stringify(table);
    const isSame = text === left;
    const isDue = clock.now() - looked >= parts.driftInterval;
    try {
      if (!isSame || (parts.drift === 'repair' && isDue)) {
        looked = clock.now();
        if (!(await apply(table, text))) return nextPause();
      } else if (parts.drift === 'report' && isDue) {
        looked = clock.now();
        await report(table);
      }
      failures = 0;
      problems.end('apply');
      leaving.begin();
      parts.onConverged();
      return undefined;
    } catch (error) {
      counts.failed++;
      problems.begin('apply', (error as Error).message);
      left = undefined;
      return nextPause();
    }
  }

  function nextPause(): number {
    return Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** failures++);
  }

  /** Whether all could be done. */
  async function apply(table: readonly TableEntry[], text: string): Promise<boolean> {
    const begun = clock.now();
    // How much a desired state may remove was judged when it was taken.
    const applied = await ipvs.apply(await leavingDrift(table), { owner, force: true });
    const duration = clock.now() - begun;
    counts.applyTime += duration;
    const { steps, converged: isConverged } = applied;
    if (text === left && steps.length > 0) {
      counts.drift += steps.length;
      emit({ type: 'drift', rows: steps.map(({ step }) => rowText(step)), isRepaired: isConverged });
    }
    if (steps.length > 0) emit({ type: 'applied', steps, isConverged, duration });
    left = isConverged ? text : undefined;
    if (isConverged) {
      made = table;
      counts.converged++;
      return true;
    }
    counts.failed++;
    problems.begin('apply', undoneText(applied));
    return false;
  }

  /** The table to be made: without what would repair changes of others, where those are only reported. */
  async function leavingDrift(table: readonly TableEntry[]): Promise<readonly TableEntry[]> {
    if (parts.drift !== 'report' || made === undefined) return table;
    return withOwnChanges(await ipvs.snapshot(), made, table);
  }

  /** Tells what other programs have changed, and leaves it. */
  async function report(table: readonly TableEntry[]): Promise<void> {
    const { steps } = await ipvs.plan(table, { owner, force: true });
    const rows = steps.map(rowText);
    if (rows.join('\n') === reported) return;
    reported = rows.join('\n');
    counts.drift += rows.length;
    if (rows.length > 0) emit({ type: 'drift', rows, isRepaired: false });
  }

  function suspect(found: Suspicion): void {
    const { held, of } = found;
    if (held.size !== suspicion.held.size) emit({ type: 'suspicion', held: held.size, of });
    suspicion = found;
  }

  function tellDecisions({ decisions: now }: Evaluation): void {
    for (const entry of directed.values()) {
      const [decision, before] = [now.get(entry.key)!, decisions.get(entry.key)];
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
  }

  return {
    direct(next, ways, before, found) {
      adopt(next, before, memories);
      settings = found ?? settings;
      directed = next;
      paths = ways;
      hasDirection = true;
      forget(memories, next);
      pathWay.lay(paths);
      watcher.follow(directed, paths, (entry, row) => isChecked({ operators }, entry, row));
      runner.request();
    },
    leavers(before) {
      return before.map(entry => {
        const placements = decisions.get(serviceKey(entry))?.placements;
        const isDown = (row: DestinationId) => placements?.get(destinationKey(row))?.reason === 'down';
        return { ...entry, destinations: entry.destinations.filter(row => !isDown(row)) } as TableEntry;
      });
    },
    request: () => runner.request(),
    refollow() {
      watcher.follow(directed, paths, (entry, row) => isChecked({ operators }, entry, row));
      runner.request();
    },
    view: () => ({
      directed,
      memories,
      decisions,
      suspicion,
      settings,
      isConverged: left !== undefined,
      counts,
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

function rowText(step: Step): string {
  const row = 'destination' in step ? ` ${destinationKey(step.destination as DestinationId)}` : '';
  return `${step.kind} ${serviceKey(step.service as ServiceId)}${row}`;
}

function undoneText({ steps }: Applied): string {
  const undone = steps.filter(({ outcome }) => outcome !== 'done');
  const text = ({ step, error, reason }: AppliedStep) => `${rowText(step)}: ${error?.message ?? reason}`;
  const more = undone.length > 3 ? [`and ${undone.length - 3} more`] : [];
  return [...undone.slice(0, 3).map(text), ...more].join('; ');
}
