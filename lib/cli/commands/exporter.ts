import type { Ipvs } from '../../client.ts';
import {
  createMetrics,
  type Metrics,
  type MetricsLabel,
  type MetricsLevel,
  type MetricsOptions,
} from '../../metrics/index.ts';
import { type Arguments, isGiven, misuse, numberOf, type Run, textOf } from '../arguments.ts';
import { type Endpoint, readEndpoint } from '../exporter/address.ts';
import { serveMetrics } from '../exporter/serve.ts';
import { keepTextfile, writeTextfile } from '../exporter/textfile.ts';
import type { Shell } from '../terminal.ts';
import { withModule } from '../with-client.ts';

/** Where metrics go. */
interface Outlets {
  readonly endpoint: Endpoint | undefined;
  readonly textfile: string | undefined;
  /** Milliseconds from one text in the file to the next; undefined: one is all. */
  readonly interval: number | undefined;
}

/** Gives metrics to Prometheus by HTTP, or by a file of node_exporter's. */
export const run: Run = async (given, shell) => {
  const outlets = outletsOf(given);
  const options = optionsOf(given);
  return withModule(shell, ipvs => give(ipvs, options, outlets, shell));
};

const INTERVAL = 15;
const SECOND = 1000;

/** A day: what a timer is set to comes from a person. */
const MOST_SECONDS = 86_400;

/** Milliseconds until reading the table is given up: Prometheus waits for ten seconds by default. */
const READ_TIME = 8000;

function outletsOf(given: Arguments): Outlets {
  const [listen, textfile] = [textOf(given, 'listen'), textOf(given, 'textfile')];
  const seconds = numberOf(given, 'interval');
  const isOnce = isGiven(given, 'once');
  if (listen === undefined && textfile === undefined) throw misuse('--listen or --textfile is missing');
  if (textfile === undefined && (seconds !== undefined || isOnce)) {
    throw misuse(`--${isOnce ? 'once' : 'interval'} is about --textfile, which is missing`);
  }
  if (isOnce && (seconds !== undefined || listen !== undefined)) {
    throw misuse(`--once does not go with --${seconds !== undefined ? 'interval' : 'listen'}`);
  }
  if (seconds !== undefined && (seconds < 1 || seconds > MOST_SECONDS)) {
    throw misuse(`--interval takes 1 to ${MOST_SECONDS} seconds, not ${seconds}`);
  }
  // node_exporter reads no others.
  if (textfile !== undefined && !textfile.endsWith('.prom')) {
    throw misuse(`--textfile takes a name that ends with .prom, not '${textfile}'`);
  }
  return {
    endpoint: listen === undefined ? undefined : readEndpoint(listen),
    textfile,
    interval: isOnce ? undefined : (seconds ?? INTERVAL) * SECOND,
  };
}

function optionsOf(given: Arguments): MetricsOptions {
  const drop = textOf(given, 'drop');
  return {
    level: textOf(given, 'level') as MetricsLevel | undefined,
    drop: drop?.split(',') as MetricsLabel[] | undefined,
    maxSeries: numberOf(given, 'max-series'),
    compat: textOf(given, 'compat') as MetricsOptions['compat'],
    timeout: READ_TIME,
  };
}

/** Makes metrics; what the library says of its options is said of the command's. */
function metricsOf(ipvs: Ipvs, options: MetricsOptions): Metrics {
  try {
    return createMetrics(ipvs, options);
  } catch (error) {
    throw misuse((error as Error).message.replace(/options\.(\w+)/g, (_, name) => `--${wordOf(name)}`));
  }
}

function wordOf(name: string): string {
  return name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);
}

async function give(ipvs: Ipvs, options: MetricsOptions, outlets: Outlets, shell: Shell): Promise<number> {
  const { endpoint, textfile, interval } = outlets;
  using metrics = metricsOf(ipvs, options);
  await metrics.bytes(); // what can't be read at all is told at once
  if (textfile !== undefined && interval === undefined) {
    await writeTextfile(metrics, textfile);
    return 0;
  }
  const { signal, release } = endOnSignals();
  try {
    await goOn(metrics, outlets, endpoint, signal, shell);
  } finally {
    release();
  }
  return 0;
}

/** Serves and writes until a signal says to end. */
async function goOn(
  metrics: Metrics,
  { textfile, interval }: Outlets,
  endpoint: Endpoint | undefined,
  signal: AbortSignal,
  shell: Shell,
): Promise<void> {
  const complain = (text: string) => shell.complain(text);
  const server = endpoint && (await serveMetrics(metrics, endpoint, complain));
  if (server !== undefined) shell.print(`${server.url}\n`);
  const written =
    textfile === undefined ? undefined : keepTextfile(metrics, textfile, interval!, signal, complain);
  await (written ?? aborted(signal));
  await server?.close();
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** A service manager and a terminal end the exporter by signals, which is no failure. */
function endOnSignals(): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController();
  const end = () => controller.abort();
  const signals = ['SIGTERM', 'SIGINT'] as const;
  for (const name of signals) process.once(name, end);
  return {
    signal: controller.signal,
    release() {
      for (const name of signals) process.removeListener(name, end);
    },
  };
}
