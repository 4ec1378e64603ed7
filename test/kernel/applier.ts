import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TableEntry } from '../../lib/index.ts';

/** A process that applies desired states, and can be killed at any moment. */
export interface Applier {
  /** Has it begin; resolves when it has. */
  begin(desired: readonly TableEntry[], owner: string): Promise<void>;
  kill(): Promise<void>;
}

/** Starts one, for a network namespace. */
export function startApplier(netns: string): Applier {
  const program = join(import.meta.dirname, 'programs/apply.mjs');
  const child: ChildProcess = fork(program, [netns], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const ended = once(child, 'exit');
  const ready = once(child, 'message');
  return {
    async begin(desired, owner) {
      await ready;
      const begun = once(child, 'message');
      child.send({ desired, owner });
      await begun;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
