// Fuzzes native/, by libFuzzer under the sanitizers of addresses and undefined behaviour.
//
//   npm run fuzz -- [TARGET] [SECONDS]
//
// All targets, or the one named, for so long each (60 seconds). Inputs that reach something new are kept in
// .cache/fuzz from one run to the next. One that breaks a promise ends the run with status 1: copied to
// test/native/corpora/TARGET it is a native test, red until the defect is mended.

import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const PROGRAM = 'native/build/Fuzz/ipvs-fuzz';
const CORPORA = 'test/native/corpora';
const FOUND = '.cache/fuzz';
const DEFAULT_SECONDS = 60;
/** The longest input in bytes: eight pages, which is a dump of two chunks and more. */
const LONGEST_INPUT = 32_768;

/** Each target (test/native/fuzz/targets.h), with the files that it is about. */
const targets: Readonly<Record<string, readonly string[]>> = {
  decode: ['native/codec/decode.cc', 'native/table/columns.cc'],
  family: ['native/netlink/family.cc', 'native/netlink/messages.h', 'native/netlink/socket.cc'],
  lists: ['native/table/table_reader.cc', 'native/table/reading.cc', 'native/netlink/connection.cc'],
  writes: ['native/netlink/connection.cc', 'native/codec/encode.cc'],
  shapes: ['native/cli/line_shapes.cc', 'native/cli/read_text.h'],
};

/** What one run came to. */
interface Run {
  readonly failed: boolean;
  readonly executions: number;
}

const { chosen, seconds } = read(process.argv.slice(2));
for (const target of chosen) {
  console.log(`fuzz: ${target}, ${seconds} s`);
  const { failed, executions } = await fuzz(target, seconds);
  console.log(`${target}: ${executions.toLocaleString('en')} executions${failed ? ', and a failure' : ''}`);
  if (failed) {
    const inputs = readdirSync(crashesOf(target)).map(name => `  ${join(crashesOf(target), name)}`);
    console.log(`Copy to ${CORPORA}/${target} what broke it:\n${inputs.join('\n')}`);
    process.exitCode = 1;
  } else {
    console.log(coverage(target));
  }
}

function read(words: readonly string[]): { chosen: readonly string[]; seconds: number } {
  const numbers = words.filter(word => /^[1-9]\d{0,5}$/.test(word));
  const names = words.filter(word => !numbers.includes(word));
  const unknown = names.filter(name => !(name in targets));
  if (unknown.length > 0 || names.length > 1 || numbers.length > 1) {
    throw new RangeError(
      `npm run fuzz -- [TARGET] [SECONDS], of which targets are ${Object.keys(targets).join(', ')}`,
    );
  }
  return {
    chosen: names.length > 0 ? names : Object.keys(targets),
    seconds: Number(numbers[0] ?? DEFAULT_SECONDS),
  };
}

/** Runs libFuzzer, whose words go to standard error but for those of a run without end. */
async function fuzz(target: string, seconds: number): Promise<Run> {
  const found = join(FOUND, target);
  for (const folder of [found, crashesOf(target)]) mkdirSync(folder, { recursive: true });
  const child = spawn(
    PROGRAM,
    [
      `-max_total_time=${seconds}`,
      `-max_len=${LONGEST_INPUT}`,
      '-timeout=20',
      '-print_final_stats=1',
      `-artifact_prefix=${crashesOf(target)}/`,
      found,
      join(CORPORA, target),
    ],
    {
      stdio: ['ignore', 'inherit', 'pipe'],
      env: { ...process.env, IPVS_FUZZ_TARGET: target, LLVM_PROFILE_FILE: profileOf(target) },
    },
  );
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const failed = status !== 0;
  if (failed) process.stderr.write(log.slice(log.search(/^(?:Broken|==\d+==|.*runtime error)/m)));
  const executions = Number(/number_of_executed_units: (\d+)/.exec(log)?.[1] ?? 0);
  return { failed, executions };
}

/** What of the target's files was executed, and the lines that never were. */
function coverage(target: string): string {
  const profile = profileOf(target);
  const data = `${profile}.profdata`;
  execFileSync('llvm-profdata', ['merge', '-sparse', profile, '-o', data]);
  const files = targets[target] ?? [];
  const text = execFileSync(
    'llvm-cov',
    ['export', PROGRAM, '-format=lcov', `-instr-profile=${data}`, ...files],
    { encoding: 'utf8', maxBuffer: 1 << 28 },
  );
  return text
    .split('end_of_record')
    .filter(record => record.includes('SF:'))
    .map(fileCoverage)
    .join('\n');
}

/** One file's record in lcov's format: DA:LINE,COUNT and BRDA:LINE,BLOCK,BRANCH,COUNT. */
function fileCoverage(record: string): string {
  const file = /SF:(.*)/.exec(record)?.[1] ?? '';
  const lines = [...record.matchAll(/^DA:(\d+),(\d+)/gm)];
  const missed = lines.filter(([, , count]) => count === '0').map(([, line]) => Number(line));
  const branches = [...record.matchAll(/^BRDA:\d+,\d+,\d+,(.+)$/gm)].map(([, count]) => count);
  const taken = branches.filter(count => count !== '0' && count !== '-').length;
  const covered = lines.length - missed.length;
  const where = missed.length > 0 ? `; never line ${ranges(missed)}` : '';
  return (
    `  ${file.replace(`${process.cwd()}/`, '')}: ${covered} of ${lines.length} lines, ` +
    `${taken} of ${branches.length} branches${where}`
  );
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
