import {
  EMPTY_PROGRAM,
  largest,
  manyServices,
  oneService,
  type Size,
  sameSize,
  sizeName,
  small,
  usual,
} from './plan.ts';
import type { BenchRecord, Checking } from './records.ts';
import { FLOOR, findRow, median, type Row, ratiosOf } from './summary.ts';

/** A figure to be reached, and what was measured of it. */
export interface Goal {
  readonly what: string;
  /** The greatest value that reaches the goal. undefined: the figure is only reported. */
  readonly limit: number | undefined;
  /** undefined: not measured, because the library lacks it or the run was a short one. */
  readonly measured: number | undefined;
  readonly unit: 'times' | 'share' | 'ms' | 'bytes';
}

/**
 * The growth of the heap that is no leak. V8's smallest object has twice as many bytes, so that a leak of one
 * per read shows. A process that does nothing grows by up to 2 bytes in the same time.
 */
const BYTES_PER_READ = 8;

/** The noise allowed to a linear cost, which is tenfold for ten times the services. */
const LINEAR = 1.15;

export function reached({ limit, measured }: Goal): boolean | undefined {
  return limit === undefined || measured === undefined ? undefined : measured <= limit;
}

/** The goals of this project's speed, in the order they were set. */
export function goalsOf(rows: readonly Row[], records: readonly BenchRecord[]): readonly Goal[] {
  const sampler = 'sampler.read()';
  const ratio = (contestant: string, task: Row['task'], size: Size) =>
    findRow(rows, contestant, task, size)?.ratio;
  const reader = findRow(rows, sampler, 'read', usual) === undefined ? 'snapshot()' : sampler;
  return [
    ...[usual, oneService, manyServices].map(
      (size): Goal => ({
        what: `${sampler}, ${sizeName(size)}, wall / floor`,
        limit: 1.05,
        measured: ratio(sampler, 'read', size),
        unit: 'times',
      }),
    ),
    {
      what: `${sampler}, ${sizeName(usual)}, a fresh client's first read, wall / floor`,
      limit: 1.12,
      measured: findRow(rows, sampler, 'read', usual)?.firstRatio,
      unit: 'times',
    },
    {
      what: `metrics.bytes(), ${sizeName(usual)}, wall / ${sampler}`,
      limit: 1.5,
      measured: wallShare(rows, 'metrics.bytes()', sampler, 'read'),
      unit: 'times',
    },
    {
      what: `metrics.bytes(), ${sizeName(usual)}, longest event-loop delay, emulated`,
      limit: undefined,
      measured: findRow(rows, 'metrics.bytes()', 'read', usual)?.delay,
      unit: 'ms',
    },
    ...scrapeGoals(records),
    {
      what: 'snapshot(), wall / floor',
      limit: 1.4,
      measured: ratio('snapshot()', 'read', usual),
      unit: 'times',
    },
    {
      what: 'services(), wall / floor',
      limit: 2,
      measured: ratio('services()', 'services', usual),
      unit: 'times',
    },
    {
      what: 'un-awaited adds, wall / floor',
      limit: 1.5,
      measured: ratio('un-awaited adds', 'add', usual),
      unit: 'times',
    },
    {
      what: `${sampler}, the JavaScript thread's share of its wall`,
      limit: 0.02,
      measured: threadShare(findRow(rows, sampler, 'read', usual)),
      unit: 'share',
    },
    {
      what: `snapshot(), ${sizeName(largest)}, longest event-loop delay / wall`,
      limit: 0.1,
      measured: delayShare(findRow(rows, 'snapshot()', 'read', largest)),
      unit: 'share',
    },
    {
      what: `${reader}, heap growth a read`,
      limit: BYTES_PER_READ,
      measured: growth(records, reader),
      unit: 'bytes',
    },
    ...[FLOOR, reader].map(
      (contestant): Goal => ({
        what: `${contestant}${contestant === FLOOR ? ' read' : ''}, time for a tenth of ${sizeName(largest)} / ${sizeName(usual)}`,
        limit: contestant === FLOOR ? undefined : LINEAR,
        measured: tenth(rows, contestant, row => row.wall),
        unit: 'times',
      }),
    ),
    {
      what: `${reader}, memory for a tenth of ${sizeName(largest)} / ${sizeName(usual)}`,
      limit: LINEAR,
      measured: tenth(rows, reader, row => row.peakMemory! - row.startMemory!),
      unit: 'times',
    },
    {
      what: `${sampler}, ${sizeName(largest)}, memory / its columns`,
      limit: 1.5,
      measured: memoryShare(findRow(rows, sampler, 'read', largest)),
      unit: 'times',
    },
    {
      what: "apply() on an empty table, wall / the floor's adds and one read",
      limit: 1.3,
      measured: applyShare(rows),
      unit: 'times',
    },
    {
      what: 'apply() of what is there, wall / snapshot()',
      limit: 1.3,
      measured: wallShare(rows, UNCHANGED, 'snapshot()', 'read'),
      unit: 'times',
    },
    {
      what: `apply() of what is there, ${sizeName(usual)}, longest event-loop delay / wall of snapshot()`,
      limit: 0.1,
      measured: delayOfApply(rows),
      unit: 'share',
    },
    {
      what: 'awaited adds, wall / floor one at a time',
      limit: 2,
      measured: ratio('awaited adds', 'one', usual),
      unit: 'times',
    },
    {
      what: 'ipvs -R, start-up included, wall / ipvsadm-restore',
      limit: 0.2,
      measured: wallShare(rows, 'ipvs -R', 'ipvsadm-restore', 'add'),
      unit: 'times',
    },
    {
      what: 'ipvs -Ln --stats, start-up included, wall / ipvsadm -Ln --stats',
      limit: 0.4,
      measured: wallShare(rows, 'ipvs -Ln --stats', 'ipvsadm -Ln --stats', 'read'),
      unit: 'times',
    },
    {
      what: `an ${EMPTY_PROGRAM} and the floor's read, wall / ipvsadm -Ln --stats`,
      limit: undefined,
      measured: leastListing(rows),
      unit: 'times',
    },
    ...contentionGoals(records),
    ...directorGoals(records),
    ...commandGoals(records),
  ];
}

