import { destinationKey, serviceKey } from '../model/identity.ts';
import type { OperatorRecord } from '../records/directors.ts';
import type { AdminState } from './policy/decide.ts';
import type { Place } from './types.ts';
import { placeKey } from './watcher.ts';

/** What operators have said about a destination. */
export interface Said {
  readonly admin?: AdminState;
  readonly weight?: number;
}

/** What operators have said about destinations, whether those are desired now or not. */
export interface Operators {
  of(place: string): Said;
  /** Notes what somebody says. undefined in a field takes back what was said there. */
  say(
    place: Place,
    said: { readonly admin?: AdminState | undefined; readonly weight?: number | undefined },
  ): Said;
  load(records: readonly OperatorRecord[]): void;
  records(): readonly OperatorRecord[];
}

const nothing: Said = {};

export function createOperators(): Operators {
  const known = new Map<string, OperatorRecord>();
  const keyOf = ({ service, destination }: Place) =>
    placeKey(serviceKey(service), destinationKey(destination));
  return {
    of: place => known.get(place) ?? nothing,
    say(place, said) {
      const key = keyOf(place);
      const { admin, weight } = { ...known.get(key), ...said };
      const record: OperatorRecord = {
        service: place.service,
        destination: place.destination,
        ...(admin !== undefined && { admin }),
        ...(weight !== undefined && { weight }),
      };
      if (admin === undefined && weight === undefined) known.delete(key);
      else known.set(key, record);
      return record;
    },
    load(records) {
      for (const record of records) known.set(keyOf(record), record);
    },
    records: () => [...known.values()],
  };
}
