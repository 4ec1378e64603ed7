import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** The visits of a virtual server's clients. */
export interface Storm {
  readonly made: number;
  /** When each began that failed, in milliseconds since 1970. */
  readonly failures: readonly { readonly time: number; readonly error: string }[];
  /** How many each server answered. */
  readonly names: Readonly<Record<string, number>>;
}

/** A program of test/kernel/programs that does what it is told (told.mjs), a process of its own. */
export interface Traffic {
  readonly child: ChildProcess;
  /** Has the program do something; rejects with what it says went wrong. */
  tell<T>(what: string, rest?: object): Promise<T>;
  end(): void;
}

/** Starts such a program in a network namespace. */
export async function startTraffic(netns: string, program: string): Promise<Traffic> {
  const file = join(import.meta.dirname, 'programs', program);
  const child = spawn('ip', ['netns', 'exec', netns, process.execPath, file], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  let messages = 0;
  await once(child, 'message');
  return {
    child,
    async tell<T>(what: string, rest: object = {}) {
      const id = ++messages;
      const answered = new Promise<T>((resolve, reject) => {
        const hear = (answer: { readonly id: number; readonly value: T; readonly error?: string }) => {
          if (answer.id !== id) return;
          child.off('message', hear);
          if (answer.error === undefined) resolve(answer.value);
          else reject(new Error(answer.error));
        };
        child.on('message', hear);
      });
      child.send({ id, what, ...rest });
      return answered;
    },
    // A process that was stopped ends by no other signal.
    end: () => void child.kill('SIGKILL'),
  };
}
