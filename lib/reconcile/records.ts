import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { validateString, wrongValue } from '../model/arguments.ts';
import { IpvsError } from '../model/errors.ts';

/** Where records are kept: a file system that lives as long as the kernel's tables do. */
export const RECORDS_DIRECTORY = '/run/ipvs';

const RECORD_FORMAT = 1;
const SUFFIX = '.json';

/** The services that an owner has applied, by its name. */
export type OwnerRecords = ReadonlyMap<string, ReadonlySet<string>>;

interface OwnerRecord {
  readonly formatVersion: typeof RECORD_FORMAT;
  readonly owner: string;
  /** Their keys, as `serviceKey` gives them. */
  readonly services: readonly string[];
}

/** Returns an owner's name, which becomes the name of a file; throws at anything else. */
export function validateOwner(owner: unknown): string {
  const name = validateString('options.owner', owner);
  if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/.test(name)) {
    const rule = 'be 1 to 64 letters, digits, dots, dashes and underscores, not a dot first';
    throw wrongValue('options.owner', rule, owner);
  }
  return name;
}

/** Reads the records of all owners of a network namespace. */
export async function readRecords(directory: string): Promise<OwnerRecords> {
  const records = new Map<string, ReadonlySet<string>>();
  const names = await readdir(directory).catch(error => orNone(error, directory));
  // A file that begins with a dot is one whose writer was killed before it was whole.
  for (const name of names.filter(file => file.endsWith(SUFFIX) && !file.startsWith('.'))) {
    const record = await readRecord(join(directory, name));
    if (record !== undefined) records.set(record.owner, new Set(record.services));
  }
  return records;
}

/** No directory: nobody has applied anything as an owner. */
function orNone(error: NodeJS.ErrnoException, directory: string): readonly string[] {
  if (error.code === 'ENOENT') return [];
  throw recordError(directory, error);
}

/** Undefined: its owner has given up everything since the directory was read. */
async function readRecord(path: string): Promise<OwnerRecord | undefined> {
  let record: OwnerRecord;
  try {
    record = JSON.parse(await readFile(path, 'utf8')) as OwnerRecord;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw recordError(path, error as Error);
  }
  if (record?.formatVersion !== RECORD_FORMAT || !Array.isArray(record.services)) {
    throw recordError(path, new Error(`it is not a record of format ${RECORD_FORMAT}`));
  }
  return record;
}

function recordError(path: string, cause: Error): IpvsError {
  const message = `${path}: what owners have applied is recorded there, and can't be used: ${cause.message}`;
  return new IpvsError('ERR_IPVS_RECORD', message, { command: 'APPLY', cause });
}

/**
 * Writes an owner's record: whole or not at all, whenever the process is killed. An owner without services
 * has no record.
 */
export async function writeRecord(
  directory: string,
  owner: string,
  services: Iterable<string>,
): Promise<void> {
  const record: OwnerRecord = { formatVersion: RECORD_FORMAT, owner, services: [...services].toSorted() };
  const path = join(directory, `${owner}${SUFFIX}`);
  try {
    if (record.services.length === 0) {
      await rm(path, { force: true });
      return;
    }
    await mkdir(directory, { recursive: true });
    const draft = join(directory, `.${owner}.${process.pid}${SUFFIX}`);
    await writeDurably(draft, `${JSON.stringify(record)}\n`);
    await rename(draft, path);
    await syncDirectory(directory);
  } catch (error) {
    throw recordError(path, error as Error);
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  await using file = await open(path, 'w', 0o644);
  await file.writeFile(text);
  await file.sync();
}

async function syncDirectory(directory: string): Promise<void> {
  await using handle = await open(directory, 'r');
  await handle.sync();
}
