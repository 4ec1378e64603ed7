import { wrongValue } from '../model/arguments.ts';
import { IpvsError } from '../model/errors.ts';
import type { Counters as Totals } from '../model/stats.ts';
import { directorSeries, type FewSeries } from './director.ts';
import { type Family, familyText } from './format.ts';
import { type KernelState, kernelSeries } from './kernel.ts';
import type { CounterName } from './names.ts';
import { checkBytesOptions, checkOptions, checkTextOptions } from './options.ts';
import { createPace, type Pace } from './pace.ts';
import { createSeries, type RowSeries } from './series.ts';
import type { CounterSample } from './source.ts';
import type { DirectorStatistics, Metrics, MetricsClient, MetricsFormat, MetricsOptions } from './types.ts';

/** What was read last, besides the rows. */
interface Reading {
  /** Of the clock that only goes forward. */
  readonly time: number;
  readonly totals: Totals;
  /** undefined where the naming has no place for it. */
  readonly others:
    | { readonly kernel: KernelState; readonly sums: TableSums; readonly seconds: number }
    | undefined;
  readonly director: DirectorStatistics | undefined;
}

/** Sums over all rows, those without series too. */
interface TableSums {
  readonly services: number;
  readonly destinations: number;
  readonly activeConnections: number;
  readonly inactiveConnections: number;
  readonly persistentConnections: number;
}

/**
 * Makes metrics of a client's table, as texts for Prometheus: one read of the table for each, the values straight
 * from the sampler's columns into a text that is kept. The client stays the caller's. Throws a TypeError at bad
 * options.
 *
 * @example
 * ```ts
 * using metrics = createMetrics(ipvs, { drop: ['destination_port'], maxSeries: 50_000 });
 * const text = await metrics.text();
 * console.log(text.split('\n').length);
 * ```
 */
export function createMetrics(client: MetricsClient, options: MetricsOptions = {}): Metrics {
  const checked = checkOptions(options);
  const { naming, maxAge, timeout, director } = checked;
  const sampler = client.sampler({ columns: ['counters'], reuse: true });
  const callOptions = timeout === undefined ? {} : { timeout };
  let closed = false;
  let series: RowSeries | undefined;
  let reading: Reading | undefined;
  let refreshing: Promise<void> | undefined;

  /** Whose bytes texts were given in: those and no others may be written over. */
  const memories = new WeakSet<ArrayBufferLike>();
  function memoryFor(length: number): ArrayBuffer {
    const memory = new ArrayBuffer(length + (length >> GROWTH));
    memories.add(memory);
    return memory;
  }

  // Texts are put together while nothing is written over them.
  let last: Promise<unknown> = Promise.resolve();
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = last.then(work);
    last = done.catch(() => {});
    return done;
  }

  function throwIfClosed(): void {
    if (closed) throw new IpvsError('ERR_IPVS_CLOSED', 'these metrics are closed');
  }

  async function refresh(): Promise<void> {
    throwIfClosed();
    const start = performance.now();
    const reads = [
      sampler.read(callOptions),
      client.totals(callOptions),
      naming.hasOthers ? readKernel() : undefined,
    ] as const;
    await Promise.allSettled(reads); // after a failure of one the sampler may still be reading
    const [sample, totals, kernel] = await Promise.all(reads);
    throwIfClosed();
    const pace = createPace();
    if (series?.generation !== sample.generation) {
      const made = await createSeries(sample, checked, series, pace);
      throwIfClosed();
      series = made;
    }
    await series.update(sample, pace);
    const others = kernel && {
      kernel,
      sums: sumsOf(sample),
      seconds: (performance.now() - start) / 1000,
    };
    reading = { time: start, totals, others, director: director?.() };
  }

  async function readKernel(): Promise<KernelState> {
    const [info, settings, timeouts, daemons] = await Promise.all([
      client.info(callOptions),
      client.settings(callOptions),
      client.timeouts(callOptions),
      client.daemons(callOptions),
    ]);
    return { info, settings, timeouts, daemons };
  }

  function upToDate(): Promise<void> {
    if (refreshing === undefined) {
      if (!closed && reading !== undefined && performance.now() - reading.time < maxAge) {
        return Promise.resolve();
      }
      refreshing = inTurn(refresh).finally(() => {
        refreshing = undefined;
      });
    }
    return refreshing;
  }

  async function pieces(format: MetricsFormat, eof: boolean, pace: Pace): Promise<readonly Uint8Array[]> {
    const { totals, others, director: told } = reading!;
    const rows = series!; // which close() may let go of meanwhile
    const few: FewSeries[] = (Object.entries(naming.totals) as [CounterName, Family][]).map(
      ([counter, family]) => [family, [['', totals[counter]]]],
    );
    if (others !== undefined) {
      few.push(...tableSeries(others.sums, others.seconds, rows.dropped), ...kernelSeries(others.kernel));
    }
    if (told !== undefined) few.push(...directorSeries(told));
    const ofDirector =
      told?.destinations === undefined ? [] : await rows.directorTexts(told.destinations, format, pace);
    return [
      Buffer.from(few.map(([family, values]) => familyText(family, format, values)).join('')),
      ...rows.pieces(format),
      ...ofDirector.map(text => Buffer.from(text)),
      ...(eof && format === 'openmetrics' ? [Buffer.from('# EOF\n')] : []),
    ];
  }

  /** Puts a text together by `join`, in turn. */
  function made<T>(
    given: Parameters<typeof checkTextOptions>[0],
    join: (parts: readonly Uint8Array[], pace: Pace) => Promise<T>,
  ): Promise<T> {
    const { format, eof, signal } = checkTextOptions(given);
    signal?.throwIfAborted();
    const work = upToDate().then(() =>
      inTurn(async () => {
        throwIfClosed();
        const pace = createPace();
        return join(await pieces(format, eof, pace), pace);
      }),
    );
    return signal === undefined ? work : orAborted(work, signal);
  }

  function close(): void {
    if (closed) return;
    closed = true;
    sampler.close();
    series = undefined;
  }

  return {
    text: async (given = {}) =>
      made(given, async (parts, pace) => {
        const decoder = new TextDecoder();
        let text = '';
        for (const part of parts) {
          if (pace.isDue()) await pace.rest();
          text += decoder.decode(part);
        }
        return text;
      }),
    bytes: async (given = {}) => {
      const { into, rest } = checkBytesOptions(given);
      if (into !== undefined && !memories.has(into.buffer)) {
        throw wrongValue('options.into', 'be what bytes() gave before', into);
      }
      return made(rest, async (parts, pace) => {
        const length = parts.reduce((sum, part) => sum + part.length, 0);
        const whole = (into && viewOf(into.buffer, length)) ?? viewOf(memoryFor(length), length)!;
        let end = 0;
        for (const part of parts) {
          if (pace.isDue()) await pace.rest();
          whole.set(part, end);
          end += part.length;
        }
        return whole;
      });
    },
    close,
    [Symbol.dispose]: close,
  };
}

