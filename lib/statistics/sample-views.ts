import { SAMPLE_COUNTERS, SamplePart, SampleWord } from '../addon/layout.ts';
import type { NativeKeys } from '../addon/native.ts';
import { readDestinationIds, readServiceIds } from '../addon/table.ts';
import type { DestinationId, ServiceId } from '../model/identity.ts';
import type { CounterColumns, Sample } from './sample.ts';

const counterNames = ['connections', 'inPackets', 'outPackets', 'inBytes', 'outBytes'] as const;

/** The memory of a sample's rows of one kind: each column has room for `room` of them. */
interface Memory {
  readonly buffer: ArrayBuffer;
  readonly rows: number;
  readonly room: number;
}

/** The wide columns of a block: five counters, five deltas and five rates, as far as they are there. */
function viewColumns({ buffer, rows, room }: Memory, parts: number) {
  let end = 0;
  const group = <A>(
    make: new (buffer: ArrayBuffer, offset: number, length: number) => A,
  ): CounterColumns<A> => {
    const arrays = counterNames.map((name, i) => [name, new make(buffer, end + i * room * 8, rows)] as const);
    end += SAMPLE_COUNTERS * room * 8;
    return Object.fromEntries(arrays) as unknown as CounterColumns<A>;
  };
  const columns = {
    ...((parts & SamplePart.counters) !== 0 && { counters: group(BigUint64Array) }),
    ...((parts & SamplePart.deltas) !== 0 && { deltas: group(Float64Array) }),
    ...((parts & SamplePart.rates) !== 0 && { rates: group(Float64Array) }),
  };
  return { columns, end };
}

/** Views the columns of new memory, or of memory that was written over. */
export function viewSample(
  known: Rows,
  services: Memory,
  destinations: Memory,
  parts: number,
): Pick<Sample, 'services' | 'destinations'> {
  const serviceColumns = viewColumns(services, parts);
  const destinationColumns = viewColumns(destinations, parts);
  const { buffer, rows: count, room } = destinations;
  const word = (column: number) => new Uint32Array(buffer, destinationColumns.end + column * room * 4, count);
  return {
    services: {
      get ids() {
        return known.serviceIds();
      },
      ...serviceColumns.columns,
    },
    destinations: {
      get ids() {
        return known.destinationIds();
      },
      ...destinationColumns.columns,
      service: word(SampleWord.service),
      activeConnections: word(SampleWord.activeConnections),
      inactiveConnections: word(SampleWord.inactiveConnections),
      persistentConnections: word(SampleWord.persistentConnections),
      weight: word(SampleWord.weight),
    },
  };
}

/** Whose rows a sample has. */
export interface Rows {
  serviceIds(): readonly ServiceId[];
  destinationIds(): readonly DestinationId[];
}

/**
 * Identities are made into objects when somebody asks for them, once: that takes longer than to read them.
 */
export function rowsOf(keys: NativeKeys): Rows {
  return {
    serviceIds: once(() => readServiceIds(keys)),
    destinationIds: once(() => readDestinationIds(keys)),
  };
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
