// Fuzzes native/, by libFuzzer under the sanitizers of addresses and undefined behaviour.
//
//   npm run fuzz -- [TARGET] [SECONDS | --brief]
//
// All targets, or the one named, for so long each (60 seconds); brief: half a minute for all of them; 0: what is kept
// alone, for its coverage. Inputs that reach something new are kept in .cache/fuzz from one run to the next. One that
// breaks a promise ends the run with status 1: copied to test/native/corpora/TARGET it is a native test, red until the
// defect is mended.
//
// The target `rules` is another: what C++ and TypeScript both read or print, compared by the property tests of
// test/unit/cli.

import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const PROGRAM = 'native/build/Fuzz/ipvs-fuzz';
const CORPORA = 'test/native/corpora';
const FOUND = '.cache/fuzz';
const DEFAULT_SECONDS = 60;
/** The longest input in bytes: eight pages, which is a dump of two chunks and more. */
const LONGEST_INPUT = 32_768;

/** Each target (test/native/fuzz/targets.h), with the files that it is about. */
const targets: Readonly<Record<string, readonly string[]>> = {
  decode: ['native/codec/decode.cc', 'native/table/columns.cc'],
  encode: ['native/codec/encode.cc', 'native/codec/merge.cc', 'native/codec/fields.h'],
  family: ['native/netlink/family.cc', 'native/netlink/messages.h', 'native/netlink/socket.cc'],
  lists: ['native/table/table_reader.cc', 'native/table/reading.cc', 'native/netlink/connection.cc'],
  writes: ['native/netlink/connection.cc'],
  shapes: ['native/cli/line_shapes.cc', 'native/cli/read_text.h'],
  commands: ['native/cli/usual_command.cc', 'native/cli/read_text.h'],
  listing: [
    ...['listing', 'overview', 'row_order', 'row_text', 'rule_words', 'saved_rules'].map(
      name => `native/cli/${name}.cc`,
    ),
    'native/table/columns.cc',
  ],
};

const RULES = 'rules';
/** Its tests, and how many properties they have altogether, of which two are tried at once. */
const rulesTests = ['usual', 'usual-text', 'listing', 'shapes'].map(name => `test/unit/cli/${name}.test.ts`);
const RULES_PROPERTIES = 6;
const names = [...Object.keys(targets), RULES];
/** Half a minute for all of them. */
const BRIEF_SECONDS = 3;

/** What one run came to. */
interface Run {
  readonly failed: boolean;
  readonly executions: number;
}

const { chosen, seconds } = read(process.argv.slice(2));
for (const target of chosen) {
  console.log(`fuzz: ${target}, ${seconds.toFixed(0)} s`);
  const { failed, executions } = await (target === RULES ? compareRules(seconds) : fuzz(target, seconds));
  console.log(`${target}: ${executions.toLocaleString('en')} executions${failed ? ', and a failure' : ''}`);
  if (target === RULES) {
    if (failed) process.exitCode = 1;
  } else if (failed) {
    const inputs = readdirSync(crashesOf(target)).map(name => `  ${join(crashesOf(target), name)}`);
    console.log(`Copy to ${CORPORA}/${target} what broke it:\n${inputs.join('\n')}`);
    process.exitCode = 1;
  } else {
    console.log(coverage(target));
  }
}

function read(words: readonly string[]): { chosen: readonly string[]; seconds: number } {
  const times = words.filter(word => word === '--brief' || /^\d{1,6}$/.test(word));
  const named = words.filter(word => !times.includes(word));
  if (named.some(name => !names.includes(name)) || named.length > 1 || times.length > 1) {
    throw new RangeError(
      `npm run fuzz -- [TARGET] [SECONDS | --brief], of which targets are ${names.join(', ')}`,
    );
  }
  const [time = String(DEFAULT_SECONDS)] = times;
  return {
    chosen: named.length > 0 ? named : names,
    seconds: time === '--brief' ? BRIEF_SECONDS : Number(time),
  };
}

/** Runs the property tests of what C++ and TypeScript both know, each for its share of the time. */
async function compareRules(seconds: number): Promise<Run> {
  const share = Math.max(0.5, (2 * seconds) / RULES_PROPERTIES);
  const limit = `--testTimeout=${Math.ceil(1000 * (share + 60))}`;
  const words = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', limit, ...rulesTests];
  const { status, log } = await runToEnd(process.execPath, words, { IPVS_PROPERTY_SECONDS: String(share) });
  if (status !== 0) process.stderr.write(log);
  const executions = [...stripVTControlCharacters(log).matchAll(/^(\d+) executions$/gm)].map(([, count]) =>
    Number(count),
  );
  return { failed: status !== 0, executions: executions.reduce((sum, count) => sum + count, 0) };
}

