import { callsOf, type Ipvs } from '../client.ts';
import type { Clock } from '../health/clock.ts';
import {
  copyServiceId,
  type DestinationId,
  destinationKey,
  type ServiceId,
  serviceKey,
} from '../model/identity.ts';
import type { TableEntry } from '../model/table.ts';
import { readServices } from '../reconcile/read.ts';
import type { Applied, AppliedStep, Step } from '../reconcile/types.ts';
import type { Happening } from './event-types.ts';
import { withOwnChanges } from './own-changes.ts';
import { pauseAfter } from './pauses.ts';
import type { Problems } from './problems.ts';

/** What a writer works with. */
export interface WriterParts {
  readonly ipvs: Ipvs;
  readonly owner: string;
  readonly clock: Clock;
  readonly problems: Problems;
  readonly drift: 'repair' | 'report' | 'off';
  readonly driftInterval: number;
  readonly emit: (event: Happening) => void;
}

/** A table by the keys of its services. */
export type Entries = ReadonlyMap<string, TableEntry>;

/** Makes the kernel's table what a director wants, and looks now and then whether it is so still. */
export interface Writer {
  /** Makes the table so. Returns after how many milliseconds to try again; undefined: it is so. */
  write(table: Entries): Promise<number | undefined>;
  /** Milliseconds until it is time to look what others have changed; undefined: nobody looks. */
  untilLook(): number | undefined;
  readonly isConverged: () => boolean;
  readonly counts: WriterCounts;
}

/** How much a writer has done. */
export interface WriterCounts {
  converged: number;
  failed: number;
  /** Milliseconds. */
  applyTime: number;
  drift: number;
}

export function createWriter(parts: WriterParts): Writer {
  const { ipvs, owner, clock, problems, emit } = parts;
  const counts: WriterCounts = { converged: 0, failed: 0, applyTime: 0, drift: 0 };
  /** The last table that was made; undefined: none was. */
  let made: Map<string, TableEntry> | undefined;
  /** Whether the kernel's table is that, as far as is known. */
  let isConverged = false;
  let reported = '';
  let looked = Number.NEGATIVE_INFINITY;
  let failures = 0;

  const isDue = () => clock.now() - looked >= parts.driftInterval;

  /** The services to be written; undefined: all of them, those that go too. */
  function changesTo(table: Entries): readonly TableEntry[] | undefined {
    if (!isConverged || made?.size !== table.size) return undefined;
    const changed: TableEntry[] = [];
    for (const [key, entry] of table) {
      const before = made.get(key);
      if (before === undefined) return undefined;
      if (before !== entry && JSON.stringify(before) !== JSON.stringify(entry)) changed.push(entry);
    }
    return changed;
  }

  async function make(table: Entries): Promise<boolean> {
    const changed = changesTo(table);
    if (changed === undefined) return makeAll(table, false);
    // What has changed comes first: to look at all the rest takes a hundred times as long.
    if (changed.length > 0 && !(await makePart(changed))) return false;
    if (!isDue()) return true;
    if (parts.drift === 'repair') return makeAll(table, true);
    if (parts.drift === 'report') await report(table);
    return true;
  }

  async function makeAll(table: Entries, isLook: boolean): Promise<boolean> {
    looked = clock.now();
    const entries = [...table.values()];
    const isMade = await apply(isLook ? entries : await leavingDrift(entries, () => ipvs.snapshot()), {
      isLook,
      partial: false,
    });
    if (isMade) made = new Map(table);
    return isMade;
  }

  /** Makes some services so. The others are those that were made before. */
  async function makePart(entries: readonly TableEntry[]): Promise<boolean> {
    const wanted = await leavingDrift(entries, () =>
      readServices(callsOf(ipvs), entries.map(copyServiceId), {}),
    );
    const isMade = await apply(wanted, { isLook: false, partial: true });
    if (isMade) for (const entry of entries) made!.set(serviceKey(entry), entry);
    return isMade;
  }

  /** Whether all could be done. `isLook`: nothing has changed but what others did. */
  async function apply(
    table: readonly TableEntry[],
    { isLook, partial }: { readonly isLook: boolean; readonly partial: boolean },
  ): Promise<boolean> {
    const begun = clock.now();
    // How much a desired state may remove was judged when it was taken.
    const applied = await ipvs.apply(table, { owner, force: true, partial });
    const duration = clock.now() - begun;
    counts.applyTime += duration;
    const { steps } = applied;
    isConverged = applied.converged;
    if (isLook && steps.length > 0) {
      counts.drift += steps.length;
      emit({ type: 'drift', rows: steps.map(({ step }) => rowText(step)), isRepaired: isConverged });
    }
    if (steps.length > 0) emit({ type: 'applied', steps, isConverged, duration });
    if (isConverged) {
      counts.converged++;
      return true;
    }
    counts.failed++;
    problems.begin('apply', undoneText(applied));
    return false;
  }

  /** What is to be made: without what would repair changes of others, where those are only reported. */
  async function leavingDrift(
    entries: readonly TableEntry[],
    read: () => Promise<readonly TableEntry[]>,
  ): Promise<readonly TableEntry[]> {
    if (parts.drift !== 'report' || made === undefined) return entries;
    const before = entries.flatMap(entry => made?.get(serviceKey(entry)) ?? []);
    return withOwnChanges(await read(), before, entries);
  }

  /** Tells what other programs have changed, and leaves it. */
  async function report(table: Entries): Promise<void> {
    looked = clock.now();
    const { steps } = await ipvs.plan([...table.values()], { owner, force: true });
    const rows = steps.map(rowText);
    if (rows.join('\n') === reported) return;
    reported = rows.join('\n');
    counts.drift += rows.length;
    if (rows.length > 0) emit({ type: 'drift', rows, isRepaired: false });
  }

  return {
    async write(table) {
      try {
        if (!(await make(table))) return pauseAfter(failures++);
        failures = 0;
        problems.end('apply');
        return undefined;
      } catch (error) {
        counts.failed++;
        problems.begin('apply', (error as Error).message);
        isConverged = false;
        return pauseAfter(failures++);
      }
    },
    untilLook: () => (parts.drift === 'off' ? undefined : looked + parts.driftInterval - clock.now()),
    isConverged: () => isConverged,
    counts,
  };
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
