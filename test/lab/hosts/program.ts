import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { release } from 'node:os';
import { delimiter, join } from 'node:path';

/** The programs that labs use, and the Debian package of each. */
const packages = {
  arping: 'iputils-arping',
  arptables: 'iptables',
  ip: 'iproute2',
  iptables: 'iptables',
  modprobe: 'kmod',
  nft: 'nftables',
  nsenter: 'util-linux',
  python3: 'python3',
} as const;

/** A program of the system that a lab may need. */
export type Program = keyof typeof packages;

/** How to run a program. */
export interface ProgramOptions {
  /** The program's standard input. */
  readonly input?: string;
  /** Milliseconds until the program is killed; default 30000. */
  readonly timeout?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a program to its end and returns its output. Rejects with its errors when its exit status is not 0.
 */
export async function runProgram(
  command: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<string> {
  const { input = '', timeout = 30_000, signal } = options;
  signal?.throwIfAborted();
  // The program gets a session of its own, so that only this process handles a Ctrl-C and undoes what was
  // done.
  const child = spawn(command, args, { detached: true });
  const line = [command, ...args].join(' ');
  let output = '';
  let complaint = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  child.stdin.on('error', () => {}); // the program ended without reading
  child.stdin.end(input);
  let late = false;
  const stop = () => void child.kill('SIGKILL');
  const timer = setTimeout(() => {
    late = true;
    stop();
  }, timeout);
  signal?.addEventListener('abort', stop);
  try {
    const status = await new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, killer) => resolve(code ?? killer));
    });
    signal?.throwIfAborted();
    if (late) throw new Error(`\`${line}\` did not end within ${timeout / 1000} s`);
    if (status !== 0) throw new Error(`\`${line}\` ended with ${status}: ${complaint.trim()}`);
    return output;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}

/** Throws when one of these programs is missing, naming the packages to install. */
export function requirePrograms(...names: readonly Program[]): void {
  const missing = names.filter(name => !isInstalled(name));
  if (missing.length === 0) return;
  const needed = [...new Set(missing.map(name => packages[name]))].join(' ');
  throw new Error(`no ${missing.join(', ')} on this machine. Install it with: apt-get install ${needed}`);
}

function isInstalled(name: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some(directory => {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Loads kernel modules. Rejects, naming what to install, when this kernel has one of them neither as a module
 * nor built in: a rule or a link would fail later with a misleading error.
 */
export async function requireModules(names: readonly string[], signal?: AbortSignal): Promise<void> {
  const absent = names.filter(name => !existsSync(`/sys/module/${name}`));
  if (absent.length === 0) return;
  try {
    await runProgram('modprobe', ['--all', ...absent], { signal });
  } catch (error) {
    signal?.throwIfAborted();
    const complaint = String(error);
    const missing = absent.filter(name => new RegExp(`Module ${name} not found`).test(complaint));
    if (missing.length === 0) throw error;
    throw new Error(
      `the running kernel ${release()} has no ${missing.join(', ')}. Debian's full kernel has it, its cloud flavour may not: ` +
        'apt-get install linux-image-$(dpkg --print-architecture), then reboot into it',
    );
  }
}
