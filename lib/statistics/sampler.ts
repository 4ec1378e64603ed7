import { putServiceId } from '../addon/identity.ts';
import {
  Layout,
  Operation,
  SAMPLE_COUNTERS,
  SAMPLER_SHIFT,
  SamplePart,
  SampleWord,
} from '../addon/layout.ts';
import type { NativeKeys, NativeSample } from '../addon/native.ts';
import { putWord } from '../addon/record.ts';
import { readDestinationIds, readServiceIds } from '../addon/table.ts';
import type { Calls } from '../calls/calls.ts';
import type { CallOptions } from '../calls/options.ts';
import { validateBoolean, validateObject, wrongType, wrongValue } from '../model/arguments.ts';
import { IpvsError } from '../model/errors.ts';
import type { DestinationId } from '../model/identity.ts';
import { copyServiceId, type ServiceId } from '../model/identity.ts';
import { keysOf } from '../model/numbers.ts';

/** What a sampler is made with. */
export interface SamplerOptions<C extends readonly SampleColumn[] = readonly SampleColumn[]> {
  /** Only these services; one that does not exist has no row. Default: all. */
  readonly services?: readonly ServiceId[] | undefined;
  /** Whether destinations are read too. Default true. */
  readonly destinations?: boolean | undefined;
  /** Which columns there are. Default: all three. */
  readonly columns?: C | undefined;
  /**
   * Writes each sample over the one before: nothing is allocated for rows, and a sampler needs no more than
   * 1.5 times the memory of its columns; without, there is a copy for each sample. What was read before must be
   * used up by the time of the next read, which writes from its start on (one that fails leaves rows of both),
   * and its arrays are not to be written to. Default false.
   */
  readonly reuse?: boolean | undefined;
}

/** `counters` as the kernel has them, `deltas` since the read before, `rates` per second. */
export type SampleColumn = keyof SampleColumns;

/** The columns of a sampler that names none. */
export type AllColumns = typeof columnNames;

/** The columns that a list is known to name: none of those of a list that was computed. */
export type KnownColumn<C extends readonly SampleColumn[]> = number extends C['length'] ? never : C[number];

/** One column for each counter; row i of every column belongs to `ids[i]`. */
export interface CounterColumns<A> {
  /** Connections that were scheduled. */
  readonly connections: A;
  /** Packets from clients. */
  readonly inPackets: A;
  /** Packets to clients; 0 under 'direct' and 'tunnel'. */
  readonly outPackets: A;
  /** Bytes from clients, IP headers included. */
  readonly inBytes: A;
  /** Bytes to clients. */
  readonly outBytes: A;
}

/** The statistics of a sample's rows. */
export interface SampleColumns {
  /** As the kernel has them. */
  readonly counters: CounterColumns<BigUint64Array>;
  /** Since the read before; 0 in a row's first read. A counter that was zeroed in between counts from 0. */
  readonly deltas: CounterColumns<Float64Array>;
  /**
   * Per second; NaN until known. The kernel refreshes counters every 2 seconds, each row at a time of its
   * own. Reads less than 2 seconds apart give the exact rate of the last such 2 seconds, however often they
   * are: no zeros in between, no doubles. Reads further apart see a varying number of refreshes and give a
   * rate that is smoothed over 8 seconds.
   */
  readonly rates: CounterColumns<Float64Array>;
}

/** A sample's rows of one kind. The columns `C` are known to be there, others may be. */
type SampleRows<Id, C extends SampleColumn> = Pick<SampleColumns, C> &
  Partial<SampleColumns> & {
    /**
     * Whose rows these are. The same array as long as the topology stays; made when it is first looked at.
     */
    readonly ids: readonly Id[];
  };

/** The services of a sample. */
export type ServiceSample<C extends SampleColumn = never> = SampleRows<ServiceId, C>;

