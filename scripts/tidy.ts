import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { complaint } from './complaint.ts';

const DATABASE = 'native/build/Release';
/** The file with the digests of source files that clang-tidy found nothing in. */
const MEMORY = '.cache/tidy.json';

interface Entry {
  readonly file: string;
  readonly command: string;
}

/**
 * Runs clang-tidy on all source files, or on those that changed, or include a header that changed, since it
 * last found nothing in them. As many run at once as there are processors. Returns what is wrong.
 */
export async function tidy(all: boolean): Promise<string> {
  const entries = JSON.parse(readFileSync(join(DATABASE, 'compile_commands.json'), 'utf8')) as Entry[];
  const setUp = [readFileSync('.clang-tidy'), execFileSync('clang-tidy', ['--version'])];
  const clean = recall();
  const todo = entries
    .map(({ file, command }) => ({ file: relative('', file), command }))
    .map(({ file, command }) => ({ file, digest: digestOf(file, [command, ...setUp]) }))
    .filter(({ file, digest }) => all || clean[file] !== digest);
  const wrong: string[] = [];
  const work = async () => {
    for (let next = todo.shift(); next !== undefined; next = todo.shift()) {
      const said = await complaint('clang-tidy', ['--quiet', '-p', DATABASE, next.file]);
      if (said === '') clean[next.file] = next.digest;
      wrong.push(said);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  mkdirSync(dirname(MEMORY), { recursive: true });
  writeFileSync(MEMORY, JSON.stringify(clean, null, 2));
  return problemsIn(wrong).join('\n');
}

function recall(): Record<string, string> {
  return existsSync(MEMORY) ? JSON.parse(readFileSync(MEMORY, 'utf8')) : {};
}

/** A digest of everything that clang-tidy's verdict on a file depends on, except the system's headers. */
function digestOf(file: string, more: readonly (string | Buffer)[]): string {
  const hash = createHash('sha256');
  for (const part of more) hash.update(part);
  for (const path of withHeaders(file)) hash.update(path).update(readFileSync(path));
  return hash.digest('hex');
}

/** A source file and all of our headers that it includes, directly or not. */
function withHeaders(file: string): ReadonlySet<string> {
  const paths = new Set([file]);
  for (const path of paths) {
    for (const [, name = ''] of readFileSync(path, 'utf8').matchAll(/^#include "([^"]+)"/gm)) {
      if (existsSync(name)) paths.add(name);
    }
  }
  return paths;
}

/**
 * The problems in clang-tidy's texts, each once: one in a header is reported for each file that includes it.
 */
function problemsIn(texts: readonly string[]): string[] {
  const problems = texts
    .flatMap(text => text.replaceAll(`${process.cwd()}/`, '').split(/^(?=\S+:\d+:\d+: (?:warning|error):)/m))
    .map(text => text.replace(/^\d+ warnings?.* generated.*\n?/gm, '').trim())
    // The analyzer follows calls into headers that are not ours.
    .filter(text => text !== '' && !text.startsWith('node_modules/'));
  return [...new Set(problems)];
}
