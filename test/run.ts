// Runs the tests: those that need no kernel here, the others on a bed.
//
//   npm test [-- FILTER…]                           on the host's kernel or 6.1, or what IPVS_KERNEL says
//   npm run test:kernels [-- 5.10,7.x] [FILTER…]    on each kernel in turn
//     --brief                                       on 5.10, 6.12 and arm64 only what differs (test/choice.ts)
//     --again                                       files with a failed test once more, on a kernel booted anew
//
// What `--again` is for: 3,500 tests on emulated machines. A test that passes the second time is named at the end.
// A filter is a part of a test file's path. Where only unit tests match, no kernel is booted.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { alignColumns } from '../lib/cli/columns.ts';
import { runOnBed } from './bed/bed.ts';
import { colours } from './bed/environment.ts';
import type { KernelChoice } from './bed/kernels.ts';
import { catchSignals } from './bed/signals.ts';
import { filtersOn, matchingProjects, parseWords, projectsOn } from './choice.ts';
import {
  type Counts,
  countsOf,
  crash,
  describeCounts,
  difference,
  type FailedFile,
  failedFilesOf,
  faultOfRunner,
  sum,
  total,
} from './report.ts';

/** A run of vitest. */
interface Part {
  readonly heading: string;
  /** The filters of test files' paths. */
  readonly filters: readonly string[];
  /** Whether files with a failed test may run once more. */
  readonly again: boolean;
  run(output: string, filters: readonly string[]): Promise<{ exitStatus: number; kernel?: string }>;
}

/** What a run came to. */
interface Ended {
  readonly kernel: string;
  readonly counts: Counts;
  readonly failed: readonly FailedFile[];
}

interface Outcome {
  readonly heading: string;
  readonly kernel: string;
  readonly counts: Counts;
  readonly seconds: number;
  /** The files with a test that failed once and then passed. */
  readonly unsteady: readonly FailedFile[];
}

/** The number of runs of a runner that faults of an emulated processor kill, in code that V8 makes as it runs. */
const ATTEMPTS = 3;

/** The largest number of files that run once more: where more fail, something is broken. */
const MOST_AGAIN = 4;

const stop = catchSignals();
const choice = parseWords(process.argv.slice(2));
const { kernels, filters } = choice;
process.exitCode = await main();

async function main(): Promise<number> {
  const matching = filters.length === 0 ? undefined : await matchingProjects(filters);
  if (matching?.size === 0) {
    console.log(`No test file has ${filters.map(filter => `'${filter}'`).join(' or ')} in its path.`);
    return 1;
  }
  // Unit tests end by the time the first kernel has booted.
  const unit = matching === undefined || matching.has('unit') ? runPart(unitPart()) : undefined;
  const beds = (kernels ?? [undefined])
    .map(kernel => ({ kernel, projects: projectsOn(kernel, matching) }))
    .filter(({ projects }) => projects.length > 0);
  const projects = new Set(beds.flatMap(bed => bed.projects));
  if (projects.size > 0) {
    console.log('\nTransforming the test files of kernels');
    await transform([...projects]);
  }
  const onBeds: Outcome[] = [];
  for (const { kernel, projects } of beds) {
    onBeds.push(await runPart(bedPart(kernel, projects)));
    const exitStatus = stop.exitStatus();
    if (exitStatus !== undefined) return exitStatus;
  }
  const outcomes = [...(unit === undefined ? [] : [await unit]), ...onBeds];
  if (kernels !== undefined) printTable(outcomes);
  printUnsteady(outcomes);
  const counts = sum(outcomes.map(outcome => outcome.counts));
  console.log(`\n${describeCounts(counts)}`);
  return counts.failed > 0 || total(counts) === 0 ? 1 : 0;
}

/**
 * Leaves on disk what vitest makes of each module that a test file imports: this machine takes seconds, an emulated
 * one minutes. To list tests imports their files. What a list that fails leaves out, the kernel's runner makes.
 */
async function transform(projects: readonly string[]): Promise<void> {
  const [node, ...args] = [...vitest('list', projects), ...filters];
  const child = spawn(node!, args, { stdio: 'ignore', signal: stop.signal });
  await once(child, 'close').catch(() => undefined);
}

