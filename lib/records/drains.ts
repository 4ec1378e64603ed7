import { join } from 'node:path';
import { type DestinationId, destinationKey, type ServiceId, serviceKey } from '../model/identity.ts';
import { readRecordFile, readRecordFiles, removeRecordFile, writeRecordFile } from './file.ts';
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

/** The name of a drain: that of its record, too. */
export function drainKey(service: ServiceId, destination: DestinationId): string {
  return `${serviceKey(service)} -> ${destinationKey(destination)}`;
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
