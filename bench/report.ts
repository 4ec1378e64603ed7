import { markdownTable } from 'markdown-table';
import { type Goal, reached } from './goals.ts';
import { type Size, sameSize, sizeName } from './plan.ts';
import type { BenchRecord } from './records.ts';
import { FLOOR, median, quartiles, type Row, ratiosOf } from './summary.ts';

/** A table of Markdown, readable as it is: the first `left` columns to the left, numbers to the right. */
function markdown(head: readonly string[], body: readonly (readonly string[])[], left = 1): string {
  const align = head.map((_, i) => (i < left ? null : 'right'));
  return `${markdownTable([head, ...body], { align })}\n`;
}

/** A number with three digits, as many as mean something. */
function figure(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(value >= 10 ? 1 : 2);
}

function between([low, high]: readonly [number, number]): string {
  return `${figure(low)} to ${figure(high)}`;
}

function optional(value: number | undefined, show: (value: number) => string): string {
  return value === undefined || Number.isNaN(value) ? '' : show(value);
}

const percent = (value: number) => `${figure(value * 100)} %`;

const taskNames = { read: 'read', services: 'services', add: 'add', one: 'one by one' } as const;

/** The table of all contestants' medians and ratios. */
export function resultTable(rows: readonly Row[]): string {
  const head = [
    'table',
    'task',
    'contestant',
    'wall ms',
    'µs per operation',
    'x floor',
    'half in',
    'first x floor',
    'JS thread ms',
    'process CPU ms',
    'event loop ms',
    'memory MiB',
  ];
  const tasks = Object.keys(taskNames);
  const sizes = [...new Set(rows.map(({ size }) => sizeName(size)))];
  const sorted = [...rows].sort(
    (a, b) =>
      sizes.indexOf(sizeName(a.size)) - sizes.indexOf(sizeName(b.size)) ||
      tasks.indexOf(a.task) - tasks.indexOf(b.task),
  );
  const body = sorted.map(row => [
    sizeName(row.size),
    taskNames[row.task],
    row.contestant,
    figure(row.wall),
    figure(row.perOperation),
    row.contestant === FLOOR ? '1' : optional(row.ratio, figure),
    row.contestant === FLOOR || row.ratioSpread === undefined ? '' : between(row.ratioSpread),
    row.contestant === FLOOR ? '' : optional(row.firstRatio, figure),
    optional(row.thread, figure),
    figure(row.cpu),
    optional(row.delay, figure),
    optional(row.peakMemory, peak => figure(peak / 1024)),
  ]);
  return body.length === 0 ? '' : markdown(head, body, 3);
}

const excerptTasks = {
  read: 'read the table',
  services: 'list the services',
  add: 'add the table',
  one: 'add it one by one',
} as const;

/** The table of one size for the README: tasks, contestants, times and ratios. */
export function excerptTable(rows: readonly Row[], size: Size): string {
  const body = (Object.keys(excerptTasks) as (keyof typeof excerptTasks)[]).flatMap(task =>
    rows
      .filter(row => row.task === task && sameSize(row.size, size))
      .map(row => [
        `${excerptTasks[task]}, ${sizeName(size)}`,
        row.contestant,
        figure(row.wall),
        row.contestant === FLOOR ? '1' : figure(row.ratio),
      ]),
  );
  return markdown(['', '', 'ms', 'x floor'], body, 2);
}

/**
 * The table of what a destination costs in chunks of each size, with each list's best marked. The library
 * chooses by Connection::FittingChunk.
 */
export function fitTable(records: readonly BenchRecord[]): string {
  const fits = records.filter(record => record.kind === 'fit');
  const sizes = [...new Set(fits.map(({ chunk }) => chunk))].sort((a, b) => a - b);
  const lists = [...new Set(fits.map(({ destinations }) => destinations))];
  const body = lists.map(list => {
    const costs = sizes.map(size => {
      const fit = fits.find(({ destinations, chunk }) => destinations === list && chunk === size);
      return median(fit?.perDestination ?? []) * 1000;
    });
    const best = Math.min(...costs);
    return [
      list.toLocaleString('en-US'),
      ...costs.map(value => `${value === best ? '* ' : ''}${figure(value)}`),
    ];
  });
  const head = [
    'destinations',
    ...sizes.map(size => `µs per destination, ${size.toLocaleString('en-US')} B`),
  ];
  return body.length === 0 ? '' : markdown(head, body);
}

/** The beginnings of processes: the median of each part, and where the middle half of them lies. */
export function startTable(records: readonly BenchRecord[]): string {
  const starts = records.filter(record => record.kind === 'start');
  const body = starts.map(({ contestant, imported, called, written }) => [
    contestant,
    ...[imported, called, written].flatMap(times => [figure(median(times)), between(quartiles(times))]),
  ]);
  const head = [
    "a process's",
    "import 'ipvs' ms",
    'half in',
    'first call ms',
    'half in',
    'first write ms',
    'half in',
  ];
  return body.length === 0 ? '' : markdown(head, body);
}

/** Command lines by ipvsadm and by ours: medians, and the middle half of the ratios. */
export function commandTable(records: readonly BenchRecord[]): string {
  const body = records
    .filter(record => record.kind === 'command')
    .map(({ size, command, ours, theirs }) => {
      const ratios = ratiosOf(ours, theirs);
      return [
        sizeName(size),
        command,
        figure(median(theirs)),
        figure(median(ours)),
        figure(median(ratios)),
        between(quartiles(ratios)),
      ];
    });
  const head = ['table', 'command', 'ipvsadm ms', 'ipvs ms', 'x ipvsadm', 'half in'];
  return body.length === 0 ? '' : markdown(head, body, 2);
}

const units: Readonly<Record<Goal['unit'], (value: number) => string>> = {
  times: figure,
  share: percent,
  ms: value => `${figure(value)} ms`,
  bytes: value => `${figure(value)} bytes`,
};

/** The table of the goals, and whether each was reached. */
export function goalTable(goals: readonly Goal[]): string {
  const body = goals.map(goal => {
    const show = units[goal.unit];
    const verdict = reached(goal);
    return [
      goal.what,
      optional(goal.limit, show),
      goal.measured === undefined ? 'not measured' : show(goal.measured),
      verdict === undefined ? '' : verdict ? 'yes' : 'NO',
    ];
  });
  return markdown(['goal', 'at most', 'measured', 'reached'], body);
}

/**
 * The table of changes since an earlier run, by ratios to the floor: times of two boots cannot be compared.
 */
export function comparisonTable(before: readonly Row[], now: readonly Row[]): string {
  const key = (row: Row) => JSON.stringify([row.size, row.task, row.contestant]);
  const earlier = new Map(before.map(row => [key(row), row]));
  const body: string[][] = [];
  for (const row of now) {
    const old = earlier.get(key(row));
    if (old === undefined || row.contestant === FLOOR) continue;
    const change = (row.ratio / old.ratio - 1) * 100;
    body.push([
      sizeName(row.size),
      taskNames[row.task],
      row.contestant,
      figure(old.ratio),
      figure(row.ratio),
      `${change > 0 ? '+' : ''}${change.toFixed(0)} %`,
    ]);
  }
  return markdown(['table', 'task', 'contestant', 'before x floor', 'now x floor', 'change'], body, 3);
}
