/** What the kernel counts, or its rate of change per second. */
export interface Counters<T extends number | bigint = number> {
  /** Connections that were scheduled. */
  readonly connections: T;
  /** Packets from clients. */
  readonly inPackets: T;
  /** Packets to clients; 0 under 'direct' and 'tunnel', whose replies bypass the director. */
  readonly outPackets: T;
  /** Bytes from clients, IP headers included. */
  readonly inBytes: T;
  /** Bytes to clients. */
  readonly outBytes: T;
}

/**
 * Statistics of a service or destination. The kernel's estimator refreshes all of them, the counters too, every 2 seconds and no
 * sooner: polling faster shows steps, and what happened less than 2 seconds ago may not show yet
 * (net/netfilter/ipvs/ip_vs_est.c). Numbers are exact up to 2^53; ask for `bigint` beyond that.
 */
export interface Stats<T extends number | bigint = number> extends Counters<T> {
  /**
   * Per second, averaged over about 8 seconds by the kernel and rounded to whole numbers: less than one connection in two
   * seconds shows as 0.
   */
  readonly rates: Counters<T>;
}

/** Reads counter `column` of row `row`. */
export type ReadCounter<T> = (column: number, row: number) => T;

function readCounters<T extends number | bigint>(
  read: ReadCounter<T>,
  first: number,
  row: number,
): Counters<T> {
  return {
    connections: read(first, row),
    inPackets: read(first + 1, row),
    outPackets: read(first + 2, row),
    inBytes: read(first + 3, row),
    outBytes: read(first + 4, row),
  };
}

/** The statistics of one row, whose ten columns are IPVS_STATS_ATTR_CONNS to _OUTBPS. */
export function readStats<T extends number | bigint>(read: ReadCounter<T>, row: number): Stats<T> {
  return {
    connections: read(0, row),
    inPackets: read(1, row),
    outPackets: read(2, row),
    inBytes: read(3, row),
    outBytes: read(4, row),
    rates: readCounters(read, 5, row),
  };
}