/** Memory for a text has an eighth more than that takes, for the digits that numbers will have. */
const GROWTH = 3;

/** The first bytes of a memory; undefined where it has fewer. */
function viewOf(memory: ArrayBufferLike, length: number): Uint8Array | undefined {
  return length <= memory.byteLength ? new Uint8Array(memory, 0, length) : undefined;
}

function sumsOf({ services, destinations }: CounterSample): TableSums {
  const sum = (column: Uint32Array) => {
    let result = 0;
    for (let row = 0; row < column.length; row++) result += column[row]!;
    return result;
  };
  return {
    services: services.counters.connections.length,
    destinations: destinations.weight.length,
    activeConnections: sum(destinations.activeConnections),
    inactiveConnections: sum(destinations.inactiveConnections),
    persistentConnections: sum(destinations.persistentConnections),
  };
}

function tableSeries(sums: TableSums, seconds: number, dropped: RowSeries['dropped']): readonly FewSeries[] {
  const gauge = (name: string, help: string, value: number, unit?: 'seconds'): FewSeries => [
    { name, type: 'gauge', help, ...(unit !== undefined && { unit }) },
    [['', value]],
  ];
  return [
    gauge('ipvs_services', 'Services in the table.', sums.services),
    gauge('ipvs_destinations', 'Destinations in the table.', sums.destinations),
    gauge('ipvs_active_connections', 'Established connections.', sums.activeConnections),
    gauge('ipvs_inactive_connections', 'Connections that are not established.', sums.inactiveConnections),
    gauge(
      'ipvs_persistent_connections',
      'Clients that persistence binds to destinations.',
      sums.persistentConnections,
    ),
    gauge('ipvs_read_seconds', 'Time that reading the table and making its series took.', seconds, 'seconds'),
    ...(dropped === undefined
      ? []
      : [
          [
            {
              name: 'ipvs_series_dropped',
              type: 'gauge',
              help: 'Series that a limit left out.',
            },
            [
              ['{level="services"}', dropped.services],
              ['{level="destinations"}', dropped.destinations],
            ],
          ] as FewSeries,
        ]),
  ];
}

/** Rejects with the signal's reason as soon as it is aborted; the work itself goes on. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