/** At most this many times ipvsadm's time: starting counts on a small table, and reading on a large one. */
const SMALL_COMMAND = 1.5;
const SMALL_COUNTERS = 1.2;
const LARGE_LIST = 0.6;
const LARGE_COUNTERS = 0.4;

function commandGoals(records: readonly BenchRecord[]): readonly Goal[] {
  return records
    .filter(record => record.kind === 'command')
    .map(({ command, size, ours, theirs }) => {
      const counters = /--(?:stats|rate)/.test(command);
      const [list, counted] = sameSize(size, small)
        ? [SMALL_COMMAND, SMALL_COUNTERS]
        : [LARGE_LIST, LARGE_COUNTERS];
      return {
        what: `ipvs ${command}, ${sizeName(size)}, wall / ipvsadm`,
        limit: counters ? counted : list,
        measured: median(ratiosOf(ours, theirs)),
        unit: 'times',
      };
    });
}

/** The least time of a listing by a program of Node.js: its start, and the floor's read. */
function leastListing(rows: readonly Row[]): number | undefined {
  const start = wallShare(rows, EMPTY_PROGRAM, 'ipvsadm -Ln --stats', 'read');
  const read = wallShare(rows, FLOOR, 'ipvsadm -Ln --stats', 'read');
  return start === undefined || read === undefined ? undefined : start + read;
}

function wallShare(rows: readonly Row[], one: string, other: string, task: Row['task']): number | undefined {
  const [ours, theirs] = [one, other].map(contestant => findRow(rows, contestant, task, usual)?.wall);
  return ours === undefined || theirs === undefined ? undefined : ours / theirs;
}

/** The work that finds nothing to do. */
const UNCHANGED = 'apply() of what is there';

/** What apply() takes of what the floor takes to add the table, and to read it once. */
function applyShare(rows: readonly Row[]): number | undefined {
  const [ours, adds] = ['apply() of all', FLOOR].map(name => findRow(rows, name, 'add', usual)?.wall);
  const read = findRow(rows, FLOOR, 'read', usual)?.wall;
  return ours === undefined || adds === undefined || read === undefined ? undefined : ours / (adds + read);
}

function delayOfApply(rows: readonly Row[]): number | undefined {
  const delay = findRow(rows, UNCHANGED, 'read', usual)?.delay;
  const wall = findRow(rows, 'snapshot()', 'read', usual)?.watchedWall;
  return delay === undefined || wall === undefined ? undefined : delay / wall;
}

function threadShare(row: Row | undefined): number | undefined {
  return row?.thread === undefined ? undefined : row.thread / row.wall;
}

/** Bytes of a sampler's columns in each row: 15 of 64 bits, and five words more of a destination. */
const WIDE = 15 * 8;
const WORDS = 5 * 4;