function unitPart(): Part {
  return {
    heading: 'Without a kernel',
    filters,
    again: false,
    run: async (output, filters) => {
      const [node, ...args] = [...vitest('run', ['unit']), ...reported(output), ...filters];
      const child = spawn(node!, args, {
        stdio: ['ignore', 'inherit', 'inherit'],
        env: { ...process.env, ...colours() },
      });
      const end = () => void child.kill();
      stop.signal.addEventListener('abort', end);
      const exitStatus = await new Promise<number>((resolve, reject) => {
        child.on('error', reject);
        child.on('close', status => resolve(status ?? 1));
      });
      stop.signal.removeEventListener('abort', end);
      return { exitStatus };
    },
  };
}

function bedPart(kernel: KernelChoice | undefined, projects: readonly string[]): Part {
  return {
    heading: kernel === undefined ? 'On a kernel' : `On kernel ${kernel}`,
    filters: filtersOn(kernel, choice),
    again: choice.again === true,
    run: async (output, filters) => {
      const start = () =>
        runOnBed({
          kernel,
          command: [...vitest('run', projects), ...reported(output), ...filters],
          outputDirectory: output,
          // All kernel tests take two processors that emulate another architecture more than half an hour.
          deadline: kernel === 'arm64' ? 3600 : 1500,
          signal: stop.signal,
        });
      for (let attempt = 1; ; attempt++) {
        const ended = await start();
        const fault = faultOfRunner(ended.exitStatus);
        if (fault === undefined || ended.kernel === 'host' || attempt === ATTEMPTS) return ended;
        console.log(`${fault} killed the test runner on an emulated processor: once more`);
      }
    },
  };
}

function vitest(command: 'list' | 'run', projects: readonly string[]): readonly string[] {
  return [
    ...[process.execPath, 'node_modules/vitest/vitest.mjs', command],
    ...projects.flatMap(project => ['--project', project]),
  ];
}

function reported(output: string): readonly string[] {
  return ['--reporter=default', '--reporter=json', `--outputFile.json=${reportIn(output)}`];
}

function reportIn(output: string): string {
  return join(output, 'report.json');
}

async function runPart(part: Part): Promise<Outcome> {
  console.log(`\n${styleText('bold', `${part.heading}`)}`);
  const start = performance.now();
  const first = await runOnce(part, part.filters);
  const done = (counts: Counts, unsteady: readonly FailedFile[] = []): Outcome => {
    const seconds = (performance.now() - start) / 1000;
    return { heading: part.heading, kernel: first.kernel, counts, seconds, unsteady };
  };
  const { failed } = first;
  if (!part.again || failed.length === 0 || failed.length > MOST_AGAIN) return done(first.counts);
  const paths = failed.map(({ path }) => path);
  console.log(`\nOnce more, on a kernel booted anew: ${paths.join(', ')}`);
  const second = await runOnce(part, paths);
  // A test that the second run left out is not one that passed.
  const before = sum(failed.map(({ counts }) => counts));
  if (total(second.counts) < total(before)) return done(first.counts);
  const counts = sum([difference(first.counts, before), second.counts]);
  const red = new Set(second.failed.map(({ path }) => path));
  const unsteady = failed.filter(({ path }) => !red.has(path));
  return done(counts, unsteady);
}

async function runOnce(part: Part, filters: readonly string[]): Promise<Ended> {
  const output = await mkdtemp(join(tmpdir(), 'ipvs-test-'));
  try {
    const { exitStatus, kernel = '' } = await part.run(output, filters);
    const counts = countsOf(reportIn(output), exitStatus);
    if (total(counts) > 0) return { kernel, counts, failed: failedFilesOf(reportIn(output), process.cwd()) };
    console.log('There was no test to run: that counts as a failure.');
    return { kernel, counts: crash, failed: [] };
  } catch (error) {
    console.log((error as Error).message);
    return { kernel: '', counts: crash, failed: [] };
  } finally {
    await rm(output, { recursive: true, force: true });
  }
}

function printTable(outcomes: readonly Outcome[]): void {
  const rows = outcomes.map(({ heading, kernel, counts, seconds }) => [
    ...[heading, kernel, String(counts.passed), String(counts.failed), String(counts.skipped)],
    seconds.toFixed(1),
  ]);
  const table = [['', 'version', 'passed', 'failed', 'skipped', 'seconds'], ...rows];
  console.log();
  for (const cells of alignColumns(table, [0, 1])) console.log(cells.join('  '));
}

function printUnsteady(outcomes: readonly Outcome[]): void {
  const lines = outcomes.flatMap(({ heading, unsteady }) =>
    unsteady.flatMap(({ path, tests }) =>
      (tests.length > 0 ? tests : ['the file as a whole']).map(test => `  ${heading}: ${path} > ${test}`),
    ),
  );
  if (lines.length > 0) console.log(['\nFailed once, then passed:', ...lines].join('\n'));
}
