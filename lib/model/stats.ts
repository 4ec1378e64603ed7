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
 * Statistics of a service or destination. The kernel's estimator refreshes all of them, the counters too,
 * every 2 seconds and no sooner: polling faster shows steps, and what happened less than 2 seconds ago may
 * not show yet (net/netfilter/ipvs/ip_vs_est.c). Numbers are exact up to 2^53; ask for `bigint` beyond that.
 */
export interface Stats<T extends number | bigint = number> extends Counters<T> {
  /**
   * Per second, averaged over about 8 seconds by the kernel and rounded to whole numbers: less than one
   * connection in two seconds shows as 0.
   */
  readonly rates: Counters<T>;
}

/** Statistics from ten values in the order of IPVS_STATS_ATTR_CONNS to _OUTBPS. */
export function toStats<T extends number | bigint>(value: (column: number) => T): Stats<T> {
  return { ...toCounters(value, 0), rates: toCounters(value, 5) };
}

function toCounters<T extends number | bigint>(value: (column: number) => T, first: number): Counters<T> {
  return {
    connections: value(first),
    inPackets: value(first + 1),
    outPackets: value(first + 2),
    inBytes: value(first + 3),
    outBytes: value(first + 4),
  };
}