/** The destinations of a sample, with what is known of them at the moment of the read. */
export type DestinationSample<C extends SampleColumn = never> = SampleRows<DestinationId, C> & {
  /** The row of the service that each belongs to. */
  readonly service: Uint32Array;
  /** Established connections. */
  readonly activeConnections: Uint32Array;
  /** Other connections: closing, or UDP's. */
  readonly inactiveConnections: Uint32Array;
  /** Clients bound to the destination by persistence. */
  readonly persistentConnections: Uint32Array;
  /** 0: out of scheduling. */
  readonly weight: Uint32Array;
};

/** The table's statistics at one time, in columns. */
export interface Sample<C extends SampleColumn = never> {
  /** When it was read, in milliseconds since 1970. */
  readonly time: number;
  /** Rises when services or destinations come or go. As long as it stays, rows keep their numbers. */
  readonly generation: number;
  /** A row for each service. */
  readonly services: ServiceSample<C>;
  /** A row for each destination, those of one service together; none without `destinations`. */
  readonly destinations: DestinationSample<C>;
}

/** Reads statistics again and again, at the least cost. */
export interface Sampler<C extends SampleColumn = never> extends Disposable {
  /**
   * One read. Rejects with ERR_IPVS_BUSY while another one of this sampler is under way.
   *
   * @example
   * ```ts
   * using sampler = ipvs.sampler();
   * await sampler.read();
   * const { destinations } = await sampler.read();
   * for (const [row, { address }] of destinations.ids.entries()) {
   *   console.log(address, destinations.activeConnections[row], destinations.deltas.connections[row]);
   * }
   * ```
   */
  read(options?: CallOptions): Promise<Sample<C>>;
  /**
   * Lets the native side forget the rows. Reads after it reject with ERR_IPVS_CLOSED.
   *
   * @example
   * ```ts
   * const sampler = ipvs.sampler();
   * await sampler.read();
   * sampler.close(); // `using sampler = …` does so by itself
   * ```
   */
  close(): void;
}

const optionKeys = keysOf<SamplerOptions>({ services: true, destinations: true, columns: true, reuse: true });
const columnNames = ['counters', 'deltas', 'rates'] as const;
const counterNames = ['connections', 'inPackets', 'outPackets', 'inBytes', 'outBytes'] as const;

/** Throws at bad options; returns which parts of a sample they want. */
export function checkSamplerOptions(options: SamplerOptions): number {
  validateObject('options', options, optionKeys);
  const { services, destinations = true, columns = columnNames, reuse = false } = options;
  if (services !== undefined && !Array.isArray(services))
    throw wrongType('options.services', 'an array', services);
  return (
    checkColumns(columns) |
    (validateBoolean('options.destinations', destinations) ? SamplePart.destinations : 0) |
    (validateBoolean('options.reuse', reuse) ? SamplePart.reuse : 0) |
    (services !== undefined ? SamplePart.chosen : 0)
  );
}

/** Makes the native side forget the rows of a sampler. */
export function dropSampler(calls: Calls, number: number): void {
  calls
    .run({
      operation: Operation.dropSampler,
      context: { command: 'GET_DEST' },
      encode: slot => putWord(slot, Layout.sampler, number << SAMPLER_SHIFT),
      decode: () => undefined,
    })
    .catch(() => {}); // a closed client has forgotten it
}

/**
 * Makes a sampler; throws at bad options. `number` tells a client's samplers apart; `closing` is called when
 * it is closed.
 */
