import { setImmediate as nextTurn } from 'node:timers/promises';
import { getDestinationSpec, putDestinationSpec } from '../addon/destination.ts';
import { getDestinationId, getServiceId, putServiceId } from '../addon/identity.ts';
import { Layout, Operation } from '../addon/layout.ts';
import { createBatch, createRecordReader, getWord, RECORD_WORDS, type Slot } from '../addon/record.ts';
import { getServiceSpec, putServiceSpec } from '../addon/service.ts';
import { wrongType } from '../model/arguments.ts';
import { Family } from '../model/constants.ts';
import type { DestinationSpec } from '../model/destination.ts';
import { isObject } from '../model/fields.ts';
import type { ServiceId } from '../model/identity.ts';
import type { TableEntry } from '../model/table.ts';
import {
  accepts,
  destinationParts,
  type Put,
  problemsOf,
  putStandIn,
  putterOfId,
  serviceParts,
} from './parts.ts';
import { type DesiredProblem, desiredError, duplicate, outOfScope } from './problems.ts';
import { keyOfDestination, keyOfService, type ServiceRow, serviceRow } from './rows.ts';
import type { Scope } from './scope.ts';

/**
 * A desired service that has been validated. Nothing of it is the caller's: an object of theirs may say something
 * else the next time it is looked at, when part of an apply is done.
 */
export interface DesiredEntry {
  readonly key: string;
  /** Where it stands: `desired[2]`. */
  readonly place: string;
  readonly service: ServiceId;
  /** Whether it says what a persistence is to be that is none, which may be nothing. */
  readonly isDormant: boolean;
  /**
   * Its record among `DesiredTable.records`; those of its destinations follow. All of them are to go to the
   * kernel in one send.
   */
  readonly record: number;
  /** How many destinations it has. */
  readonly count: number;
}

/** A desired state that has been validated. */
export interface DesiredTable {
  readonly entries: ReadonlyMap<string, DesiredEntry>;
  /**
   * The words of records as calls have them (lib/addon/layout.ts), each service's followed by its
   * destinations'.
   */
  readonly records: Uint32Array;
}

/** Rows validated before the event loop has a turn: well under a millisecond's work. */
const SLICE = 250;

/** Makes the rows that entries are compared by, of `DesiredTable.records`. */
export function createRowReader(records: Uint32Array): (entry: DesiredEntry) => ServiceRow {
  const slotOf = createRecordReader(records);
  return ({ record, count, isDormant }) => {
    const spec = getServiceSpec(slotOf(record));
    const destinations = Array.from({ length: count }, (_, i) => getDestinationSpec(slotOf(record + 1 + i)));
    return serviceRow(isDormant ? { dormantPersistence: {}, ...spec } : spec, destinations);
  };
}

/**
 * Validates a desired state, in several turns of the event loop, and encodes it on the way: what has a record
 * is what `addService` and `addDestination` take. Throws a `DesiredError` with every problem.
 */
export async function readDesired(desired: unknown, scope: Scope | undefined): Promise<DesiredTable> {
  if (!Array.isArray(desired)) {
    throw wrongType('desired', 'an array of services, each with its destinations', desired);
  }
  const reader = createReader(scope, rowsOf(desired));
  for (const [i, service] of (desired as readonly unknown[]).entries()) {
    reader.read(service, `desired[${i}]`);
    if (reader.due()) await nextTurn();
  }
  return reader.finish();
}

/** How many records a desired state takes at most. */
function rowsOf(desired: readonly unknown[]): number {
  return desired.reduce<number>((sum, service) => {
    const { destinations } = (service ?? {}) as { readonly destinations?: unknown };
    return sum + 1 + (Array.isArray(destinations) ? destinations.length : 0);
  }, 0);
}

interface Reader {
  read(service: unknown, place: string): void;
  /** Whether a slice's work has been done since this was last true. */
  due(): boolean;
  finish(): DesiredTable;
}

