import type { Calls } from '../calls/calls.ts';
import { type CallOptions, validateOptions } from '../calls/options.ts';
import * as reads from '../calls/reads.ts';
import * as writes from '../calls/writes.ts';
import { validateAddress } from '../model/address.ts';
import { validateInteger } from '../model/arguments.ts';
import { MAX_WEIGHT } from '../model/constants.ts';
import type { Destination } from '../model/destination.ts';
import { IpvsError } from '../model/errors.ts';
import {
  copyDestinationId,
  copyServiceId,
  type DestinationId,
  destinationKey,
  type ServiceId,
} from '../model/identity.ts';
import { recordsDirectory } from '../records/directory.ts';
import { type DrainRecord, drainKey, readDrain, readDrains, removeDrain } from '../records/drains.ts';
import { beginDrains, refuseDrains, surveyDrains } from './begin.ts';
import { takeFallbackBack } from './fallback.ts';
import { type DrainSettings, readDrainOptions } from './options.ts';
import { removeDrained } from './remove.ts';
import { giveBack } from './running.ts';
import { type DrainTarget, readNow } from './sites.ts';
import type { Drained, DrainOptions } from './types.ts';
import { awaitDrains, type FinishDrain } from './wait.ts';

/** Drains one destination. */
export async function drain(
  calls: Calls,
  service: ServiceId,
  destination: DestinationId,
  given?: DrainOptions,
): Promise<Drained> {
  const options = readDrainOptions(given);
  const target = { service: copyServiceId(service), destination: copyDestinationId(destination) };
  const [drained] = await drainTargets(calls, [target], options);
  return drained!;
}

/** Drains all destinations with an address, over all services. */
export async function drainAddress(
  calls: Calls,
  address: string,
  given?: DrainOptions,
): Promise<readonly Drained[]> {
  const options = readDrainOptions(given);
  const { signal, timeout } = options;
  return drainTargets(calls, await targetsAt(calls, address, { signal, timeout }), options);
}

async function drainTargets(
  calls: Calls,
  targets: readonly DrainTarget[],
  options: DrainSettings,
): Promise<readonly Drained[]> {
  const survey = await surveyDrains(calls, targets, options);
  refuseDrains(survey);
  const begun = await beginDrains(calls, survey, options);
  return awaitDrains(calls, begun, options, finisher(calls, options));
}

/** Every destination with an address, or those of them that `which` tells. */
async function targetsAt(
  calls: Calls,
  address: string,
  options: CallOptions,
  which: (row: Destination) => boolean = () => true,
): Promise<readonly DrainTarget[]> {
  const wanted = validateAddress('address', address);
  const table = await calls.run(reads.snapshot<number>(undefined), options);
  return table.flatMap(entry =>
    entry.destinations
      .filter(row => row.address === wanted && which(row))
      .map(row => ({ service: copyServiceId(entry), destination: copyDestinationId(row) })),
  );
}

/** Ends drains as options say. */
function finisher(calls: Calls, options: DrainSettings): FinishDrain {
  const { signal, timeout } = options;
  return async ({ target }, end) => {
    if (end === 'idle' && options.then === 'keep') return 'kept';
    if (end === 'deadline' && options.atDeadline === 'give-up') return 'gave-up';
    return removeDrained(calls, target, { signal, timeout });
  };
}

/** What `undrain()` takes besides. */
export interface UndrainOptions extends CallOptions {
  /** The weight to give, 1 to 2147483647, where none is remembered, or another one is wanted. */
  readonly weight?: number | undefined;
}

/** A destination that takes connections again. */
export interface Undrained {
  readonly service: ServiceId;
  readonly destination: DestinationId;
  /** What it has again. */
  readonly weight: number;
}

const undrainOptions = { keys: new Set(['signal', 'timeout', 'weight']), flags: [] };

/** Gives one drained destination its weight again. */
export async function undrain(
  calls: Calls,
  service: ServiceId,
  destination: DestinationId,
  given: UndrainOptions = {},
): Promise<Undrained> {
  const options = readUndrainOptions(given);
  const target = { service: copyServiceId(service), destination: copyDestinationId(destination) };
  const directory = await recordsDirectory(calls, options);
  const record = await readDrain(directory, target.service, target.destination);
  const weight = given.weight ?? record?.weight ?? 0;
  const key = drainKey(target.service, target.destination);
  if (weight === 0)
    throw unknownWeight(`${key}: no drain of it is recorded, so that its weight before is not known`);
  if (given.weight === undefined) await expectSilence(calls, target, key, options);
  return restore(calls, directory, { ...target, weight }, record, options);
}

/** Throws where a destination takes connections: whoever gave it a weight since its drain did not ask here. */
async function expectSilence(
  calls: Calls,
  { service, destination }: DrainTarget,
  key: string,
  options: CallOptions,
): Promise<void> {
  const rows = await readNow(calls.run, service, options);
  const row = rows.find(one => destinationKey(one) === destinationKey(destination));
  if (row === undefined || row.weight === 0) return;
  throw unknownWeight(`${key}: it takes connections, at weight ${row.weight}`);
}

/** Gives all drained destinations with an address their weights again, over all services. */
export async function undrainAddress(
  calls: Calls,
  address: string,
  given: UndrainOptions = {},
): Promise<readonly Undrained[]> {
  const options = readUndrainOptions(given);
  const directory = await recordsDirectory(calls, options);
  const known = await readDrains(directory);
  // One that has a weight was brought back since, by an apply or another program, which did not ask here.
  const targets = await targetsAt(calls, address, options, row => row.weight === 0);
  const drained = targets.flatMap(target => {
    const record = known.get(drainKey(target.service, target.destination));
    return record !== undefined && record.weight > 0 ? [record] : [];
  });
  return Promise.all(
    drained.map(record => {
      const { service, destination, weight } = record;
      return restore(
        calls,
        directory,
        { service, destination, weight: given.weight ?? weight },
        record,
        options,
      );
    }),
  );
}

function readUndrainOptions(given: UndrainOptions): CallOptions {
  const { signal, timeout } = validateOptions(given, undrainOptions);
  if (given.weight !== undefined) validateInteger('options.weight', given.weight, 1, MAX_WEIGHT);
  return { signal, timeout };
}

/** Gives a destination a weight, tells drains of it, and removes the record with what it says is on loan. */
async function restore(
  calls: Calls,
  directory: string,
  { service, destination, weight }: Undrained,
  record: DrainRecord | undefined,
  options: CallOptions,
): Promise<Undrained> {
  const takeBack = giveBack(calls, drainKey(service, destination));
  try {
    await calls.run(writes.updateDestination(service, destination, { weight }), options);
  } catch (error) {
    takeBack();
    throw error;
  }
  await removeDrain(directory, service, destination);
  if (record?.fallback === true) await takeFallbackBack(calls, service, options);
  return { service, destination, weight };
}

function unknownWeight(reason: string): IpvsError {
  const message = `${reason}: nothing was done; give the weight that it is to have`;
  return new IpvsError('ERR_IPVS_DRAIN_UNKNOWN', message, { command: 'DRAIN' });
}
