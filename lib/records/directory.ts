import { fstatSync } from 'node:fs';
import { join } from 'node:path';
import { Operation } from '../addon/layout.ts';
import type { FileCallSpec, FurtherCalls } from '../calls/call.ts';
import type { CallOptions } from '../calls/options.ts';

/** Where records are kept: a file system that lives as long as the kernel's tables do. */
export const RECORDS_DIRECTORY = '/run/ipvs';

const NAMESPACE_FILE = '/proc/thread-self/ns/net';

/** Identifies the client's network namespace, by the inode number that it has as long as it lives. */
const namespaceId: FileCallSpec<string, typeof Operation.openFile> = {
  operation: Operation.openFile,
  context: { command: 'READ_FILE', file: NAMESPACE_FILE },
  decode: fd => String(fstatSync(fd).ino),
  path: NAMESPACE_FILE,
};

/** The directory of what is recorded about the client's network namespace. */
export async function recordsDirectory(
  calls: FurtherCalls,
  { signal, timeout }: CallOptions,
): Promise<string> {
  return join(RECORDS_DIRECTORY, await calls.file(namespaceId, { signal, timeout }));
}
