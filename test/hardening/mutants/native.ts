import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, extname, join } from 'node:path';
import { runProgram } from '../../bed/program.ts';
import { build } from '../sanitizers/build.ts';
import type { Fault } from './faults/fault.ts';
import { faults } from './faults/index.ts';
import type { Score } from './score.ts';

const root = join(import.meta.dirname, '../../..');
const TARGET = 'ipvs-native-test';
/** As `npm run unit` builds them. */
const switches = ['build_tests', 'enable_asan', 'enable_ubsan'];

/**
 * How long the tests of one fault may compute and how long they may take, in seconds: some faults make them go on, or
 * wait, for ever, which is noticed so. The tests take some five seconds of a processor, on a busy machine much longer.
 */
const LIMITS = { processor: 60, whole: 300 } as const;

/** What became of a fault. */
type Verdict = 'noticed' | 'timed out' | 'unnoticed';

/**
 * Applies each fault of native/ at a place, a folder or a file, by itself to a copy, and runs the native tests. Returns
 * the scores of its rooms. Rejects where a fault's text is not in its file once, or where tests fail without a fault.
 */
export async function tryFaults(place: string, signal: AbortSignal): Promise<readonly Score[]> {
  const chosen = faults.filter(({ file }) => `native/${file}/`.startsWith(`${place}/`));
  const texts = new Map(chosen.map(({ file }) => [file, readFileSync(join(root, 'native', file), 'utf8')]));
  for (const fault of chosen) apply(fault, texts.get(fault.file)!);

  // Files in one piece, as each is compiled once more where its faults end.
  const queue = [...texts.keys()].map(file => chosen.filter(fault => fault.file === file));
  queue.sort((a, b) => b.length - a.length);
  const noticed = new Set<Fault>();
  let tried = 0;
  const work = async (number: number): Promise<void> => {
    if (queue.length === 0) return;
    const program = join(await build(`mutants/native-${number}`, TARGET, switches), TARGET);
    const copy = join(root, `.cache/mutants/native-${number}`);
    const sound = await judge(program, [], copy, signal);
    if (sound !== 'unnoticed') throw new Error(`the native tests fail without a fault (${sound})`);
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      for (const fault of next) {
        const text = texts.get(fault.file)!;
        const path = join(copy, 'native', fault.file);
        writeFileSync(path, apply(fault, text));
        await rebuild(copy, signal);
        const verdict = await judgeInTurn(program, fault.file, copy, signal);
        writeFileSync(path, text);
        tried++;
        if (verdict !== 'unnoticed') noticed.add(fault);
        report(`${tried}/${chosen.length}`, fault, text, verdict);
      }
    }
  };
  const workers = Math.min(queue.length, availableParallelism());
  await Promise.all(Array.from({ length: workers }, (_, number) => work(number + 1)));
  const rooms = new Set(chosen.map(roomOf));
  return Array.from(rooms, room => {
    const own = chosen.filter(fault => roomOf(fault) === room);
    return { place: room, noticed: own.filter(fault => noticed.has(fault)).length, all: own.length };
  });
}

function roomOf({ file }: Fault): string {
  return join('native', file.split('/')[0]!);
}

/** The text of a file with a fault in it. */
function apply({ file, text, instead }: Fault, whole: string): string {
  const parts = whole.split(text);
  if (parts.length !== 2) {
    throw new Error(
      `native/${file} has ${parts.length - 1} times what a fault replaces, which has to stand there once: ${text}`,
    );
  }
  return parts.join(instead);
}

/** Compiles what has changed. Rejects where that fails: a fault has to be one that a compiler takes. */
async function rebuild(copy: string, signal: AbortSignal): Promise<void> {
  await runProgram('make', ['-C', join(copy, 'native/build'), 'BUILDTYPE=Debug', TARGET], { signal });
}

/** Runs the tests named after a file, which notice most of its faults and take a fraction of the time, then all. */
async function judgeInTurn(
  program: string,
  file: string,
  cwd: string,
  signal: AbortSignal,
): Promise<Verdict> {
  const own = `${basename(file, extname(file))}_test.cc`;
  if (existsSync(join(root, 'test/native', own))) {
    const verdict = await judge(program, [`--source-file=*/${own}`], cwd, signal);
    if (verdict !== 'unnoticed') return verdict;
  }
  return judge(program, [], cwd, signal);
}

/** Runs tests up to the first failure. */
async function judge(
  program: string,
  chosen: readonly string[],
  cwd: string,
  signal: AbortSignal,
): Promise<Verdict> {
  const limited = `ulimit -t ${LIMITS.processor} && exec "$0" --abort-after=1 --no-breaks "$@"`;
  const child = spawn('sh', ['-c', limited, program, ...chosen], { cwd, stdio: 'ignore' });
  const kill = () => void child.kill('SIGKILL');
  const limit = setTimeout(kill, LIMITS.whole * 1000);
  signal.addEventListener('abort', kill);
  try {
    const [status, killed] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    signal.throwIfAborted();
    if (killed === 'SIGKILL' || killed === 'SIGXCPU') return 'timed out';
    return status === 0 ? 'unnoticed' : 'noticed';
  } finally {
    clearTimeout(limit);
    signal.removeEventListener('abort', kill);
  }
}

function report(number: string, { file, text, harm }: Fault, whole: string, verdict: Verdict): void {
  const line = whole.slice(0, whole.indexOf(text)).split('\n').length;
  console.log(`${number} ${verdict}: native/${file}:${line}: ${harm}`);
}
