import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** How to wait for a lock. */
export interface LockOptions {
  readonly onWait: () => void;
  readonly signal: AbortSignal;
}

/**
 * Runs something while holding a lock file, waiting for whoever holds it. Rejects
 * where there can be none. The lock is a child's that lives as
 * long as its standard input is open, so it cannot outlive this process.
 */
export async function withLock<T>(path: string, options: LockOptions, run: () => Promise<T>): Promise<T> {
  const { onWait, signal } = options;
  const holder = spawn('flock', [path, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // The child is spared a Ctrl-C, since the work under the lock must first be ended in good order.
    detached: true,
  });
  let told = '';
  holder.stderr.on('data', chunk => (told += chunk));
  const failure = new Promise<never>((_, reject) => {
    holder.on('error', reject);
    holder.on('close', () => reject(new Error(`${path}: no lock could be had: ${told.trim()}`)));
  });
  const waiting = setTimeout(onWait, 1000);
  try {
    await Promise.race([once(holder.stdout, 'data', { signal }), failure]);
    clearTimeout(waiting);
    return await run();
  } finally {
    clearTimeout(waiting);
    holder.stdin.end();
    // A child that still waits for the lock has to be killed.
    holder.kill();
  }
}
