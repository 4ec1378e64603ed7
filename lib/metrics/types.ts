import type { Ipvs } from '../client.ts';
import type { DestinationId, ServiceId } from '../model/identity.ts';

/** What metrics are read from: a client, or an object that has these methods of one. */
export type MetricsClient = Pick<Ipvs, 'sampler' | 'totals' | 'info' | 'settings' | 'timeouts' | 'daemons'>;

/** A format of the text: that of Prometheus (version 0.0.4), or OpenMetrics 1.0.0. */
export type MetricsFormat = 'prometheus' | 'openmetrics';

/** How far into the table the series go. Each level has those before it, too. */
export type MetricsLevel = 'totals' | 'services' | 'destinations';

/** A label that can be left out; those with other names are `compat`'s. */
export type MetricsLabel =
  | 'protocol'
  | 'address'
  | 'port'
  | 'fwmark'
  | 'family'
  | 'name'
  | 'destination_address'
  | 'destination_port'
  | 'local_address'
  | 'local_port'
  | 'local_mark'
  | 'remote_address'
  | 'remote_port'
  | 'proto';

/** What metrics are made with. */
export interface MetricsOptions {
  /** Default 'destinations'. With `compat`, services have no series of their own. */
  readonly level?: MetricsLevel | undefined;
  /**
   * Labels to leave out. Rows that have the same labels then are one series: their counters and gauges are
   * added up. Such a sum of counters does not fall when a destination is removed, which Prometheus would
   * take for a counter that begins anew.
   */
  readonly drop?: readonly MetricsLabel[] | undefined;
  /**
   * Whether a service, or a destination of it, has series. Called once for each row whenever rows come or go;
   * a service that is left out leaves its destinations out. Totals are of the whole table.
   */
  readonly filter?: ((service: ServiceId, destination?: DestinationId) => boolean) | undefined;
  /** A name for a service, which becomes its label `name`; undefined: it has none. Called as `filter` is. */
  readonly name?: ((service: ServiceId) => string | undefined) | undefined;
  /**
   * At most how many series services and destinations have, 0 to 2^32 - 1: services come first, then
   * destinations in the order of the table. `ipvs_series_dropped` tells how many were left out. Default: all.
   */
  readonly maxSeries?: number | undefined;
  /**
   * The names and labels of Prometheus' node_exporter (collector ipvs), for dashboards that are there already,
   * instead of this library's. They have no place for `name`, `director` and level 'services', which are refused
   * beside it.
   */
  readonly compat?: 'node_exporter' | undefined;
  /** What a director tells about itself; called for each read of the table. */
  readonly director?: (() => DirectorStatistics) | undefined;
  /**
   * Milliseconds for which what was read serves again, 0 to 86400000. Default 1000: the kernel's counters
   * themselves move every 2 seconds.
   */
  readonly maxAge?: number | undefined;
  /** Milliseconds until reading the table is given up, 1 to 2147483647. Default: the client's, 5000. */
  readonly timeout?: number | undefined;
}

/**
 * What a director tells about itself: a plain object, any of whose fields may be absent. Those that count
 * only rise.
 */
export interface DirectorStatistics {
  /** Rises with each desired state that was taken over. */
  readonly generation?: number | undefined;
  /** How many desired states were refused. */
  readonly refused?: number | undefined;
  /** When the desired state was taken over, milliseconds since 1970. */
  readonly desiredTime?: number | undefined;
  /** Whether the source of the desired state can be reached. */
  readonly storeConnected?: boolean | undefined;
  /** When the source was last heard of, milliseconds since 1970. */
  readonly storeTime?: number | undefined;
  /** How often the table was made what is desired, and how often that failed. */
  readonly applies?:
    | {
        /** The table was then as desired. */
        readonly converged: number;
        /** A step failed, or the table could not be read. */
        readonly failed: number;
      }
    | undefined;
  /** How long that took altogether, milliseconds. */
  readonly applyTime?: number | undefined;
  /** How many differences by others' hands were found. */
  readonly drift?: number | undefined;
  /** How many probes of servers' health were made, by their result. */
  readonly checks?:
    | {
        /** The server answered as it should. */
        readonly passed: number;
        /** It answered otherwise, or could not be reached. */
        readonly failed: number;
        /** It had not answered in time. */
        readonly timedOut: number;
      }
    | undefined;
  /** How long probes took altogether, milliseconds. */
  readonly checkTime?: number | undefined;
  /** How often a check of a server began to pass or to fail. */
  readonly healthChanges?: number | undefined;
  /** Checks whose failure is not believed, since too many fail at once. */
  readonly held?: number | undefined;
  /** Failures that did not count, because the event loop was late. */
  readonly lateFailures?: number | undefined;
  /** Destinations that are being drained. */
  readonly drains?: number | undefined;
  /** How many drains have ended. */
  readonly drained?: number | undefined;
  /** Services whose destinations are kept in although too many of them fail their checks. */
  readonly panic?: number | undefined;
  /** How late the event loop is, milliseconds. */
  readonly eventLoopDelay?: number | undefined;
  /** What is known of destinations. Those without a row in the table have no series. */
  readonly destinations?: Iterable<DirectorDestination> | undefined;
}

/** What a director knows of a destination. */
export interface DirectorDestination {
  /** Whose it is. */
  readonly service: ServiceId;
  /** Which it is. */
  readonly destination: DestinationId;
  /** Whether its checks pass. */
  readonly up?: boolean | undefined;
  /** Whether it is being drained. */
  readonly draining?: boolean | undefined;
}

/** What a text is asked for with. */
export interface MetricsTextOptions {
  /** Default 'prometheus'. */
  readonly format?: MetricsFormat | undefined;
  /**
   * Whether an OpenMetrics text has its last line, `# EOF`. Default true; false where another text of that
   * format is to follow.
   */
  readonly eof?: boolean | undefined;
  /** Gives it up: rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What a text in UTF-8 is asked for with. */
export interface MetricsBytesOptions extends MetricsTextOptions {
  /**
   * What `bytes()` gave before and is used up: its memory is written over where it suffices. To get new memory
   * from the system takes longer than to write a large text.
   */
  readonly into?: Uint8Array | undefined;
}

/** Metrics of one network namespace's table. */
export interface Metrics extends Disposable {
  /**
   * The text of a scrape. Rejects as the client's methods do.
   *
   * @example
   * ```ts
   * using metrics = createMetrics(ipvs, { level: 'services' });
   * console.log(await metrics.text());
   * ```
   */
  text(options?: MetricsTextOptions): Promise<string>;
  /**
   * The same in UTF-8, which costs less than a string where it goes to a socket or a file.
   *
   * @example
   * ```ts
   * import { createServer } from 'node:http';
   * const metrics = createMetrics(ipvs);
   * createServer(async (request, response) => {
   *   const format = metricsFormat(request.headers.accept);
   *   response.setHeader('content-type', metricsType(format));
   *   response.end(await metrics.bytes({ format }));
   * });
   * ```
   */
  bytes(options?: MetricsBytesOptions): Promise<Uint8Array>;
  /**
   * Ends it, not the client: what is asked for after it rejects with ERR_IPVS_CLOSED.
   *
   * @example
   * ```ts
   * const metrics = createMetrics(ipvs);
   * metrics.close(); // `using metrics = …` does so by itself
   * ```
   */
  close(): void;
}
