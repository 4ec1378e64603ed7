import { resolve } from 'node:path';
import { commandEnvironment } from './environment.ts';
import { provideKernel } from './fetch.ts';
import { hostObstacle, runOnHost } from './host.ts';
import { isKernelChoice, type KernelChoice, kernelLabels } from './kernels.ts';
import { runOnMachine } from './machine.ts';
import { say } from './say.ts';

/** A command to run on a bed. */
export interface BedOptions {
  readonly command: readonly string[];
  /** The kernel. Default: that of `IPVS_KERNEL`, else the host's own if it has IPVS, else 6.1. */
  readonly kernel?: KernelChoice | undefined;
  /** The working directory. Default: the current one. */
  readonly cwd?: string;
  /** Environment variables in addition to those that are always handed on. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * A directory whose files come back to the host, at the same path in the bed and named in `IPVS_BED_OUTPUT`
   * there; by default what that says here. Under QEMU no other file that the command writes does.
   */
  readonly outputDirectory?: string;
  /** Seconds after which the command is stopped. Default: `IPVS_BED_TIMEOUT`, else 900. */
  readonly deadline?: number;
  /** Called with the command's output as it comes. Default: this process's own streams get it. */
  readonly onStdout?: (chunk: Buffer) => void;
  readonly onStderr?: (chunk: Buffer) => void;
  readonly signal?: AbortSignal;
}

/** The end of a command on a bed. */
export interface BedResult {
  readonly exitStatus: number;
  /** The kernel that it ran on: the output of `uname -r`, or `host`. */
  readonly kernel: string;
}

/** The error of a command that was still running at its deadline. */
export class DeadlineError extends Error {}

/**
 * Runs a command on a kernel with IPVS: the host's, in network, mount and process namespaces of its own, or
 * one booted under QEMU. Rejects when the bed fails; a command that fails has an exit status. Nothing of
 * either is left running, and nothing on disk but the kernel.
 */
export async function runOnBed(options: BedOptions): Promise<BedResult> {
  const { kernel, reason } = choose(options.kernel);
  const { IPVS_BED_TIMEOUT, IPVS_BED_OUTPUT } = process.env;
  const output = options.outputDirectory ?? IPVS_BED_OUTPUT;
  const outputDirectory = output ? resolve(output) : undefined;
  const deadline = options.deadline ?? Number(IPVS_BED_TIMEOUT || 900);
  const late = new AbortController();
  const signal = AbortSignal.any([late.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  const job = {
    command: options.command,
    cwd: options.cwd ?? process.cwd(),
    env: {
      ...commandEnvironment(),
      ...options.env,
      IPVS_BED: kernel,
      ...(outputDirectory === undefined ? {} : { IPVS_BED_OUTPUT: outputDirectory }),
    },
    outputDirectory,
    onStdout: options.onStdout ?? (chunk => void process.stdout.write(chunk)),
    onStderr: options.onStderr ?? (chunk => void process.stderr.write(chunk)),
    signal,
  };
  let timer: NodeJS.Timeout | undefined;
  const startClock = () => {
    const expire = () =>
      late.abort(new DeadlineError(`the command was stopped at its deadline of ${deadline} s`));
    timer = setTimeout(expire, deadline * 1000);
  };
  try {
    if (kernel === 'host') {
      say(`this machine's own kernel, in fresh namespaces (${reason})`);
      startClock();
      return { kernel, exitStatus: await runOnHost(job) };
    }
    const provided = await provideKernel(kernel, signal);
    say(`booting Linux ${provided.version} under QEMU (${reason})`);
    startClock();
    return { kernel: provided.version, exitStatus: await runOnMachine(provided, job) };
  } finally {
    clearTimeout(timer);
  }
}

function choose(wanted: KernelChoice | undefined): { kernel: KernelChoice; reason: string } {
  if (wanted !== undefined) return { kernel: wanted, reason: 'as asked' };
  const { IPVS_KERNEL: said } = process.env;
  if (said) {
    if (!isKernelChoice(said)) {
      throw new RangeError(`IPVS_KERNEL=${said}: known are host, ${kernelLabels.join(', ')}`);
    }
    const obstacle = said === 'host' ? hostObstacle() : undefined;
    if (obstacle !== undefined) throw new Error(`IPVS_KERNEL=host: ${obstacle}`);
    return { kernel: said, reason: `IPVS_KERNEL=${said}` };
  }
  const obstacle = hostObstacle();
  if (obstacle === undefined) return { kernel: 'host', reason: 'it has IPVS' };
  return { kernel: '6.1', reason: `not on the host: ${obstacle}` };
}
