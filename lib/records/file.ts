import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Status } from '../addon/layout.ts';
import { kernelError } from '../calls/kernel-error.ts';
import { IpvsError } from '../model/errors.ts';

const SUFFIX = '.json';

/** The version of all records. */
const RECORD_FORMAT = 1;

/**
 * Records read before the event loop has a turn. They are read on this thread: /run is in memory, so that it takes
 * a fraction of the time of five ways to a thread and back, for which every change of a weight would wait.
 */
const IN_ONE_GO = 8;

/**
 * Reads all records of a directory. `isRecord` tells whether what a file holds is one, `nameOf` what its file is
 * called: one under another's name would be written beside it.
 */
export async function readRecordFiles<T>(
  directory: string,
  isRecord: (data: unknown) => data is T,
  nameOf: (record: T) => string,
): Promise<readonly T[]> {
  const records: T[] = [];
  for (const [i, name] of recordNames(directory).entries()) {
    if (i % IN_ONE_GO === IN_ONE_GO - 1) await setImmediate();
    const path = pathOf(directory, name);
    const record = readRecord(path, isRecord);
    if (record === undefined) continue;
    if (name !== nameOf(record)) {
      throw recordError(path, new Error(`it is the record of '${nameOf(record)}'`));
    }
    records.push(record);
  }
  return records;
}

/** The names of a directory's records. No directory: nobody has recorded anything. */
export function recordNames(directory: string): readonly string[] {
  try {
    // A file that begins with a dot is one whose writer was killed before it was whole.
    const files = readdirSync(directory).filter(file => file.endsWith(SUFFIX) && !file.startsWith('.'));
    return files.map(file => file.slice(0, -SUFFIX.length));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw recordError(directory, error as Error);
  }
}

function pathOf(directory: string, name: string): string {
  return join(directory, `${name}${SUFFIX}`);
}

/** Reads one record; undefined where there is none. */
export async function readRecordFile<T>(
  directory: string,
  name: string,
  isRecord: (data: unknown) => data is T,
): Promise<T | undefined> {
  return readRecord(pathOf(directory, name), isRecord);
}

function readRecord<T>(path: string, isRecord: (data: unknown) => data is T): T | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw recordError(path, error as Error);
  }
  const data = parse(path, text);
  const { formatVersion } = (data ?? {}) as { readonly formatVersion?: unknown };
  if (formatVersion !== RECORD_FORMAT || !isRecord(data)) {
    throw recordError(path, new Error(`it is not a record of format ${RECORD_FORMAT}`));
  }
  return data;
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw recordError(
      path,
      new Error(text === '' ? 'the file is empty' : 'the file is damaged: it holds no JSON'),
    );
  }
}

/** Writes a record: whole or not at all, whenever the process is killed. */
export async function writeRecordFile(directory: string, name: string, data: object): Promise<void> {
  const path = pathOf(directory, name);
  // A name that no other writer has: not one of this process, nor one of a container that shares the directory.
  const draft = join(directory, `.${randomUUID()}${SUFFIX}`);
  try {
    await makeDirectory(directory);
    await writeDurably(draft, `${JSON.stringify({ formatVersion: RECORD_FORMAT, ...data })}\n`);
    await rename(draft, path);
    await syncDirectory(directory);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {});
    throw recordError(path, error as Error, 'written');
  }
}

/** Makes a directory of records, and those around it. */
export async function makeDirectory(directory: string): Promise<void> {
  const options = { recursive: true, mode: 0o755 };
  try {
    await mkdir(directory, options);
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' || path === undefined) throw error;
    // Node.js says ENOENT of a read-only file system where it makes directories around one: this one says why.
    await mkdir(path, { mode: options.mode });
    await mkdir(directory, options);
  }
}

/** Removes a record, if it is there. */
export async function removeRecordFile(directory: string, name: string): Promise<void> {
  const path = pathOf(directory, name);
  await rm(path, { force: true }).catch(error => {
    throw recordError(path, error, 'removed');
  });
}

async function writeDurably(path: string, text: string): Promise<void> {
  await using file = await open(path, 'wx', 0o644);
  await file.writeFile(text);
  await file.sync();
}

async function syncDirectory(directory: string): Promise<void> {
  await using handle = await open(directory, 'r');
  await handle.sync();
}

/** What says nothing about the record: the process has no descriptor or memory left. */
const exhausted = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);

function recordError(
  path: string,
  cause: NodeJS.ErrnoException,
  what: 'read' | 'written' | 'removed' = 'read',
): IpvsError {
  const { code = '', errno = 0 } = cause;
  if (exhausted.has(code)) {
    return kernelError({ command: 'READ_FILE', file: path }, Status.localFailure + errno);
  }
  const reason = code === 'EROFS' ? 'the file system is read-only' : cause.message;
  const message = `${path}: what is recorded about this network namespace can't be ${what}: ${reason}`;
  return new IpvsError('ERR_IPVS_RECORD', message, { cause });
}
