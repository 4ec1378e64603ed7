import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Status } from '../addon/layout.ts';
import { kernelError } from '../calls/kernel-error.ts';
import { IpvsError } from '../model/errors.ts';

const SUFFIX = '.json';

/** The version of all records. */
const RECORD_FORMAT = 1;

/**
 * Reads all records of a directory. `isRecord` tells whether what a file holds is one, `nameOf` what its file is
 * called: one under another's name would be written beside it.
 */
export async function readRecordFiles<T>(
  directory: string,
  isRecord: (data: unknown) => data is T,
  nameOf: (record: T) => string,
): Promise<readonly T[]> {
  const names = await readdir(directory).catch(error => orNone(error, directory));
  // A file that begins with a dot is one whose writer was killed before it was whole.
  const files = names.filter(file => file.endsWith(SUFFIX) && !file.startsWith('.'));
  const read = async (file: string) => {
    const path = join(directory, file);
    const record = await readRecord(path, isRecord);
    if (record === undefined || file === `${nameOf(record)}${SUFFIX}`) return record;
    throw recordError(path, new Error(`it is the record of '${nameOf(record)}'`));
  };
  const records = await Promise.all(files.map(read));
  return records.filter(record => record !== undefined);
}

/** No directory: nobody has recorded anything. */
function orNone(error: NodeJS.ErrnoException, directory: string): readonly string[] {
  if (error.code === 'ENOENT') return [];
  throw recordError(directory, error);
}

/** Reads one record; undefined where there is none. */
export function readRecordFile<T>(
  directory: string,
  name: string,
  isRecord: (data: unknown) => data is T,
): Promise<T | undefined> {
  return readRecord(join(directory, `${name}${SUFFIX}`), isRecord);
}

async function readRecord<T>(path: string, isRecord: (data: unknown) => data is T): Promise<T | undefined> {
  let data: unknown;
  try {
    data = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw recordError(path, error as Error);
  }
  const { formatVersion } = (data ?? {}) as { readonly formatVersion?: unknown };
  if (formatVersion !== RECORD_FORMAT || !isRecord(data)) {
    throw recordError(path, new Error(`it is not a record of format ${RECORD_FORMAT}`));
  }
  return data;
}

/** Writes a record: whole or not at all, whenever the process is killed. */
export async function writeRecordFile(directory: string, name: string, data: object): Promise<void> {
  const path = join(directory, `${name}${SUFFIX}`);
  // A name that no other writer has: not one of this process, nor one of a container that shares the directory.
  const draft = join(directory, `.${randomUUID()}${SUFFIX}`);
  try {
    await mkdir(directory, { recursive: true, mode: 0o755 });
    await writeDurably(draft, `${JSON.stringify({ formatVersion: RECORD_FORMAT, ...data })}\n`);
    await rename(draft, path);
    await syncDirectory(directory);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {});
    throw recordError(path, error as Error);
  }
}

/** Removes a record, if it is there. */
export async function removeRecordFile(directory: string, name: string): Promise<void> {
  const path = join(directory, `${name}${SUFFIX}`);
  await rm(path, { force: true }).catch(error => {
    throw recordError(path, error);
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

function recordError(path: string, cause: NodeJS.ErrnoException): IpvsError {
  const { code = '', errno = 0 } = cause;
  if (exhausted.has(code)) {
    return kernelError({ command: 'READ_FILE', file: path }, Status.localFailure + errno);
  }
  const message = `${path}: what is recorded about this network namespace can't be used: ${cause.message}`;
  return new IpvsError('ERR_IPVS_RECORD', message, { cause });
}
