import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A root file system to run programs in. */
export interface Root {
  /** Read-only folders, the topmost first. */
  readonly layers: readonly string[];
  /** The folder that takes what is written. Default: a temporary one. */
  readonly upper?: string;
  /** Folders of this machine by their places in the root file system. */
  readonly binds?: Readonly<Record<string, string>>;
  /** Default: the usual folders of programs. */
  readonly path?: string;
}

/** How to run a program in a root file system. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /**
   * A process whose network namespace is used; by default an empty one that has only its loopback interface.
   */
  readonly networkOf?: number | undefined;
  /** Shell commands for root of this machine, before the program starts; `$root` is the root file system. */
  readonly prepare?: string;
  /** Seconds. */
  readonly timeout?: number;
}

/** How a program ended. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const usualPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Runs a program in a root file system, in namespaces of its own, so that whatever it starts ends with it.
 */
export async function runIn(
  root: Root,
  command: readonly string[],
  options: RunOptions = {},
): Promise<Ended> {
  const work = mkdtempSync(join(tmpdir(), 'ipvs-root-'));
  const upper = root.upper ?? join(work, 'upper');
  mkdirSync(upper, { recursive: true });
  const binds = Object.entries(root.binds ?? {}).map(
    ([inside, outside]) => `mkdir -p "$root${inside}" && mount --bind '${outside}' "$root${inside}"`,
  );
  const script = [
    'set -e',
    'mount --make-rprivate /',
    ...(root.upper === undefined ? [`mount -t tmpfs tmpfs '${work}'`] : []),
    `root='${work}/root'`,
    `mkdir -p "$root" '${upper}' '${upper}.work'`,
    `mount -t overlay overlay -o lowerdir='${root.layers.join(':')}',upperdir='${upper}',workdir='${upper}.work' "$root"`,
    'mkdir -p "$root/proc" "$root/dev" "$root/tmp" "$root/root"',
    'mount -t proc proc "$root/proc"',
    'mount --rbind /dev "$root/dev"',
    ...binds,
    ...(options.networkOf === undefined ? ['ip link set lo up'] : []),
    options.prepare ?? '',
    `cd "$root"`,
    // Not exec: process 1 of a namespace is spared signals that it has no handler for.
    'chroot "$root" /bin/sh -c \'cd "$0" && exec "$@"\' "$@"; exit $?',
  ].join('\n');
  const namespaces = [
    '--mount',
    '--pid',
    '--fork',
    '--kill-child',
    ...(options.networkOf === undefined ? ['--net'] : []),
  ];
  const enter = options.networkOf === undefined ? [] : ['nsenter', `--net=/proc/${options.networkOf}/ns/net`];
  const [program = '', ...args] = [
    ...enter,
    ...['setpriv', '--pdeathsig', 'KILL', 'unshare', ...namespaces],
    ...['sh', '-c', script, 'sh', options.cwd ?? '/', ...command],
  ];
  const env = { PATH: root.path ?? usualPath, HOME: '/root', LC_ALL: 'C', ...options.env };
  try {
    return await collect(program, args, env, options.timeout ?? 240);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function collect(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  timeout: number,
): Promise<Ended> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
    timeout: timeout * 1000,
    killSignal: 'SIGKILL',
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', chunk => (stdout += chunk));
  child.stderr.on('data', chunk => (stderr += chunk));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  return { status, stdout, stderr };
}
