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
  /** Folders of this machine as in `binds`, whose changes are forgotten. */
  readonly copies?: Readonly<Record<string, string>>;
  /** The variable PATH. Default: the usual folders of programs. */
  readonly path?: string;
  /** The architecture of its programs, if another than this machine's. They are emulated. */
  readonly architecture?: 'arm64';
}

/** How to run a program in a root file system. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A process whose network namespace is used. Default: an empty one with only its loopback interface. */
  readonly networkOf?: number | undefined;
  /** Shell commands for root of this machine, before the program starts; `$root` is the root file system. */
  readonly prepare?: string;
  /** Seconds. */
  readonly timeout?: number;
}

/** The end of a program. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Has the kernel run programs of arm64 by QEMU in a user namespace of their own (since Linux 6.7), which
 * leaves this machine's list of such formats as it is.
 */
const emulation = [
  'mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc',
  `printf %s ':arm64:M:0:${aarch64Program()}:/usr/bin/qemu-aarch64-static:F' >/proc/sys/fs/binfmt_misc/register`,
];

/**
 * The start of an arm64 program, and the mask of its bits: 64 bits, little-endian, EXEC or DYN, e_machine
 * 183.
 */
function aarch64Program(): string {
  const hex = (bytes: readonly number[]) =>
    bytes.map(byte => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
  const zeros = Array.from({ length: 8 }, () => 0);
  const ones = Array.from({ length: 8 }, () => 0xff);
  const magic = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, ...zeros, 2, 0, 183, 0];
  // Byte 7, the ABI, may have any value.
  const mask = [...ones.slice(1), 0, ...ones, 0xfe, 0xff, 0xff, 0xff];
  return `${hex(magic)}:${hex(mask)}`;
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
  const copies = Object.entries(root.copies ?? {}).flatMap(([inside, outside], index) => {
    const own = `'${work}/copy-${index}'`;
    return [
      `mkdir -p "$root${inside}" ${own}/upper ${own}/work`,
      `mount -t overlay copy -o lowerdir='${outside}',upperdir=${own}/upper,workdir=${own}/work "$root${inside}"`,
    ];
  });
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
    ...copies,
    ...(root.architecture === undefined ? [] : emulation),
    ...(options.networkOf === undefined ? ['ip link set lo up'] : []),
    options.prepare ?? '',
    `cd "$root"`,
    // The shell does not exec the program: process 1 of a namespace is spared signals that it has no handler
    // for.
    'chroot "$root" /bin/sh -c \'cd "$0" && exec "$@"\' "$@"; exit $?',
  ].join('\n');
  const namespaces = [
    ...(root.architecture === undefined ? [] : ['--user', '--map-root-user']),
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
