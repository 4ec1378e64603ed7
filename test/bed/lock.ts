import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Runs something while holding a lock file, waiting for whoever holds it. The lock is a child's that lives as long as its standard input is
 * open, so it cannot outlive this process.
 */
export async function withLock<T>(path: string, onWait: () => void, run: () => Promise<T>): Promise<T> {
  const holder = spawn('flock', [path, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const waiting = setTimeout(onWait, 1000);
  try {
    await once(holder.stdout, 'data');
    clearTimeout(waiting);
    return await run();
  } finally {
    clearTimeout(waiting);
    holder.stdin.end();
  }
}
