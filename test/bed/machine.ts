import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { initramfs } from './initramfs.ts';
import type { Architecture, Kernel } from './kernels.ts';
import { quote, quoteAll } from './quote.ts';
import { say } from './say.ts';
import { type Userland, userlandOf } from './userland.ts';

/** A command to run, and the receivers of its output. */
export interface Job {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** A directory of the host that the command may write to, at the same path. */
  readonly outputDirectory?: string | undefined;
  readonly onStdout: (chunk: Buffer) => void;
  readonly onStderr: (chunk: Buffer) => void;
  /** Ends the job. Nothing of it is left when the promise settles. */
  readonly signal: AbortSignal;
}

/** The error of a kernel that did not get as far as the command's first output. */
class BootError extends Error {}

/**
 * Boots a kernel under QEMU with the host's file system as its root, or that of another architecture, and
 * runs a command there. Resolves with its exit status.
 */
export async function runOnMachine(kernel: Kernel, job: Job): Promise<number> {
  const userland = await userlandOf(kernel);
  const directory = await mkdtemp(join(tmpdir(), 'ipvs-bed-'));
  try {
    await writeFile(join(directory, 'settings.sh'), settings(kernel, userland, directory, job));
    await writeFile(join(directory, 'command.sh'), command(job));
    const initrd = await initramfs(kernel, userland.busybox);
    const args = qemuArguments(kernel, initrd, directory, job.outputDirectory);
    for (let attempt = 1; ; attempt++) {
      try {
        return await runQemu(machines[kernel.architecture].program, args, job);
      } catch (error) {
        if (!(error instanceof BootError) || attempt === ATTEMPTS) throw error;
        say(`${error.message.split('\n')[0]}: booting it again (${attempt + 1} of ${ATTEMPTS})`);
      }
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * The settings of the guest's scripts. Another root than `/` gets the folders of this machine that they read.
 */
function settings(kernel: Kernel, { root, layers }: Userland, directory: string, job: Job): string {
  const modules = join(kernel.directory, 'lib/modules', kernel.version);
  const all = root === '/' ? {} : { [directory]: directory, [modules]: modules, ...layers };
  return [
    `BED_ROOT=${quote(root)}`,
    `BED_NODE=${quote(process.execPath)}`,
    `BED_MODULES=${quote(modules)}`,
    `BED_OUTPUT=${quote(job.outputDirectory ?? '')}`,
    'bed_layers() {',
    ...Object.entries(all).map(([path, lower]) => `layer ${quote(path)} ${quote(lower)}`),
    ':\n}\n',
  ].join('\n');
}

function command(job: Job): string {
  const exports = Object.entries(job.env).map(([name, value]) => `export ${name}=${quote(value)}\n`);
  return `${exports.join('')}cd ${quote(job.cwd)} || exit 126\nexec ${quoteAll(job.command)}\n`;
}

/** Descriptors of the guest's ports in QEMU, which gets one end of a socket pair for each. */
const ports = { out: 3, err: 4, report: 5 } as const;

const kernelParameters = [
  ...['quiet', 'panic=-1', 'mitigations=off'],
  // An oops panics, so that no test may overlook it.
  'oops=panic',
];

const amd64Parameters = [
  'console=ttyS0',
  // On a busy host the emulated timer is late, and without this the kernel takes it for broken and panics.
  'no_timer_check',
  // A clock that is found unstable has the kernel rewrite its own code while both processors run it, which
  // the emulation of two processors does not always survive (a panic in sched_clock_cpu). Declared at boot,
  // the rewriting is done before the second processor starts.
  'tsc=unstable',
];

interface Machine {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly parameters: readonly string[];
}

const machines: Readonly<Record<Architecture, Machine>> = {
  amd64: {
    program: 'qemu-system-x86_64',
    arguments: ['-accel', 'tcg,thread=multi', '-cpu', 'max'],
    parameters: amd64Parameters,
  },
  arm64: {
    program: 'qemu-system-aarch64',
    // Not `-cpu max`: Node.js crashes there, in V8's deoptimizer.
    arguments: ['-accel', 'tcg,thread=multi', '-M', 'virt,gic-version=3', '-cpu', 'cortex-a72'],
    parameters: ['console=ttyAMA0'],
  },
};

/**
 * The number of boots of a kernel that panics before the command wrote anything, which is emulation's fault.
 */
const ATTEMPTS = 3;

function qemuArguments(
  kernel: Kernel,
  initrd: string,
  directory: string,
  output: string | undefined,
): string[] {
  // The presence of /dev/kvm proves nothing, as one may accept a guest and then hang.
  const { IPVS_BED_ACCEL } = process.env;
  const kvm = IPVS_BED_ACCEL === 'kvm' && kernel.architecture === 'amd64';
  const machine = machines[kernel.architecture];
  const share = (path: string, tag: string, readonly: string) =>
    `local,path=${path.replaceAll(',', ',,')},mount_tag=${tag},security_model=none,multidevs=remap,readonly=${readonly}`;
  return [
    ...(kvm ? ['-accel', 'kvm', '-cpu', 'host'] : machine.arguments),
    ...['-m', '3072', '-smp', '2', '-nodefaults', '-no-reboot', '-display', 'none', '-serial', 'stdio'],
    ...['-kernel', join(kernel.directory, 'vmlinuz'), '-initrd', initrd],
    ...['-append', [...kernelParameters, ...machine.parameters, `bed.job=${directory}`].join(' ')],
    ...['-virtfs', share('/', 'host', 'on')],
    ...(output === undefined ? [] : ['-virtfs', share(output, 'output', 'off')]),
    ...['-device', 'virtio-serial-pci'],
    ...Object.entries(ports).flatMap(([name, fd]) => [
      ...['-chardev', `socket,id=${name},fd=${fd}`],
      ...['-device', `virtserialport,chardev=${name},name=bed.${name}`],
    ]),
  ];
}

async function runQemu(program: string, args: readonly string[], job: Job): Promise<number> {
  // The kernel kills QEMU should this process die without a chance to clean up.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
    // Only this process handles a Ctrl-C, as QEMU would end before its last output is read.
    detached: true,
  });
  const [, console_, errors, out, err, report] = child.stdio as unknown as Readable[];
  const log = tail(console_!, errors!);
  const written = { out: 0, err: 0 };
  let status: Report | undefined;

  const stop = () => void child.kill('SIGKILL');
  const stopWhenComplete = () => {
    if (status !== undefined && written.out >= status.out && written.err >= status.err) stop();
  };
  out!.on('data', (chunk: Buffer) => {
    written.out += chunk.length;
    job.onStdout(chunk);
    stopWhenComplete();
  });
  err!.on('data', (chunk: Buffer) => {
    written.err += chunk.length;
    job.onStderr(chunk);
    stopWhenComplete();
  });
  let reported = '';
  report!.on('data', (chunk: Buffer) => {
    reported += chunk;
    status = parseReport(reported);
    stopWhenComplete();
  });
  job.signal.addEventListener('abort', stop);
  if (job.signal.aborted) stop();
  try {
    await new Promise<void>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', () => resolve());
    });
  } finally {
    job.signal.removeEventListener('abort', stop);
  }
  job.signal.throwIfAborted();
  if (status === undefined) {
    const { message } = failure(log());
    throw written.out + written.err === 0 ? new BootError(message) : new Error(message);
  }
  return status.exitStatus;
}

interface Report {
  readonly exitStatus: number;
  readonly out: number;
  readonly err: number;
}

/** Reads the guest's report: the command's exit status and the numbers of bytes written to each stream. */
function parseReport(text: string): Report | undefined {
  const match = /^(\d+) (\d+) (\d+)\n/.exec(text);
  if (match === null) return undefined;
  const [exitStatus, out, err] = match.slice(1).map(Number) as [number, number, number];
  return { exitStatus, out, err };
}

/** Remembers the end of the streams' output. */
function tail(...streams: readonly Readable[]): () => string {
  let text = '';
  for (const stream of streams) {
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      text = (text + chunk).slice(-64 * 1024);
    });
  }
  return () => stripVTControlCharacters(text).replaceAll('\r', '').trimEnd();
}

/** The reason why a machine ended by itself, with the last lines of its console. */
function failure(log: string): Error {
  const why = /Kernel panic - not syncing: .*/.exec(log)?.[0] ?? 'the machine ended before the command did';
  const lines = log.split('\n').slice(-60);
  return new Error([why, ...lines.map(line => `  | ${line}`)].join('\n'));
}
