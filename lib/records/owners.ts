import { validateString, wrongValue } from '../model/arguments.ts';
import { readRecordFiles, removeRecordFile, writeRecordFile } from './file.ts';

/** The services that an owner has applied, by its name. */
export type OwnerRecords = ReadonlyMap<string, ReadonlySet<string>>;

interface OwnerRecord {
  readonly owner: string;
  /** Their keys, as `serviceKey` gives them. */
  readonly services: readonly string[];
}

/** Returns an owner's name, which becomes the name of a file; throws at anything else. */
export function validateOwner(field: string, owner: unknown): string {
  const name = validateString(field, owner);
  if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/.test(name)) {
    const rule = 'be 1 to 64 letters, digits, dots, dashes and underscores, not a dot first';
    throw wrongValue(field, rule, owner);
  }
  return name;
}

/** Reads the records of all owners of a network namespace. */
export async function readOwners(directory: string): Promise<OwnerRecords> {
  const records = await readRecordFiles(directory, isOwnerRecord, ({ owner }) => owner);
  return new Map(records.map(({ owner, services }) => [owner, new Set(services)]));
}

function isOwnerRecord(data: unknown): data is OwnerRecord {
  const { owner, services } = data as Partial<OwnerRecord>;
  return (
    typeof owner === 'string' && Array.isArray(services) && services.every(key => typeof key === 'string')
  );
}

/** Writes what an owner has. One that has nothing has no record. */
export async function writeOwner(
  directory: string,
  owner: string,
  services: Iterable<string>,
): Promise<void> {
  const record: OwnerRecord = { owner, services: [...services].toSorted() };
  if (record.services.length === 0) await removeRecordFile(directory, owner);
  else await writeRecordFile(directory, owner, record);
}
