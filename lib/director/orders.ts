import { readDrainOptions } from '../drain/options.ts';
import type { Drained, DrainOptions } from '../drain/types.ts';
import { validateAddress } from '../model/address.ts';
import { contradiction, validateInteger } from '../model/arguments.ts';
import { MAX_WEIGHT } from '../model/constants.ts';
import { IpvsError } from '../model/errors.ts';
import {
  copyDestinationId,
  copyServiceId,
  type DestinationId,
  destinationKey,
  type ServiceId,
  serviceKey,
} from '../model/identity.ts';
import type { Parts } from './parts.ts';
import type { AdminState } from './policy/decide.ts';
import type { Place } from './types.ts';
import { validateAdmin } from './validation.ts';

/** What operators order: it is told, done, and recorded before they hear that it is. */
export interface Orders {
  admin(service: ServiceId, destination: DestinationId, state: AdminState | undefined): Promise<void>;
  adminAddress(address: string, state: AdminState | undefined): Promise<readonly Place[]>;
  setWeight(service: ServiceId, destination: DestinationId, weight: number | undefined): Promise<void>;
  drain(service: ServiceId, destination: DestinationId, options: DirectorDrainOptions): Promise<Drained>;
  drainAddress(address: string, options: DirectorDrainOptions): Promise<readonly Drained[]>;
}

/** A director keeps what is drained, at weight 0. */
export type DirectorDrainOptions = Omit<DrainOptions, 'then' | 'force' | 'atDeadline'>;

/** What `drain()` of a client takes and that of a director does not. */
const notOfDirector = ['then', 'force', 'atDeadline'] as const;

/** `mustRun` throws while orders can't be taken. */
export function createOrders({ ipvs, engine, operators, record, emit }: Parts, mustRun: () => void): Orders {
  async function say(
    places: readonly Place[],
    said: { readonly admin?: AdminState | undefined; readonly weight?: number | undefined },
  ): Promise<void> {
    mustRun();
    for (const place of places) {
      const { admin = 'ready', weight } = operators.say(place, said);
      emit({ type: 'admin', ...place, admin, weight });
    }
    engine.refollow();
    await record.save();
  }

  /** The destinations of all services that have an address. */
  function placesAt(address: string): readonly Place[] {
    return Array.from(engine.view().directed.values()).flatMap(({ service, rows }) =>
      rows
        .filter(({ key }) => key === destinationKey({ address, port: portOf(key) }))
        .map(({ destination }) => ({ service, destination })),
    );
  }

  /** Where one can't be drained none is. */
  async function drainPlaces(
    places: readonly Place[],
    options: DirectorDrainOptions,
  ): Promise<readonly Drained[]> {
    readDrainOptions(options);
    for (const name of notOfDirector) {
      if (name in options) {
        throw contradiction(`options has no option '${name}': a director keeps what is drained, at weight 0`);
      }
    }
    for (const { service, destination } of places) {
      const entry = engine.view().directed.get(serviceKey(service));
      if (entry?.refusesClients === true) {
        const message = `scheduler '${entry.spec.scheduler}' of service ${entry.key} refuses new clients whose hash finds a destination at weight 0: admin() takes it out at once`;
        throw new IpvsError('ERR_IPVS_DRAIN_REFUSED', message, { command: 'DRAIN', service, destination });
      }
    }
    await say(places, { admin: 'drain' });
    // The kernel's weight is 0 before anything is waited for: `drain()` sets it where the table is behind.
    return Promise.all(
      places.map(({ service, destination }) =>
        ipvs.drain(service, destination, {
          ...options,
          // biome-ignore lint/suspicious/noThenProperty: the option's name; its value is a text, which nothing awaits
          then: 'keep',
          force: true,
        }),
      ),
    );
  }

  return {
    async admin(service, destination, state) {
      if (state !== undefined) validateAdmin('state', state);
      await say([placeOf(service, destination)], { admin: state });
    },
    async adminAddress(address, state) {
      if (state !== undefined) validateAdmin('state', state);
      const places = placesAt(validateAddress('address', address));
      await say(places, { admin: state });
      return places;
    },
    async setWeight(service, destination, weight) {
      if (weight !== undefined) validateInteger('weight', weight, 0, MAX_WEIGHT);
      await say([placeOf(service, destination)], { weight });
    },
    async drain(service, destination, options) {
      const [drained] = await drainPlaces([placeOf(service, destination)], options);
      return drained!;
    },
    async drainAddress(address, options) {
      return drainPlaces(placesAt(validateAddress('address', address)), options);
    },
  };
}

/** A place whose service and destination are what they must be; throws at anything else. */
function placeOf(service: ServiceId, destination: DestinationId): Place {
  const place = { service: copyServiceId(service), destination: copyDestinationId(destination) };
  serviceKey(place.service);
  destinationKey(place.destination);
  return place;
}

function portOf(key: string): number {
  return Number(key.slice(key.lastIndexOf(':') + 1));
}
