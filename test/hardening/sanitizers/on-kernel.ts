import { execFileSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runOnBed } from '../../bed/bed.ts';
import { catchSignals } from '../../bed/signals.ts';
import { build } from './build.ts';
import { reportsIn } from './reports.ts';

const root = join(import.meta.dirname, '../../..');

/** A sanitizer's addon, and how Node.js runs with it, which has no sanitizer itself. */
export interface Sanitizer {
  readonly name: string;
  /** gyp's switches of the addon (native/binding.gyp). */
  readonly switches: readonly string[];
  /** What is preloaded into Node.js. */
  readonly library: string;
  /** The environment, of which `log` has the place of reports. */
  readonly environment: (log: string) => Readonly<Record<string, string>>;
}

/** What is run. */
export interface Trial {
  /** Arguments of vitest's: files of test/kernel, and which of their tests. */
  readonly tests: readonly string[];
  /** Seconds of the soak, which ends with a search for leaks. */
  readonly soak: number;
}

/** Runs kernel tests, and a soak, with a sanitizer's addon on a booted kernel, and tells whether nothing was found. */
export async function passes(sanitizer: Sanitizer, { tests, soak }: Trial): Promise<boolean> {
  const addon = join(await build(sanitizer.name, 'ipvs', sanitizer.switches), 'ipvs.node');
  const library = execFileSync('gcc', [`-print-file-name=${sanitizer.library}`], { encoding: 'utf8' }).trim();
  const reports = mkdtempSync(join(tmpdir(), `ipvs-${sanitizer.name}-`));
  const stop = catchSignals();

  /** Runs Node.js there, and returns its exit status. */
  const runNode = async (name: string, ...words: readonly string[]): Promise<number> => {
    const { exitStatus } = await runOnBed({
      command: [
        ...['sh', '-c', 'mount --bind "$1" "$2" && shift 2 && exec "$@"', 'sh'],
        ...[addon, join(root, 'native/build/Release/ipvs.node')],
        // Where things are mapped must not be random: some places are the thread sanitizer's own.
        ...['setarch', '--addr-no-randomize', 'env', `LD_PRELOAD=${realpathSync(library)}`],
        ...[process.execPath, ...words],
      ],
      cwd: root,
      // Reports have the numbers of processes, which are the same again on the next machine.
      env: sanitizer.environment(join(reports, name)),
      outputDirectory: reports,
      deadline: 3600,
      signal: stop.signal,
    });
    return exitStatus;
  };

  try {
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const projects = ['--project', 'kernel', '--project', 'alone'];
    // Each test is told as it ends: a file takes minutes.
    const tested = await runNode('tests', vitest, 'run', '--reporter=verbose', ...projects, ...tests);
    const program = join(root, 'test/hardening/soak/soak.ts');
    const words = ['--expose-gc', '--import', 'tsx', program, String(soak), '--unjudged'];
    const soaked = await runNode('soak', ...words);
    const wrong = reportsIn(reports);
    for (const report of wrong) console.error(`\n${report}`);
    console.log(`sanitizers: ${wrong.length} reports`);
    return tested === 0 && soaked === 0 && wrong.length === 0;
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
}

/** The tests of clients, threads and what crosses into C++. */
export const wholeTests = [
  ...['lifecycle', 'services', 'destinations', 'update-service', 'arguments', 'sampler', 'connections'],
  ...['descriptors', 'dial', 'every-row', 'alone/lists', 'alone/socket-buffers', 'alone/module'],
].map(name => `test/kernel/${name}.test.ts`);

/** Those of a process that ends with calls under way, and of worker threads that are terminated amid calls. */
export const briefTests = [
  'test/kernel/lifecycle.test.ts',
  '--testNamePattern',
  'after 30 ms|worker threads',
];
