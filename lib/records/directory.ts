import { fstatSync } from 'node:fs';
import { join } from 'node:path';
import { Operation } from '../addon/layout.ts';
import type { FileCallSpec, FurtherCalls } from '../calls/call.ts';
import { E } from '../calls/errno.ts';
import type { CallOptions } from '../calls/options.ts';

/** Where records are kept: a file system that lives as long as the kernel's tables do. */
export const RECORDS_DIRECTORY = '/run/ipvs';

const NAMESPACE_FILE = '/proc/thread-self/ns/net';

const context = { command: 'READ_FILE', file: NAMESPACE_FILE } as const;

/** The namespace's inode number, by which `ls -l /proc/PID/ns` shows it: unique while it lives. */
const inode: FileCallSpec<string, typeof Operation.openFile> = {
  operation: Operation.openFile,
  context,
  decode: fd => String(fstatSync(fd).ino),
  path: NAMESPACE_FILE,
};

/**
 * The namespace's cookie (SO_NETNS_COOKIE, since Linux 5.14): an inode number is given to the next namespace
 * as soon as the one that had it is gone, a cookie to none before the next boot, which empties /run.
 */
const cookie: FileCallSpec<string | undefined, typeof Operation.readCookie> = {
  operation: Operation.readCookie,
  context,
  decode: payload => Buffer.from(payload).toString('latin1'),
  accept: status => (status === E.NOPROTOOPT ? { value: undefined } : undefined),
  path: NAMESPACE_FILE,
};

/** The names of clients' namespaces, which stay the same as long as a client lives. */
const known = new WeakMap<FurtherCalls, string>();

/** The directory of what is recorded about the client's network namespace. */
export async function recordsDirectory(
  calls: FurtherCalls,
  { signal, timeout }: CallOptions,
): Promise<string> {
  let name = known.get(calls);
  if (name === undefined) {
    const options = { signal, timeout };
    const parts = await Promise.all([calls.file(inode, options), calls.file(cookie, options)]);
    name = parts.filter(part => part !== undefined).join('-');
    known.set(calls, name);
  }
  return join(RECORDS_DIRECTORY, name);
}
