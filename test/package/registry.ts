import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** A registry that runs in a network namespace of its own, where nothing else can be reached. */
export interface Registry {
  /** The process in whose network namespace the registry is reached. */
  readonly pid: number;
  /** The requests so far, such as `GET /ipvs`. */
  readonly requests: readonly string[];
  stop(): void;
}

/** The registry's address in its network namespace. */
export const registryUrl = 'http://127.0.0.1:4873/';

/** Serves a folder's tarballs. */
export async function startRegistry(folder: string): Promise<Registry> {
  const server = join(import.meta.dirname, 'registry-server.mjs');
  const script = 'ip link set lo up && exec "$@"';
  const child = spawn(
    'setpriv',
    ['--pdeathsig', 'KILL', 'unshare', '--net', 'sh', '-c', script, 'sh', process.execPath, server, folder],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const requests: string[] = [];
  let rest = '';
  await new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', () => reject(new Error('the registry ended')));
    child.stdout.on('data', chunk => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      for (const line of lines) {
        if (line === 'ready') resolve();
        else requests.push(line);
      }
    });
  });
  return {
    pid: child.pid!,
    requests,
    stop: () => void child.kill('SIGKILL'),
  };
}
