import { inspect } from 'node:util';
import { callsOf, type Ipvs } from '../client.ts';
import type { Clock } from '../health/clock.ts';
import { validateBoolean, validateObject, validateString } from '../model/arguments.ts';
import { isCheckPath } from '../model/check-path.ts';
import { IpvsError } from '../model/errors.ts';
import { destinationKey, serviceKey } from '../model/identity.ts';
import { keysOf } from '../model/numbers.ts';
import type { TableEntry } from '../model/table.ts';
import { claimsOf } from '../reconcile/planning.ts';
import type { DesiredError } from '../reconcile/problems.ts';
import { type Directed, readDirected } from './desired.ts';
import type { Engine } from './engine.ts';
import type { Happening } from './event-types.ts';
import type { Leaving } from './leaving.ts';
import { layPaths } from './paths.ts';
import { pauseAfter } from './pauses.ts';
import type { Problems } from './problems.ts';
import { createRunner } from './runner.ts';
import type { Revision, ServicePolicy, Source } from './types.ts';

/** What an intake works with. */
export interface IntakeParts {
  readonly ipvs: Ipvs;
  readonly owner: string;
  readonly clock: Clock;
  readonly engine: Engine;
  readonly leaving: Leaving;
  readonly problems: Problems;
  readonly defaults: ServicePolicy;
  readonly maxRemovals: number | undefined;
  readonly emit: (event: Happening) => void;
}

/** Takes desired states: the newest that is good and removes no more than it may. */
export interface Intake {
  /** Resolves when this revision, or one that came later, is in force; rejects with why it was refused. */
  take(revision: Revision): Promise<void>;
  /** Takes what a source yields, and asks for it again when it ends. */
  follow(source: Source): void;
  readonly view: () => IntakeView;
  stop(): Promise<void>;
}

/** What an intake has taken. */
export interface IntakeView {
  readonly revision: string | undefined;
  readonly taken: number;
  readonly refused: number;
  /** When the last one was taken; the clock's milliseconds. */
  readonly desiredTime: number | undefined;
  /** When the source last yielded something. */
  readonly sourceTime: number | undefined;
}