function memoryShare(row: Row | undefined): number | undefined {
  if (row?.peakMemory === undefined || row.startMemory === undefined) return undefined;
  const { services, destinations } = row.size;
  const columns = services * WIDE + services * destinations * (WIDE + WORDS);
  return ((row.peakMemory - row.startMemory) * 1024) / columns;
}

function delayShare(row: Row | undefined): number | undefined {
  return row?.delay === undefined ? undefined : row.delay / row.watchedWall!;
}

/**
 * The heap's growth per read: the median of the parts, so that one late compilation does not count as a leak.
 */
function growth(records: readonly BenchRecord[], contestant: string): number | undefined {
  const heap = records.find(record => record.kind === 'heap' && record.contestant === contestant);
  if (heap?.kind !== 'heap') return undefined;
  const parts = heap.used.slice(1).map((used, i) => used - heap.used[i]!);
  const sorted = parts.sort((a, b) => a - b);
  return Math.max(0, sorted[sorted.length >> 1]!) / (heap.reads / parts.length);
}

function tenth(rows: readonly Row[], contestant: string, value: (row: Row) => number): number | undefined {
  const small = findRow(rows, contestant, 'read', usual);
  const large = findRow(rows, contestant, 'read', largest);
  if (small === undefined || large === undefined) return undefined;
  return value(large) / (largest.services / usual.services) / value(small);
}

/** How long texts of metrics keep the JavaScript thread in one piece. */
function scrapeGoals(records: readonly BenchRecord[]): readonly Goal[] {
  const found = records.find(record => record.kind === 'scrapes');
  if (found?.kind !== 'scrapes') return [];
  const [first, ...others] = found.longest;
  const what = `metrics.bytes(), ${sizeName(found.size)}, all values new, longest piece of the JavaScript thread`;
  return [
    { what: `${what}, without emulation`, limit: 10, measured: median(others), unit: 'ms' },
    { what: 'the same of a first text', limit: undefined, measured: first, unit: 'ms' },
  ];
}

/** What a director takes of a processor for checks of each destination every five seconds. */
function directorGoals(records: readonly BenchRecord[]): readonly Goal[] {
  const found = records.find(record => record.kind === 'director');
  const native = records.find(record => record.kind === 'checks');
  if (found?.kind !== 'director' || native?.kind !== 'checks') return [];
  const costOf = ({ cpu, checks }: Checking) => cpu / checks;
  const { size, alone, directed, deaths } = found;
  const { checking, idle } = native;
  // A director's checks cost more than a monitor's by a part that emulation does not change: by so much more than
  // the monitor takes without emulation a director would take there.
  const surcharge = costOf(directed) / costOf(alone);
  const cores = checking.cpu / checking.wall;
  const every = `${sizeName(size)}, a TCP check each every 5 s`;
  return [
    {
      what: `a director over ${every}, share of a core, reckoned without emulation`,
      limit: 0.25,
      measured: cores * surcharge,
      unit: 'share',
    },
    {
      what: 'the same by a monitor without a director, measured without emulation',
      limit: undefined,
      measured: cores,
      unit: 'share',
    },
    {
      what: 'the delay of the event loop beside these checks, 99 of 100 turns, without emulation',
      limit: undefined,
      measured: checking.delay,
      unit: 'ms',
    },
    {
      what: 'the same without a check',
      limit: undefined,
      measured: idle.delay,
      unit: 'ms',
    },
    {
      what: 'from the last good check of a server that falls silent to weight 0, beyond interval and timeout',
      limit: undefined,
      measured: median(deaths),
      unit: 'ms',
    },
  ];
}

function contentionGoals(records: readonly BenchRecord[]): readonly Goal[] {
  const found = records.find(record => record.kind === 'contention' && record.contestant === 'single writes');
  if (found?.kind !== 'contention') return [];
  const { floor, alone, contended } = found;
  const where = 'beside a program that reads and changes 10,000 rows';
  const share = 'share of the JavaScript thread';
  return [
    { what: `longest block by a write ${where}`, limit: undefined, measured: contended.longest, unit: 'ms' },
    { what: 'longest block by a write alone', limit: undefined, measured: alone.longest, unit: 'ms' },
    { what: `${share}, writes ${where}`, limit: 0.05, measured: contended.share, unit: 'share' },
    // No rule about inline writes can change this share: after a pause no cache holds anything, which costs a
    // C program as well.
    { what: `${share}, writes alone`, limit: undefined, measured: alone.share, unit: 'share' },
    {
      what: "share of a C program's thread, writes alone",
      limit: undefined,
      measured: floor,
      unit: 'share',
    },
  ];
}
