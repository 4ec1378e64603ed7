import { execFile, execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

let made = 0;

/** Runs a program to its end, in a network namespace, and returns what it prints. */
export async function runInside(netns: string, command: readonly string[]): Promise<string> {
  const { stdout } = await run('ip', ['netns', 'exec', netns, ...command], { maxBuffer: 1 << 26 });
  return stdout;
}

/** Makes a network namespace in which IPVS takes destinations: its loopback is up. */
export function addNamespace(): string {
  const name = `ipvs-bench-${process.pid}-${++made}`;
  execFileSync('ip', ['netns', 'add', name]);
  execFileSync('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
  return name;
}

/** Removes a namespace whose table is empty, and waits for the kernel's later part of that. */
export async function removeNamespace(name: string): Promise<void> {
  execFileSync('ip', ['netns', 'del', name]);
  await sleep(200);
}