interface Waiting {
  readonly revision: Revision;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const revisionKeys = keysOf<Revision>({ desired: true, revision: true, force: true });

export function createIntake(parts: IntakeParts): Intake {
  const { ipvs, owner, clock, engine, leaving, problems, emit } = parts;
  const ending = new AbortController();
  let waiting: Waiting[] = [];
  let current: string | undefined;
  let [taken, refused, failures] = [0, 0, 0];
  let desiredTime: number | undefined;
  let sourceTime: number | undefined;
  let timer: unknown;
  let sourcing: Promise<void> = Promise.resolve();

  const runner = createRunner(async () => {
    const items = waiting;
    waiting = [];
    const newest = items.at(-1);
    if (newest === undefined) return;
    try {
      await take(newest.revision);
      for (const { resolve } of items) resolve();
      failures = 0;
    } catch (error) {
      if (isRefusal(error)) {
        refuse(newest.revision, error as Error);
        for (const { reject } of items) reject(error);
        return;
      }
      // The kernel could not be asked: nothing is known against this state.
      problems.begin('apply', (error as Error).message);
      waiting = [...items, ...waiting];
      clock.clearTimeout(timer);
      timer = clock.setTimeout(() => runner.request(), pauseAfter(failures++));
    }
  });

  async function take(revision: Revision): Promise<void> {
    validateRevision(revision);
    const directed = await readDirected(revision.desired, parts.defaults);
    const [snapshot, settings, claims] = await Promise.all([
      ipvs.snapshot(),
      ipvs.settings().catch(() => undefined),
      claimsOf(callsOf(ipvs), owner, {}),
    ]);
    const isOurs = (service: TableEntry) =>
      directed.has(serviceKey(service)) || claims.own.has(serviceKey(service));
    const foreign = snapshot.filter(service => isCheckPath(service) && !claims.own.has(serviceKey(service)));
    const foreignMarks = new Set(foreign.map(({ fwmark }) => fwmark));
    const paths = layPaths(directed, owner, mark => foreignMarks.has(mark));
    const ours = snapshot.filter(isOurs);
    await judge(directed, ours, revision);
    const before = ours.filter(service => !isCheckPath(service));
    leaving.update(engine.leavers(before), rowKeysOf(directed));
    engine.direct(directed, paths, before, settings);
    taken++;
    current = revision.revision;
    desiredTime = clock.now();
    problems.end('desired');
    const destinations = Array.from(directed.values(), ({ rows }) => rows.length);
    emit({
      type: 'desired',
      revision: current,
      services: directed.size,
      destinations: destinations.reduce((sum, count) => sum + count, 0),
    });
  }

  /**
   * Throws where a desired state removes too much. What is drained already is not counted again, and what is left
   * out of the table because it fails is not removed by the desired state.
   */
  async function judge(directed: Directed, before: readonly TableEntry[], revision: Revision): Promise<void> {
    const force = revision.force === true;
    const table = fullTable(directed, before);
    const plan = await ipvs.plan(table, { owner, force, maxRemovals: parts.maxRemovals });
    const removed = before.filter(service => !directed.has(serviceKey(service)) && !isCheckPath(service));
    if (!force && directed.size === 0 && removed.length > 0) {
      const message = `the desired state is empty, and every service (${removed.length}) would go: only with force: true is that done`;
      throw new IpvsError('ERR_IPVS_LIMIT', message, { command: 'APPLY' });
    }
    if (plan.refusals.length === 0) return;
    const message = plan.refusals.map(refusal => refusal.message).join('; ');
    throw new IpvsError('ERR_IPVS_LIMIT', message, { command: 'APPLY' });
  }

  function refuse(revision: Revision, error: Error): void {
    refused++;
    emit({ type: 'refused', revision: nameOf(revision), message: error.message });
    problems.begin('desired', error.message);
  }

  async function iterate(source: Source): Promise<void> {
    let pauses = 0;
    while (!ending.signal.aborted) {
      try {
        for await (const revision of source(ending.signal)) {
          pauses = 0;
          sourceTime = clock.now();
          problems.end('source');
          // Not awaited: the newest wins, and whoever yields need not wait for the kernel.
          submit(revision).catch(() => {});
        }
        if (ending.signal.aborted) return;
        problems.begin('source', 'the source ended by itself');
      } catch (error) {
        if (ending.signal.aborted) return;
        const words = error instanceof Error ? error.message : `the source threw ${inspect(error)}`;
        problems.begin('source', words);
      }
      await pause(pauseAfter(pauses++));
    }
  }

  function pause(delay: number): Promise<void> {
    const { signal } = ending;
    return new Promise(resolve => {
      const timer = clock.setTimeout(end, delay);
      signal.addEventListener('abort', end);
      function end(): void {
        clock.clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      }
    });
  }

  function submit(revision: Revision): Promise<void> {
    return new Promise((resolve, reject) => {
      waiting.push({ revision, resolve, reject });
      runner.request();
    });
  }

  return {
    take: submit,
    follow(source) {
      sourcing = iterate(source);
    },
    view: () => ({ revision: current, taken, refused, desiredTime, sourceTime }),
    async stop() {
      ending.abort();
      clock.clearTimeout(timer);
      await runner.stop();
      clock.clearTimeout(timer);
      const error = new IpvsError('ERR_IPVS_CLOSED', 'the director is closed');
      for (const { reject } of waiting) reject(error);
      // A source that does not heed its signal is not waited for.
      await Promise.race([sourcing, Promise.resolve()]);
    },
  };
}

/** Throws unless a value is a revision; its desired state is looked at later. Sources are a program's own. */
function validateRevision(value: Revision): void {
  validateObject('revision', value, revisionKeys);
  const { revision, force } = value;
  if (revision !== undefined) validateString('revision.revision', revision);
  if (force !== undefined) validateBoolean('revision.force', force);
}

/** The name of what may be no revision. */
function nameOf(given: Revision | null | undefined): string | undefined {
  const name: unknown = given?.revision;
  return typeof name === 'string' ? name : undefined;
}

/** Whether an error is about a desired state, and not about the kernel or the way there. */
function isRefusal(error: unknown): boolean {
  const { code } = error as Partial<DesiredError | IpvsError>;
  if (code === 'ERR_IPVS_DESIRED' || code === 'ERR_IPVS_LIMIT' || code === 'ERR_IPVS_OWNED') return true;
  return !(error instanceof IpvsError);
}

function rowKeysOf(directed: Directed): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map(Array.from(directed, ([key, { rows }]) => [key, new Set(rows.map(row => row.key))]));
}

/** All that is desired, what is drained already, and paths of checks: those are no loss. */
function fullTable(directed: Directed, before: readonly TableEntry[]): readonly TableEntry[] {
  const drained = new Map<string, readonly TableEntry['destinations'][number][]>();
  for (const service of before) {
    const rows = service.destinations.filter(({ weight }) => weight === 0);
    drained.set(serviceKey(service), rows);
  }
  const desired = Array.from(directed.values(), ({ key, spec, rows }) => {
    const known = new Set(rows.map(row => row.key));
    const more = (drained.get(key) ?? []).filter(row => !known.has(destinationKey(row)));
    return { ...spec, destinations: [...rows.map(row => row.spec), ...more] } as TableEntry;
  });
  const orphans = before.filter(service => {
    const isDrained = service.destinations.every(({ weight }) => weight === 0);
    const isHarmless = isCheckPath(service) || (isDrained && service.destinations.length > 0);
    return !directed.has(serviceKey(service)) && isHarmless;
  });
  return [...desired, ...orphans];
}