export function createSampler(
  calls: Calls,
  number: number,
  options: SamplerOptions,
  closing: () => void,
): Sampler {
  const parts = checkSamplerOptions(options);
  const { reuse } = options;

  const context = { command: 'GET_DEST' } as const;
  const base = number << SAMPLER_SHIFT;
  let reading = false;
  let closed = false;
  let rows: Rows | undefined;
  let last:
    | {
        readonly services: ArrayBuffer;
        readonly destinations: ArrayBuffer;
        readonly views: Pick<Sample, 'services' | 'destinations'>;
      }
    | undefined;

  // Those of the chosen services that the native side was not told of yet.
  const unnamed = [...(options.services ?? [])];

  /**
   * Chooses a service, ahead of the read that is to have it. If the call never left, it is made again for the
   * next read.
   */
  async function choose(service: ServiceId, callOptions: CallOptions | undefined): Promise<void> {
    try {
      await calls.run(
        {
          operation: Operation.chooseService,
          context: { command: 'GET_SERVICE', service: copyServiceId(service) },
          encode(slot) {
            putServiceId(slot, service);
            putWord(slot, Layout.sampler, base);
          },
          decode: () => undefined,
        },
        callOptions,
      );
    } catch (error) {
      if (!(error instanceof IpvsError && error.sent === true)) unnamed.push(service);
      throw error;
    }
  }

  /** Views the columns of new memory, or of memory that was written over. */
  function view(
    known: Rows,
    services: Memory,
    destinations: Memory,
  ): Pick<Sample, 'services' | 'destinations'> {
    const serviceColumns = viewColumns(services, parts);
    const destinationColumns = viewColumns(destinations, parts);
    const { buffer, rows: count, room } = destinations;
    const word = (column: number) =>
      new Uint32Array(buffer, destinationColumns.end + column * room * 4, count);
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

  function decode({ generation, keys, services, destinations }: NativeSample): Sample {
    if (keys !== undefined) rows = rowsOf(keys);
    const same = keys === undefined && services.buffer === undefined && destinations.buffer === undefined;
    if (!same || last === undefined) {
      const memory = {
        services: { ...services, buffer: services.buffer ?? last!.services },
        destinations: { ...destinations, buffer: destinations.buffer ?? last!.destinations },
      };
      last = {
        services: memory.services.buffer,
        destinations: memory.destinations.buffer,
        views: view(rows!, memory.services, memory.destinations),
      };
    }
    const { views } = last;
    if (!reuse) last = undefined;
    return { time: Date.now(), generation, ...views };
  }

  return {
    async read(callOptions) {
      if (closed) throw new IpvsError('ERR_IPVS_CLOSED', 'this sampler is closed');
      if (reading)
        throw new IpvsError('ERR_IPVS_BUSY', 'this sampler is reading already; await that, or make another');
      reading = true;
      try {
        const choices = unnamed.splice(0).map(service => choose(service, callOptions));
        const sample = calls.sample(
          {
            operation: Operation.sample,
            context,
            encode(slot) {
              putWord(slot, Layout.sampler, base | parts | (rows === undefined ? SamplePart.keys : 0));
            },
            decode,
          },
          last?.services,
          last?.destinations,
          callOptions,
        );
        if (choices.length > 0) {
          await Promise.allSettled([sample, ...choices]);
          await Promise.all(choices); // a service that can't be one says so
        }
        return await sample;
      } catch (error) {
        rows = undefined; // keys may have come with a reply that nobody waited for
        throw error;
      } finally {
        reading = false;
        if (closed) letGo();
      }
    },
    close,
    [Symbol.dispose]: close,
  };

  function close(): void {
    if (closed) return;
    closed = true;
    closing();
    dropSampler(calls, number);
    if (!reading) letGo();
  }

  /** What the caller's own samples do not hold goes with the sampler, even where that is still held. */
  function letGo(): void {
    rows = undefined;
    last = undefined;
  }
}

function checkColumns(columns: unknown): number {
  if (!Array.isArray(columns)) throw wrongType('options.columns', 'an array', columns);
  let parts = 0;
  for (const name of columns as readonly SampleColumn[]) {
    if (!columnNames.includes(name))
      throw wrongValue('options.columns', `hold only ${columnNames.join(', ')}`, name);
    parts |= SamplePart[name];
  }
  return parts;
}

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

/** Whose rows a sample has. */
interface Rows {
  serviceIds(): readonly ServiceId[];
  destinationIds(): readonly DestinationId[];
}

/**
 * Identities are made into objects when somebody asks for them, once: that takes longer than to read them.
 */
function rowsOf(keys: NativeKeys): Rows {
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
