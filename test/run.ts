// Runs the tests: those that need no kernel here, the others on a bed.
//
//   npm test [-- FILTER…]                           on the host's kernel or 6.1, or what IPVS_KERNEL says
//   npm run test:kernels [-- 5.10,7.x] [FILTER…]    on each kernel in turn
//     --brief                                       on 5.10, 6.12 and arm64 only what differs (test/choice.ts)
//
// A filter is a part of a test file's path. Where only unit tests match, no kernel is booted.

import { spawn } from 'node:child_process';
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
import { type Counts, countsOf, crash, describeCounts, faultOfRunner, sum, total } from './report.ts';

/** A run of vitest. */
interface Part {
  readonly heading: string;
  run(output: string): Promise<{ exitStatus: number; kernel?: string }>;
}

interface Outcome {
  readonly heading: string;
  readonly kernel: string;
  readonly counts: Counts;
  readonly seconds: number;
}

/** The number of runs of a runner that faults of an emulated processor kill, in code that V8 makes as it runs. */
const ATTEMPTS = 3;

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
  const onBeds: Outcome[] = [];
  for (const kernel of kernels ?? [undefined]) {
    const projects = projectsOn(kernel, matching);
    if (projects.length > 0) onBeds.push(await runPart(bedPart(kernel, projects)));
    const exitStatus = stop.exitStatus();
    if (exitStatus !== undefined) return exitStatus;
  }
  const outcomes = [...(unit === undefined ? [] : [await unit]), ...onBeds];
  if (kernels !== undefined) printTable(outcomes);
  const counts = sum(outcomes.map(outcome => outcome.counts));
  console.log(`\n${describeCounts(counts)}`);
  return counts.failed > 0 || total(counts) === 0 ? 1 : 0;
}

function unitPart(): Part {
  return {
    heading: 'Without a kernel',
    run: async output => {
      const [node, ...args] = vitest(['unit'], output, filters);
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
    run: async output => {
      const start = () =>
        runOnBed({
          kernel,
          command: vitest(projects, output, filtersOn(kernel, choice)),
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

function vitest(projects: readonly string[], output: string, chosen: readonly string[]): readonly string[] {
  return [
    ...[process.execPath, 'node_modules/vitest/vitest.mjs', 'run'],
    ...projects.flatMap(project => ['--project', project]),
    ...['--reporter=default', '--reporter=json', `--outputFile.json=${reportIn(output)}`],
    ...chosen,
  ];
}

function reportIn(output: string): string {
  return join(output, 'report.json');
}

async function runPart(part: Part): Promise<Outcome> {
  console.log(`\n${styleText('bold', `${part.heading}`)}`);
  const output = await mkdtemp(join(tmpdir(), 'ipvs-test-'));
  const start = performance.now();
  const done = (counts: Counts, kernel = ''): Outcome => {
    return { heading: part.heading, kernel, counts, seconds: (performance.now() - start) / 1000 };
  };
  try {
    const { exitStatus, kernel } = await part.run(output);
    const counts = countsOf(reportIn(output), exitStatus);
    const missing = total(counts) === 0;
    if (missing) console.log('There was no test to run: that counts as a failure.');
    return done(missing ? crash : counts, kernel);
  } catch (error) {
    console.log((error as Error).message);
    return done(crash);
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
