import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Job } from './machine.ts';

/** The reason why the host's own kernel cannot be used; undefined when it can. */
export function hostObstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root';
  if (!existsSync('/sys/module/ip_vs') && spawnSync('modprobe', ['--quiet', 'ip_vs']).status !== 0) {
    return 'the kernel has no IPVS';
  }
  const probe = spawnSync('unshare', ['--net', 'test', '-e', '/proc/self/net/ip_vs']);
  if (probe.error !== undefined) return 'no unshare program';
  return probe.status === 0 ? undefined : 'no network namespace with IPVS may be made';
}

/**
 * Runs a command on the host's kernel, where it cannot touch the host's own table: in fresh network, mount
 * and process namespaces. The last of these ends whatever the command leaves running.
 */
export async function runOnHost(job: Job): Promise<number> {
  const script = [
    'ip link set lo up',
    // Named namespaces are files, which vanish with this mount.
    'mkdir -p /run/netns && mount -t tmpfs netns /run/netns',
    'mount -t sysfs sys /sys',
    // The shell does not exec the command: process 1 of a namespace is spared signals that it has no handler
    // for.
    'shift; "$@"; exit $?',
  ].join('\n');
  const flags = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const shell = ['sh', '-c', script, 'sh', '--', ...job.command];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', ...flags, ...shell], {
    cwd: job.cwd,
    env: job.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  child.stdout.on('data', job.onStdout);
  child.stderr.on('data', job.onStderr);
  const stop = () => void child.kill('SIGKILL');
  job.signal.addEventListener('abort', stop);
  if (job.signal.aborted) stop();
  try {
    const status = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    job.signal.throwIfAborted();
    return status ?? 1;
  } finally {
    job.signal.removeEventListener('abort', stop);
  }
}