/** Runs libFuzzer, whose words go to standard error but for those of a run without end. */
async function fuzz(target: string, seconds: number): Promise<Run> {
  const found = join(FOUND, target);
  for (const folder of [found, crashesOf(target)]) mkdirSync(folder, { recursive: true });
  const { status, log } = await runToEnd(
    PROGRAM,
    [
      // No time at all would be as much as libFuzzer likes.
      ...(seconds === 0 ? ['-runs=0'] : [`-max_total_time=${Math.ceil(seconds)}`]),
      `-max_len=${LONGEST_INPUT}`,
      '-timeout=20',
      '-print_final_stats=1',
      `-artifact_prefix=${crashesOf(target)}/`,
      // Without time, what is kept in the repository tells what it reaches by itself.
      ...(seconds === 0 ? [] : [found]),
      join(CORPORA, target),
    ],
    { IPVS_FUZZ_TARGET: target, LLVM_PROFILE_FILE: profileOf(target) },
  );
  const failed = status !== 0;
  if (failed) process.stderr.write(log.slice(log.search(/^(?:Broken|==\d+==|.*runtime error)/m)));
  const executions = Number(/number_of_executed_units: (\d+)/.exec(log)?.[1] ?? 0);
  return { failed, executions };
}

/** Runs a program to its end. Returns all that it printed. */
async function runToEnd(
  program: string,
  words: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<{ readonly status: number | null; readonly log: string }> {
  const child = spawn(program, words, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...variables },
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (log += text));
  }
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  return { status, log };
}

/** What is read of coverage as JSON: [LINE, COLUMN, END LINE, END COLUMN, times true, times false, …]. */
interface BranchReport {
  readonly data: readonly [
    { readonly files: readonly { filename: string; branches: readonly number[][] }[] },
  ];
}

/** What of the target's files was executed, and the lines that never were. */
function coverage(target: string): string {
  const profile = profileOf(target);
  const data = `${profile}.profdata`;
  execFileSync('llvm-profdata', ['merge', '-sparse', profile, '-o', data]);
  const files = targets[target] ?? [];
  const exported = (format: 'lcov' | 'text') =>
    execFileSync('llvm-cov', ['export', PROGRAM, `-format=${format}`, `-instr-profile=${data}`, ...files], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
  const branches = new Map(
    (JSON.parse(exported('text')) as BranchReport).data[0].files.map(file => [file.filename, file.branches]),
  );
  return exported('lcov')
    .split('end_of_record')
    .filter(record => record.includes('SF:'))
    .map(record => fileCoverage(record, branches))
    .join('\n');
}

/** One file's record in lcov's format: DA:LINE,COUNT and BRDA:LINE,BLOCK,BRANCH,COUNT. */
function fileCoverage(record: string, branches: ReadonlyMap<string, readonly number[][]>): string {
  const file = /SF:(.*)/.exec(record)?.[1] ?? '';
  const lines = [...record.matchAll(/^DA:(\d+),(\d+)/gm)];
  const missed = lines.filter(([, , count]) => count === '0').map(([, line]) => Number(line));
  const covered = lines.length - missed.length;
  // What the compiler decides, by a constant, has no branch in this format, and one of neither way in the other.
  const deciding = new Set([...record.matchAll(/^BRDA:(\d+),/gm)].map(([, line]) => Number(line)));
  const ways = waysTaken((branches.get(file) ?? []).filter(([line]) => deciding.has(line!)));
  const untaken = ways.filter(({ count }) => count === 0).map(({ line }) => line);
  const where =
    (missed.length > 0 ? `; never line ${ranges(missed)}` : '') +
    (untaken.length > 0 ? `; one way only in line ${ranges([...new Set(untaken)])}` : '');
  return (
    `  ${file.replace(`${process.cwd()}/`, '')}: ${covered} of ${lines.length} lines, ` +
    `${ways.length - untaken.length} of ${ways.length} branches${where}`
  );
}

/** Both ways of each branch of the source. A template's is one branch, though each instance of it counts apart. */
function waysTaken(
  branches: readonly number[][],
): readonly { readonly line: number; readonly count: number }[] {
  const ways = new Map<string, { line: number; count: number }>();
  for (const [line = 0, column = 0, endLine = 0, endColumn = 0, ...counts] of branches) {
    for (const way of [0, 1]) {
      const place = [line, column, endLine, endColumn, way].join();
      const sum = ways.get(place) ?? { line, count: 0 };
      ways.set(place, { line, count: sum.count + (counts[way] ?? 0) });
    }
  }
  return [...ways.values()].sort((a, b) => a.line - b.line);
}

/** 1, 2, 3, 7 as "1-3, 7". */
function ranges(numbers: readonly number[]): string {
  const starts = numbers.filter(number => !numbers.includes(number - 1));
  const ends = numbers.filter(number => !numbers.includes(number + 1));
  return starts.map((start, i) => (start === ends[i] ? `${start}` : `${start}-${ends[i]}`)).join(', ');
}

function crashesOf(target: string): string {
  return join(FOUND, 'failures', target);
}

function profileOf(target: string): string {
  return join(FOUND, `${target}.profraw`);
}
