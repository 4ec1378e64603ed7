import type { DestinationId, ServiceId } from '../model/identity.ts';

/** The columns that there are, all of which a sampler has that names none. */
export const columnNames = ['counters', 'deltas', 'rates'] as const;

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
