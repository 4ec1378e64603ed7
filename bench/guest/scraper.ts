/**
 * The process whose scrapes are measured on this machine itself, of a table that a script gives: nothing of a kernel
 * is in what they take. Its one argument is a `ScrapingTask` as JSON. It prints a line of JSON: the longest piece of
 * each text, in milliseconds of the JavaScript thread's own processor time.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { CounterSample } from '../../lib/metrics/source.ts';
import type { MetricsClient } from '../../lib/metrics/types.ts';
import type { Size } from '../plan.ts';
import { threadTime } from './stopwatch.ts';
import { tableOf } from './table.ts';

/** What a scraping process is told. */
export interface ScrapingTask {
  /** The library's main file. */
  readonly main: string;
  readonly size: Size;
  readonly scrapes: number;
}

const { main, size, scrapes } = JSON.parse(process.argv[2]!) as ScrapingTask;

const { createMetrics } = (await import(
  new URL('metrics/index.js', pathToFileURL(main)).href
)) as typeof import('../../lib/metrics/index.ts');

const zeros = { connections: 0, inPackets: 0, outPackets: 0, inBytes: 0, outBytes: 0 };

const countersOf = (rows: number) => ({
  connections: new BigUint64Array(rows),
  inPackets: new BigUint64Array(rows),
  outPackets: new BigUint64Array(rows),
  inBytes: new BigUint64Array(rows),
  outBytes: new BigUint64Array(rows),
});

function sampleOf({ services: count, destinations: each }: Size): CounterSample {
  const { services, destinations } = tableOf({ services: count, destinations: each });
  const rows = count * each;
  return {
    time: 0,
    generation: 1,
    services: { ids: services, counters: countersOf(count) },
    destinations: {
      ids: services.flatMap(() => destinations),
      counters: countersOf(rows),
      service: Uint32Array.from({ length: rows }, (_, row) => Math.floor(row / each)),
      activeConnections: new Uint32Array(rows),
      inactiveConnections: new Uint32Array(rows),
      persistentConnections: new Uint32Array(rows),
      weight: new Uint32Array(rows).fill(1),
    },
  } as CounterSample;
}

const sample = sampleOf(size);

/** Lets all rows have new values, of any number of digits: the most that a text can have to do. */
function stir(): void {
  for (const { counters } of [sample.services, sample.destinations]) {
    for (const column of Object.values(counters)) {
      for (let row = 0; row < column.length; row++)
        column[row] = BigInt(Math.floor(10 ** (Math.random() * 12)));
    }
  }
  const { activeConnections } = sample.destinations;
  for (let row = 0; row < activeConnections.length; row++) activeConnections[row] = Math.random() * 1000;
}

const watched = { isOn: false, last: 0, longest: 0 };

function watch(): void {
  const now = threadTime();
  watched.longest = Math.max(watched.longest, now - watched.last);
  watched.last = now;
  if (watched.isOn) setImmediate(watch);
}

const client = {
  sampler: () => ({
    async read() {
      stir();
      await turn();
      Object.assign(watched, { isOn: true, last: threadTime(), longest: 0 });
      setImmediate(watch);
      return sample;
    },
    close() {},
    [Symbol.dispose]() {},
  }),
  totals: async () => ({ ...zeros, rates: zeros }),
  info: async () => ({ version: '1.2.1', connectionTableSize: 4096 }),
  timeouts: async () => ({ tcp: 900, tcpFin: 120, udp: 300 }),
  settings: async () => ({}),
  daemons: async () => [],
} as unknown as MetricsClient;

const metrics = createMetrics(client, { maxAge: 0 });
const longest: number[] = [];
let into: Uint8Array | undefined;
for (let i = 0; i < scrapes; i++) {
  into = await metrics.bytes({ into });
  watched.isOn = false;
  watch();
  longest.push(watched.longest);
  await turn();
}
process.stdout.write(`${JSON.stringify(longest)}\n`);
