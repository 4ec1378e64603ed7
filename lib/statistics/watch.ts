import { setTimeout as sleep } from 'node:timers/promises';
import type { CallOptions } from '../calls/options.ts';
import { validateInteger } from '../model/arguments.ts';
import type { DestinationId, ServiceId } from '../model/identity.ts';
import { destinationKey, serviceKey } from '../model/identity.ts';
import type { Sample, SampleColumn } from './sample.ts';
import type { Sampler } from './sampler.ts';
import type { SamplerOptions } from './sampler-options.ts';

/** What `watch()` takes. `timeout` is for each read; one that misses it ends the watch with ERR_IPVS_TIMEOUT. */
export interface WatchOptions<C extends readonly SampleColumn[] = readonly SampleColumn[]>
  extends Omit<SamplerOptions<C>, 'reuse'>,
    CallOptions {
  /**
   * Milliseconds from one read to the next, 10 to 86400000. Default 1000. Statistics move every 2 seconds,
   * connection counts at once.
   */
  readonly interval?: number | undefined;
}

/** A destination together with its service. */
export interface DestinationOfService {
  readonly service: ServiceId;
  readonly destination: DestinationId;
}

/** What came or went. */
export interface TopologyChange {
  /** In the order of the sample that has them. */
  readonly services: readonly ServiceId[];
  /** Those of a service that came or went too. */
  readonly destinations: readonly DestinationOfService[];
}

/** One step of a watch. */
export interface WatchEvent<C extends SampleColumn = never> {
  /** What is there that was not at the step before; at the first step, everything. */
  readonly added: TopologyChange;
  /** What was there at the step before and is not any more. */
  readonly removed: TopologyChange;
  /** The statistics of this step. */
  readonly sample: Sample<C>;
}

const none: TopologyChange = { services: [], destinations: [] };

/**
 * Reads at a steady pace until the signal or the consumer ends it. Steps that a slow consumer missed are left
 * out, not made up for. The sampler is made with the first step, and closed with the last.
 */
export async function* watchSampler<C extends SampleColumn>(
  makeSampler: () => Sampler<C>,
  { interval, signal, timeout }: WatchOptions & { readonly interval: number },
): AsyncGenerator<WatchEvent<C>, void, undefined> {
  using sampler = makeSampler();
  const start = performance.now();
  let step = 0;
  let generation = 0;
  let known = new Map<string, ServiceId | DestinationOfService>();
  while (signal?.aborted !== true) {
    const sample = await sampler.read({ signal, timeout }).catch(unlessAborted(signal));
    if (sample === undefined) return;
    let [added, removed] = [none, none];
    if (sample.generation !== generation) {
      generation = sample.generation;
      const now = keysOf(sample);
      added = difference(now, known);
      removed = difference(known, now);
      known = now;
    }
    yield { added, removed, sample };
    const elapsed = performance.now() - start;
    // Timers may fire a little early: then the next step is not the one that was just made.
    step = Math.max(step + 1, Math.ceil(elapsed / interval));
    await sleep(step * interval - elapsed, undefined, { signal }).catch(unlessAborted(signal));
  }
}

/** Checks the interval, in milliseconds. */
export function checkInterval(interval: unknown): number {
  return validateInteger('options.interval', interval, 10, 86_400_000);
}

/** The end of a watch by its signal is no error. */
function unlessAborted(signal: AbortSignal | undefined): (error: unknown) => undefined {
  return error => {
    if (signal?.aborted !== true) throw error;
  };
}

function keysOf({ services, destinations }: Sample): Map<string, ServiceId | DestinationOfService> {
  const keys = new Map<string, ServiceId | DestinationOfService>();
  const serviceKeys = services.ids.map(serviceKey);
  for (const [i, key] of serviceKeys.entries()) keys.set(key, services.ids[i]!);
  for (const [i, destination] of destinations.ids.entries()) {
    const row = destinations.service[i]!;
    keys.set(`${serviceKeys[row]} ${destinationKey(destination)}`, {
      service: services.ids[row]!,
      destination,
    });
  }
  return keys;
}

function difference(
  these: ReadonlyMap<string, ServiceId | DestinationOfService>,
  those: ReadonlyMap<string, ServiceId | DestinationOfService>,
): TopologyChange {
  const services: ServiceId[] = [];
  const destinations: DestinationOfService[] = [];
  for (const [key, entry] of these) {
    if (those.has(key)) continue;
    if ('destination' in entry) destinations.push(entry);
    else services.push(entry);
  }
  return { services, destinations };
}
