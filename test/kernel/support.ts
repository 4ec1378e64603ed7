import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { Ipvs, type IpvsError, type IpvsOptions } from '../../lib/index.ts';

/** An error with the fields that an `IpvsError` or the error of an invalid argument may have. */
export type Rejection = Error & Partial<Omit<IpvsError, 'code'>> & { readonly code?: string };

/** The error that a promise rejects with. Fails the test when the promise resolves. */
export async function rejection(promise: Promise<unknown>): Promise<Rejection> {
  const outcome = await promise.then(
    value => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('value' in outcome) {
    expect.fail(`resolved with ${JSON.stringify(outcome.value)?.slice(0, 200)} instead of rejecting`);
  }
  return outcome.error as Rejection;
}

/** The environment of shells: they die of the thread sanitizer's library, which test/hardening/sanitizers preloads. */
export function shellEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, LD_PRELOAD: undefined };
}

/** Runs a program for a test's set-up and returns what it prints. The library itself runs none. */
export function run(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  });
}

let namespaces = 0;

/**
 * Makes a network namespace with its loopback up (IPVS refuses destinations otherwise) and returns its
 * name.
 */
export function addNamespace(): string {
  const name = `ipvs-test-${process.pid}-${++namespaces}`;
  run('ip', 'netns', 'add', name);
  run('ip', '-n', name, 'link', 'set', 'lo', 'up');
  return name;
}

const RECORDS = '/run/ipvs';

/** Where the library records owners and drains of a network namespace: its inode number, and its cookie. */
export function recordsOf(netns: string): string {
  const inode = String(statSync(`/run/netns/${netns}`).ino);
  const names = existsSync(RECORDS) ? readdirSync(RECORDS) : [];
  return join(RECORDS, names.find(name => name.split('-')[0] === inode) ?? inode);
}

/** Removes what `addNamespace` made, and what was recorded of it: the next namespace may have its number. */
export function removeNamespace(name: string): void {
  rmSync(recordsOf(name), { recursive: true, force: true });
  run('ip', 'netns', 'del', name);
}

/** A test file's own network namespace, and a client in it. */
export interface Bed {
  readonly netns: string;
  readonly ipvs: Ipvs;
  /** Another client in the same namespace, closed with the file. */
  client(options?: IpvsOptions): Ipvs;
  /** Runs a program inside the namespace. */
  run(command: string, ...args: readonly string[]): string;
}

/**
 * Gives a test file a fresh network namespace, and fails all its tests where the kernel has no IPVS: a test
 * that needs a kernel is never skipped. Call it once, at the top of the file; the fields are there when the
 * tests run.
 */
export function useBed(): Bed {
  let netns = '';
  let ipvs: Ipvs | undefined;
  const clients: Ipvs[] = [];
  const client = (options: IpvsOptions = {}): Ipvs => {
    // Loading a module may take an emulated machine long. Tests of deadlines set shorter ones.
    const made = new Ipvs({ netns, timeout: 60_000, ...options });
    clients.push(made);
    return made;
  };
  beforeAll(async () => {
    netns = addNamespace();
    ipvs = client();
    await ipvs.info();
  });
  afterAll(async () => {
    await Promise.all(clients.map(made => made.close()));
    removeNamespace(netns);
  });
  return {
    get netns() {
      return netns;
    },
    get ipvs() {
      return ipvs!;
    },
    client,
    run: (command, ...args) => run('ip', 'netns', 'exec', netns, command, ...args),
  };
}
