import type { Ipvs } from '../client.ts';
import { isGone } from '../drain/remove.ts';
import type { Drained, DrainOptions } from '../drain/types.ts';
import type { Clock } from '../health/clock.ts';
import type { DestinationSpec } from '../model/destination.ts';
import { refusesClients } from '../model/hashing.ts';
import { copyDestinationId, copyServiceId, destinationKey, serviceKey } from '../model/identity.ts';
import { DEFAULT_SCHEDULER, type ServiceSpec } from '../model/service.ts';
import type { TableEntry } from '../model/table.ts';
import { placeKey } from './watcher.ts';

/** A destination that is not desired any more. */
interface Departure {
  readonly key: string;
  /** The key of its service. */
  readonly of: string;
  readonly service: ServiceSpec;
  readonly spec: DestinationSpec;
  isDraining: boolean;
}

/** What is not desired any more, and stays at weight 0 until its connections are gone. */
export interface Leaving {
  /** Notes what a desired state leaves out of what there was. What it has again comes back. */
  update(before: readonly TableEntry[], desired: ReadonlyMap<string, ReadonlySet<string>>): void;
  /** Destinations of a service that is still desired. */
  of(service: string): readonly DestinationSpec[];
  /** Services that are not desired any more, with what is left of them. */
  services(): readonly TableEntry[];
  /** Begins the drains of what is at weight 0 in the table by now. */
  begin(): void;
  readonly size: () => number;
  /** Ends all drains. What was drained stays at weight 0. */
  stop(): Promise<void>;
}

/** Hears what a drain of a destination came to. */
export type OnDrained = (drained: Drained) => void;

/** Milliseconds after which a drain that failed is begun again. */
const AGAIN = 5000;

/** `options` undefined: nothing is drained, and what is not desired goes at once. */
export function createLeaving(
  ipvs: Ipvs,
  options: DrainOptions | undefined,
  clock: Clock,
  onDrained: OnDrained,
  onLeft: (service: string) => void,
  onFailure: (error: Error | undefined) => void,
): Leaving {
  const departures = new Map<string, Departure>();
  /** The same, by the keys of their services. */
  const ofServices = new Map<string, Set<Departure>>();
  const ending = new AbortController();
  let services: ReadonlyMap<string, ReadonlySet<string>> = new Map();
  const running = new Set<Promise<void>>();
  /** Of drains that failed, and are begun again. */
  const timers = new Set<unknown>();

  async function drain(departure: Departure): Promise<void> {
    const { service, spec } = departure;
    try {
      const drained = await ipvs.drain(copyServiceId(service), copyDestinationId(spec), {
        ...options,
        // biome-ignore lint/suspicious/noThenProperty: the option's name; its value is a text, which nothing awaits
        then: 'keep',
        atDeadline: 'give-up',
        force: true,
        signal: ending.signal,
      });
      onFailure(undefined);
      leave(departure, () => onDrained(drained));
    } catch (error) {
      if (ending.signal.aborted) return;
      if (isGone(error)) return leave(departure, () => {});
      onFailure(error as Error);
      const timer = clock.setTimeout(() => {
        timers.delete(timer);
        departure.isDraining = false;
        begin();
      }, AGAIN);
      timers.add(timer);
    }
  }

  function add(departure: Departure): void {
    departures.set(departure.key, departure);
    const those = ofServices.get(departure.of) ?? new Set();
    ofServices.set(departure.of, those.add(departure));
  }

  function remove(departure: Departure): void {
    departures.delete(departure.key);
    const those = ofServices.get(departure.of)!;
    those.delete(departure);
    if (those.size === 0) ofServices.delete(departure.of);
  }

  /** Lets a destination go, unless it came back meanwhile. */
  function leave(departure: Departure, tell: () => void): void {
    if (departures.get(departure.key) !== departure) return;
    remove(departure);
    tell();
    onLeft(departure.of);
  }

  function begin(): void {
    if (ending.signal.aborted) return;
    for (const departure of departures.values()) {
      if (departure.isDraining) continue;
      departure.isDraining = true;
      const drained: Promise<void> = drain(departure).finally(() => running.delete(drained));
      running.add(drained);
    }
  }

  return {
    update(before, desired) {
      services = desired;
      for (const departure of departures.values()) {
        if (desired.get(departure.of)?.has(destinationKey(departure.spec))) remove(departure);
      }
      if (options === undefined) return;
      for (const { destinations, ...service } of before) {
        const of = serviceKey(service);
        const rows = desired.get(of);
        const { scheduler = DEFAULT_SCHEDULER, schedulerFlags = [] } = service;
        // Weight 0 would refuse clients there: it goes at once. Where the service goes, they are refused anyway.
        if (rows !== undefined && refusesClients(scheduler, schedulerFlags)) continue;
        for (const spec of destinations) {
          const key = placeKey(of, destinationKey(spec));
          if (rows?.has(destinationKey(spec)) || departures.has(key)) continue;
          add({ key, of, service, spec: quiet(spec), isDraining: false });
        }
      }
    },
    of: service => Array.from(ofServices.get(service) ?? [], ({ spec }) => spec),
    services: () =>
      Array.from(ofServices)
        .filter(([key]) => !services.has(key))
        .map(([, those]) => {
          const [first] = those;
          return { ...first!.service, destinations: Array.from(those, ({ spec }) => spec) } as TableEntry;
        }),
    begin,
    size: () => departures.size,
    async stop() {
      ending.abort();
      await Promise.all(running);
      for (const timer of timers) clock.clearTimeout(timer);
    },
  };
}

/** A destination at weight 0, without what was only counted of it. */
function quiet({
  address,
  port,
  forwarding,
  tunnel,
  upperThreshold,
  lowerThreshold,
}: DestinationSpec): DestinationSpec {
  return { address, port, forwarding, tunnel, weight: 0, upperThreshold, lowerThreshold };
}
