import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { runOnBed } from '../test/bed/bed.ts';
import { checkExcerpt, writeExcerpt } from './excerpt.ts';
import { goalsOf } from './goals.ts';
import { startChecked } from './guest/checked.ts';
import { startChecker } from './guest/checking.ts';
import type { ScrapingTask } from './guest/scraper.ts';
import type { Job } from './job.ts';
import { type Options, readOptions, usage } from './options.ts';
import {
  commandPlan,
  directorPlan,
  fullPlan,
  type Plan,
  quickPlan,
  type Size,
  usual,
  usualPlan,
} from './plan.ts';
import { prepare } from './prepare.ts';
import type { BenchRecord, NativeChecking, NativeScrapes } from './records.ts';
import {
  commandTable,
  comparisonTable,
  excerptTable,
  fitTable,
  goalTable,
  resultTable,
  startTable,
} from './report.ts';
import { noise, type Row, summarize } from './summary.ts';

/** The results that `--json` writes and `--compare` reads. */
interface Results {
  readonly version: 1;
  readonly date: string;
  readonly rows: readonly Row[];
  readonly records: readonly BenchRecord[];
}

/** Seconds for the whole run, enough for the slowest emulation. */
const DEADLINE = 3600;

function planOf({ commands, director, quick, usual }: Options): Plan {
  if (commands) return commandPlan;
  if (director) return directorPlan;
  if (quick) return quickPlan;
  return usual ? usualPlan : fullPlan;
}

/** The interval of the checks whose cost is asked for, and their time. */
const [INTERVAL, TIMEOUT] = [5000, 2000];

/** A monitor's checks in a process of this machine itself, which may not be the emulated one. */
async function measureChecks({ plan, libraries }: Job, guest: string): Promise<NativeChecking> {
  process.stderr.write('bench: checks without a booted kernel\n');
  const checked = await startChecked();
  const measure = async (size: Size) => {
    const task = {
      main: libraries[0]!.main,
      netns: undefined,
      size,
      port: checked.port,
      interval: INTERVAL,
      timeout: TIMEOUT,
      greeting: [],
    };
    const checker = startChecker(task, join(dirname(guest), 'checker.js'));
    const measured = await checker.measured;
    await checker.end();
    return measured;
  };
  const idle = await measure({ services: 0, destinations: 0 });
  const checking = await measure(plan.directed!);
  checked.end();
  return { kind: 'checks', checking, idle };
}

/** How many texts of metrics are made without a kernel. */
const SCRAPES = 41;

/** Texts of metrics in a process of this machine itself. */
function measureScrapes({ plan, libraries }: Job, guest: string): NativeScrapes {
  process.stderr.write('bench: metrics without a booted kernel\n');
  const size = plan.scraped!;
  const task: ScrapingTask = { main: libraries[0]!.main, size, scrapes: SCRAPES };
  const program = join(dirname(guest), 'scraper.js');
  const output = execFileSync(process.execPath, [program, JSON.stringify(task)], { encoding: 'utf8' });
  return { kind: 'scrapes', size, longest: JSON.parse(output) as readonly number[] };
}

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options === undefined) {
    process.stdout.write(usage);
    return 0;
  }
  const before =
    options.compare === undefined
      ? undefined
      : (JSON.parse(readFileSync(options.compare, 'utf8')) as Results);
  if (options.excerpt !== undefined) checkExcerpt(options.excerpt); // fails before the work, not after it
  const { programs, guest, library } = prepare();
  const job: Job = {
    plan: planOf(options),
    programs,
    libraries: [
      { label: '', main: library },
      ...options.against.map(folder => ({
        label: basename(resolve(folder)),
        main: join(resolve(folder), 'dist/index.js'),
      })),
    ],
  };
  const stopped = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => stopped.abort(new Error(`stopped by ${name}`)));
  }
  const native = [
    ...(job.plan.scraped === undefined ? [] : [measureScrapes(job, guest)]),
    ...(job.plan.directed === undefined ? [] : [await measureChecks(job, guest)]),
  ];
  let output = '';
  const { exitStatus } = await runOnBed({
    command: [process.execPath, guest, JSON.stringify(job)],
    deadline: DEADLINE,
    signal: stopped.signal,
    onStdout: chunk => {
      output += chunk.toString('latin1');
    },
  });
  if (exitStatus !== 0) return exitStatus;

  const records = output
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as BenchRecord)
    .concat(native);
  const rows = summarize(records);
  const machine = records.find(record => record.kind === 'machine')!;
  const where = `Linux ${machine.kernel}, Node.js ${machine.node}, ${machine.processors} processors; medians of runs that took turns. \
The middle half of the floor's own runs spread by ${(noise(records) * 100).toFixed(0)} %`;
  const parts = [
    `${where}\n`,
    resultTable(rows),
    fitTable(records),
    startTable(records),
    commandTable(records),
    goalTable(goalsOf(rows, records)),
  ];
  if (before !== undefined) parts.push(comparisonTable(before.rows, rows));
  process.stdout.write(`\n${parts.filter(part => part !== '').join('\n')}`);
  if (options.excerpt !== undefined) {
    const tables = [excerptTable(rows, usual), commandTable(records), startTable(records)];
    writeExcerpt(options.excerpt, `${tables.filter(table => table !== '').join('\n')}\n${where}.\n`);
  }
  if (options.json !== undefined) {
    const results: Results = { version: 1, date: new Date().toISOString(), rows, records };
    mkdirSync(dirname(resolve(options.json)), { recursive: true });
    writeFileSync(options.json, `${JSON.stringify(results, null, 1)}\n`);
  }
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`bench: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
