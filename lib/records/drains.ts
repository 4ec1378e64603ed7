import { join } from 'node:path';
import { type DestinationId, destinationKey, type ServiceId, serviceKey } from '../model/identity.ts';
import { readRecordFile, readRecordFiles, recordNames, removeRecordFile, writeRecordFile } from './file.ts';
import { isPlace } from './place.ts';

/** A drain that has begun and may not have ended. */
export interface DrainRecord {
  readonly service: ServiceId;
  readonly destination: DestinationId;
  /** What the destination had before. */
  readonly weight: number;
  /** When it began, as `sinceBoot()` counts: whoever goes on with it does not start the clock anew. */
  readonly started: number;
  /** Its service has the fallback flag of its scheduler on loan, until none of its destinations is drained. */
  readonly fallback?: boolean;
}

function drainsDirectory(directory: string): string {
  return join(directory, 'drains');
}

const ARROW = ' -> ';

/** The name of a drain: that of its record, too. */
export function drainKey(service: ServiceId, destination: DestinationId): string {
  return `${serviceKey(service)}${ARROW}${destinationKey(destination)}`;
}

function fileName(service: ServiceId, destination: DestinationId): string {
  return encodeURIComponent(drainKey(service, destination));
}

/** Reads all drains of a network namespace, by their keys. */
export async function readDrains(directory: string): Promise<ReadonlyMap<string, DrainRecord>> {
  const records = await readRecordFiles(
    drainsDirectory(directory),
    isDrainRecord,
    ({ service, destination }) => fileName(service, destination),
  );
  return new Map(records.map(record => [drainKey(record.service, record.destination), record]));
}

/** Reads the record of one drain; undefined where there is none. */
export function readDrain(
  directory: string,
  service: ServiceId,
  destination: DestinationId,
): Promise<DrainRecord | undefined> {
  return readRecordFile(drainsDirectory(directory), fileName(service, destination), isDrainRecord);
}

function isDrainRecord(data: unknown): data is DrainRecord {
  const { service, destination, weight, started } = data as Partial<DrainRecord>;
  return (
    isPlace(service, destination) && Number.isInteger(weight) && weight! >= 0 && Number.isFinite(started)
  );
}

export async function writeDrain(directory: string, record: DrainRecord): Promise<void> {
  const { service, destination } = record;
  await writeRecordFile(drainsDirectory(directory), fileName(service, destination), record);
}

export async function removeDrain(
  directory: string,
  service: ServiceId,
  destination: DestinationId,
): Promise<void> {
  await removeRecordFile(drainsDirectory(directory), fileName(service, destination));
}

/** Drains by their keys, and all of some services, by the keys of those. */
export interface DrainKeys {
  readonly drains: ReadonlySet<string>;
  readonly services: ReadonlySet<string>;
}

/**
 * Removes the records of drains that began before a moment, as `sinceBoot()` counts. `keysOf` is asked where any are
 * recorded at all.
 */
export async function removeDrains(
  directory: string,
  keysOf: () => DrainKeys,
  before: number,
): Promise<void> {
  const folder = drainsDirectory(directory);
  const names = recordNames(folder);
  if (names.length === 0) return;
  const { drains, services } = keysOf();
  for (const name of names) {
    const key = keyIn(name);
    if (!drains.has(key) && !services.has(key.split(ARROW, 1)[0]!)) continue;
    // A damaged one says nothing that anybody could go on with.
    const record = await readRecordFile(folder, name, isDrainRecord).catch(() => undefined);
    if (record === undefined || record.started < before) await removeRecordFile(folder, name);
  }
}

/** The key that a record's name is; of what is no name of one, nothing. */
function keyIn(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return '';
  }
}
