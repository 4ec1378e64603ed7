import { join } from 'node:path';
import { MAX_WEIGHT } from '../model/constants.ts';
import type { DestinationId, ServiceId } from '../model/identity.ts';
import { readRecordFile, removeRecordFile, writeRecordFile } from './file.ts';
import { isPlace } from './place.ts';

/** What an operator has said about a destination, which holds until it is taken back. */
export interface OperatorRecord {
  readonly service: ServiceId;
  readonly destination: DestinationId;
  readonly admin?: 'ready' | 'drain' | 'maintenance';
  readonly weight?: number;
}

interface DirectorRecord {
  readonly operators: readonly OperatorRecord[];
}

function directorsDirectory(directory: string): string {
  return join(directory, 'directors');
}

/** Reads what operators have said to the director of an owner's services. */
export async function readOperators(directory: string, owner: string): Promise<readonly OperatorRecord[]> {
  const record = await readRecordFile(directorsDirectory(directory), owner, isDirectorRecord);
  return record?.operators ?? [];
}

function isDirectorRecord(data: unknown): data is DirectorRecord {
  const { operators } = data as Partial<DirectorRecord>;
  return Array.isArray(operators) && operators.every(isOperatorRecord);
}

const admins: ReadonlySet<unknown> = new Set(['ready', 'drain', 'maintenance', undefined]);

function isOperatorRecord(data: unknown): data is OperatorRecord {
  const { service, destination, admin, weight } = (data ?? {}) as Partial<OperatorRecord>;
  return isPlace(service, destination) && admins.has(admin) && (weight === undefined || isWeight(weight));
}

function isWeight(weight: unknown): boolean {
  return Number.isInteger(weight) && (weight as number) >= 0 && (weight as number) <= MAX_WEIGHT;
}

/** Writes what operators have said. Where that is nothing there is no record. */
export async function writeOperators(
  directory: string,
  owner: string,
  operators: readonly OperatorRecord[],
): Promise<void> {
  if (operators.length === 0) await removeRecordFile(directorsDirectory(directory), owner);
  else await writeRecordFile(directorsDirectory(directory), owner, { operators });
}
