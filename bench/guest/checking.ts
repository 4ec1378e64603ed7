import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Size } from '../plan.ts';
import type { Checking } from '../records.ts';

/** What a checking process (checker.ts) is told. */
export interface CheckingTask {
  /** The library's main file. */
  readonly main: string;
  /** A monitor alone, or a director with its table in a network namespace. */
  readonly netns: string | undefined;
  readonly size: Size;
  readonly port: number;
  /** Milliseconds from one check of a target to the next. */
  readonly interval: number;
  readonly timeout: number;
  /** The targets that must greet whoever connects. */
  readonly greeting: readonly string[];
}

/** A process that checks until it is ended. */
export interface Checker {
  /** Resolves when it has checked all of its targets twice. */
  readonly measured: Promise<Checking>;
  end(): Promise<void>;
}

/** The address of the target with a number: each check has a target of its own. */
export function targetOf(index: number): string {
  return `127.1.${index >> 8}.${index & 255}`;
}

/** Starts a checking process. `program`: checker.ts as it can be run, where that is not beside this file. */
export function startChecker(
  task: CheckingTask,
  program = fileURLToPath(new URL('checker.js', import.meta.url)),
): Checker {
  const child: ChildProcess = spawn(process.execPath, [program, JSON.stringify(task)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const gone = once(child, 'exit');
  const measured = (async () => {
    const lines = createInterface(child.stdout!);
    const [line] = (await Promise.race([
      once(lines, 'line'),
      gone.then(([status]) => {
        throw new Error(`the checking process ended with status ${status}`);
      }),
    ])) as [string];
    return JSON.parse(line) as Checking;
  })();
  return {
    measured,
    async end() {
      child.stdin!.end();
      await gone;
    },
  };
}
