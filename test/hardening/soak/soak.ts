// Many users of the library at once, for a time, on a booted kernel; run by run.ts with --expose-gc.
//
//   soak.ts SECONDS [--only ACTOR] [--heap FOLDER] [--unjudged]
//
// Unjudged: whatever memory may do, which a sanitizer then has in hand.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeHeapSnapshot } from 'node:v8';
import { fitLine, rises } from './flat.ts';
import { connecting, passing, reader, sampling, server, visited, watching } from './readers.ts';
import { type Measure, type Resources, takeStock } from './resources.ts';
import { differences, rowsOf } from './rows.ts';
import { type Actor, open, type Stage } from './stage.ts';
import { workers } from './workers.ts';
import { applier, drainer, writer } from './writers.ts';

const MOST_CHECKPOINTS = 24;
const FIXED_SERVICES = 40;

/**
 * By how much a measure may rise over the second half of the run. Resident memory may: it rises while what is in use
 * stays the same, as each thread's arena keeps what was freed (with MALLOC_ARENA_MAX=1 it does not).
 */
const allowed: Readonly<Record<Measure, number>> = {
  heap: 1_500_000,
  external: 200_000,
  addon: 200_000,
  others: 2_000_000,
  resident: Number.POSITIVE_INFINITY,
  threads: 1,
  descriptors: 1,
};

interface Checkpoint extends Resources {
  readonly operations: number;
}

/** Rows that nobody changes: a service through which connections are made, and some for the length of lists. */
async function fixture(stage: Stage): Promise<void> {
  await using ipvs = open(stage);
  await ipvs.addService({ ...visited, scheduler: 'rr' });
  await ipvs.addDestination(visited, { ...server, forwarding: 'masquerade' });
  for (let mark = 1; mark <= FIXED_SERVICES; mark++) {
    const id = { fwmark: mark, family: 'ipv4' } as const;
    void ipvs.addService({ ...id, scheduler: 'wlc' });
    void ipvs.addDestination(id, { address: '10.99.1.1', port: 0 });
  }
  for (const [row, state] of rowsOf(await ipvs.snapshot())) stage.fixed.set(row, state);
}

/** What of the table is not as the actors were told, by a client that has seen nothing before. */
async function compare(): Promise<readonly string[]> {
  await using ipvs = open(stage);
  return differences(ipvs, [stage.fixed, ...actors.flatMap(({ rows }) => rows ?? [])]);
}

/** All actors go on until the time is over, and come to rest. */
async function act(actors: readonly Actor[], milliseconds: number, stage: Stage): Promise<void> {
  const end = performance.now() + milliseconds;
  const going = () => performance.now() < end && stage.defects.length === 0;
  await Promise.all(
    actors.map(async ({ name, step }) => {
      while (going()) {
        await step();
        stage.steps.set(name, (stage.steps.get(name) ?? 0) + 1);
      }
    }),
  );
}

const number = (value: number) => Math.round(value).toLocaleString('en');
const inUnits = (measure: Measure, value: number) =>
  measure === 'threads' || measure === 'descriptors'
    ? `${value.toFixed(1)} ${measure}`
    : `${number(value / 1000)} kB ${measure}`;

/** Judges the second half of the run, when everything has been used, compiled and allocated once. */
function judge(checkpoints: readonly Checkpoint[], defects: string[]): void {
  const half = checkpoints.slice(checkpoints.length >> 1);
  const operations = half.map(checkpoint => checkpoint.operations);
  console.log(`In the second half, of ${number(operations.at(-1)! - operations[0]!)} operations:`);
  for (const measure of Object.keys(allowed) as Measure[]) {
    const line = fitLine(
      operations,
      half.map(checkpoint => checkpoint[measure]),
    );
    const rising = rises(line, allowed[measure]);
    const sign = line.rise < 0 ? '' : '+';
    console.log(
      `  ${inUnits(measure, half.at(-1)![measure])}: ${sign}${inUnits(measure, line.rise)} ` +
        `± ${inUnits(measure, line.error)}, ${rising ? 'RISING' : 'flat'}`,
    );
    if (rising) defects.push(`${measure} rises by ${inUnits(measure, line.rise)}`);
  }
}

const { values, positionals } = parseArgs({
  options: {
    heap: { type: 'string' },
    only: { type: 'string' },
    unjudged: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const seconds = Number(positionals[0]);
const checkpointCount = Math.min(MOST_CHECKPOINTS, Math.ceil(seconds / 4));
const netns = `ipvs-soak-${process.pid}`;
execFileSync('ip', ['netns', 'add', netns]);
for (const words of [
  'link set lo up',
  `address add ${visited.address}/32 dev lo`,
  `address add ${server.address}/32 dev lo`,
]) {
  execFileSync('ip', ['-n', netns, ...words.split(' ')]);
}
const stage: Stage = {
  netns,
  fixed: new Map(),
  operations: 0,
  steps: new Map(),
  refused: new Map(),
  defects: [],
};
for (const event of ['unhandledRejection', 'uncaughtException', 'warning'] as const) {
  process.on(event, (reason: unknown) => stage.defects.push(`${event}: ${(reason as Error)?.stack}`));
}
await fixture(stage);
const everyone: readonly Actor[] = [
  ...[1, 2, 3, 4].map(i => writer(stage, i)),
  applier(stage, 5),
  drainer(stage, 6),
  ...[1, 2].map(i => reader(stage, i)),
  ...[sampling, watching, connecting, passing, workers].map(actor => actor(stage)),
];
const actors = everyone.filter(({ name }) => name.startsWith(values.only ?? ''));

const checkpoints: Checkpoint[] = [];
const start = performance.now();
for (let i = 1; i <= checkpointCount && stage.defects.length === 0; i++) {
  await act(actors, (seconds * 1000) / checkpointCount, stage);
  stage.defects.push(...(await compare()));
  const resources = await takeStock();
  const { operations } = stage;
  checkpoints.push({ ...resources, operations });
  const measures = (Object.keys(allowed) as Measure[])
    .filter(measure => !Number.isNaN(resources[measure]))
    .map(measure => inUnits(measure, resources[measure]));
  const elapsed = (performance.now() - start) / 1000;
  console.log(`${number(elapsed)} s: ${number(operations)} operations, ${measures.join(', ')}`);
  if (values.heap !== undefined && (i === checkpointCount >> 1 || i === checkpointCount)) {
    writeHeapSnapshot(join(values.heap, `${String(i).padStart(2, '0')}.heapsnapshot`));
  }
}
if (stage.defects.length === 0 && !values.unjudged) judge(checkpoints, stage.defects);
const steps = [...stage.steps].map(([name, count]) => `${name} ${number(count)}`);
console.log(`Steps: ${steps.join(', ')}`);
const refused = [...stage.refused].map(([code, count]) => `${number(count)} ${code}`);
console.log(`Refused as they had to be, or given up: ${refused.join(', ')}`);
const elapsed = (performance.now() - start) / 1000;
console.log(
  `${number(stage.operations)} operations, ${number(stage.operations / elapsed)} a second; ${stage.defects.length} defects`,
);
for (const defect of stage.defects.slice(0, 20)) console.log(`  ${defect}`);
execFileSync('ip', ['netns', 'del', netns]);
process.exit(stage.defects.length > 0 ? 1 : 0);
