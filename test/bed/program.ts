import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { systemEnvironment } from './environment.ts';

/** How to run a program. */
export interface ProgramOptions {
  readonly cwd?: string;
  /** Environment variables in addition to this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Called with the program's output to descriptor 3. */
  readonly onStatus?: (text: string) => void;
}

/**
 * Runs a program and returns its output. Rejects with its errors. When it is aborted the promise waits until
 * the program and all its children are gone, so that a directory they write to may be removed.
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<string> {
  const { cwd, env, signal, onStatus } = options;
  signal?.throwIfAborted();
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: { ...systemEnvironment(), LC_ALL: 'C', ...env },
    // The program gets a process group of its own, which can be ended as a whole.
    detached: true,
    ...(cwd === undefined ? {} : { cwd }),
  });
  const end = () => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  };
  signal?.addEventListener('abort', end);
  try {
    const [, stdout, stderr, status] = child.stdio as unknown as Readable[];
    const [printed, errors] = [collect(stdout!), collect(stderr!)];
    status!.on('data', chunk => onStatus?.(String(chunk)));
    const [exitStatus] = (await once(child, 'close')) as [number | null];
    signal?.throwIfAborted();
    if (exitStatus !== 0) throw new Error(`${program} ${args.at(-1)} failed:\n${errors().trim()}`);
    return printed();
  } finally {
    signal?.removeEventListener('abort', end);
  }
}

function collect(stream: Readable): () => string {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}