function createReader(scope: Scope | undefined, rows: number): Reader {
  const batch = createBatch(rows);
  const entries = new Map<string, DesiredEntry>();
  const problems: DesiredProblem[] = [];
  let slice = 0;

  /**
   * Encodes a service into a record of its own, and returns it, to be read before the next. Undefined: the
   * service is refused, and its problems are told.
   */
  function encodeService(place: string, spec: TableEntry): Slot | undefined {
    slice++;
    const slot = batch.open(Operation.newService);
    try {
      putServiceSpec(slot, spec);
    } catch (error) {
      problems.push(...problemsOf(place, error as Error, serviceParts(spec)));
      return undefined;
    }
    batch.commit(slot);
    return slot;
  }

  /** Encodes a destination, likewise. */
  function encodeDestination(
    list: string,
    i: number,
    putService: Put,
    spec: DestinationSpec,
  ): Slot | undefined {
    slice++;
    const slot = batch.open(Operation.newDest);
    try {
      putService(slot);
      putDestinationSpec(slot, spec);
    } catch (error) {
      problems.push(...problemsOf(`${list}[${i}]`, error as Error, destinationParts(spec)));
      return undefined;
    }
    batch.commit(slot);
    return slot;
  }

  function readDestinations(given: unknown, place: string, putService: Put): void {
    const path = `${place}.destinations`;
    if (!Array.isArray(given)) {
      const error = wrongType(path, 'an array; [] where there are none', given);
      problems.push({ path, message: error.message });
      return;
    }
    const seen = new Map<string | number, number>();
    const specs = given as readonly DestinationSpec[];
    for (let i = 0; i < specs.length; i++) {
      const encoded = encodeDestination(path, i, putService, specs[i]!);
      if (encoded === undefined) continue;
      const key = identityIn(encoded);
      const first = seen.get(key);
      if (first === undefined) {
        seen.set(key, i);
      } else {
        const what = `destination ${keyOfDestination(getDestinationId(encoded))}`;
        problems.push(duplicate(`${path}[${i}]`, what, `${path}[${first}]`));
      }
    }
  }

  return {
    read(given, place) {
      const spec = given as TableEntry;
      const record = batch.count;
      const encoded = encodeService(place, spec);
      if (encoded === undefined) {
        // Its destinations are looked at all the same: every problem is told at once.
        const putService = accepts(slot => putServiceId(slot, spec)) ? putterOfId(spec) : putStandIn;
        if (isObject(given)) readDestinations(spec.destinations, place, putService);
        return;
      }
      const service = getServiceId(encoded);
      const isDormant = spec.dormantPersistence !== undefined;
      const key = keyOfService(service);
      const first = entries.get(key);
      if (first !== undefined) problems.push(duplicate(place, `service ${key}`, first.place));
      if (scope !== undefined && !scope({ ...service })) problems.push(outOfScope(place, service));
      readDestinations(spec.destinations, place, slot => copyService(slot, batch.words, record));
      const count = batch.count - record - 1;
      batch.words[record * RECORD_WORDS + Layout.run / Uint32Array.BYTES_PER_ELEMENT] = count + 1;
      if (first === undefined) {
        entries.set(key, { key, place, service, isDormant, record, count });
      }
    },
    due() {
      if (slice < SLICE) return false;
      slice = 0;
      return true;
    },
    finish() {
      if (problems.length > 0) throw desiredError(problems);
      const bytes = batch.take();
      return { entries, records: new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4) };
    },
  };
}

/** The words of a record that its service takes. */
const SERVICE_WORDS = {
  first: Layout.service.family / Uint32Array.BYTES_PER_ELEMENT,
  end: (Layout.service.family + Layout.service.bytes) / Uint32Array.BYTES_PER_ELEMENT,
};

/** Copies the service of a record: to encode it again for each destination would take most of the time. */
function copyService({ words }: Slot, from: Uint32Array, record: number): void {
  const start = record * RECORD_WORDS;
  for (let i = SERVICE_WORDS.first; i < SERVICE_WORDS.end; i++) words[i] = from[start + i]!;
}

/**
 * What tells a record's destination from others of its service: a number where one can hold it, which takes
 * less time.
 */
function identityIn(slot: Slot): string | number {
  const { family, port, address } = Layout.destination;
  const number = getWord(slot, address) * 65_536 + getWord(slot, port);
  if (getWord(slot, family) === Family.ipv4) return number;
  const rest = [4, 8, 12].map(offset => getWord(slot, address + offset));
  return `${number} ${rest.join(' ')}`;
}
