import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Metrics, metricsFormat, metricsType } from '../../metrics/index.ts';
import type { Endpoint } from './address.ts';

/** How much a server lets its clients take. */
export interface Limits {
  /** Connections at once; others are closed. */
  readonly connections: number;
  /** Scrapes at once; others are told to come later. */
  readonly scrapes: number;
  /** Milliseconds that a scrape may take, from the request to the answer's last byte. */
  readonly time: number;
}

const usualLimits: Limits = { connections: 64, scrapes: 8, time: 10_000 };

/** Memory of answers that were sent, kept for those to come. */
const KEPT = 2;

/** How long clients have to send a request, in milliseconds. */
const REQUEST_TIME = 5000;

/** A server of metrics. */
export interface MetricsServer {
  /** Where it listens. */
  readonly url: string;
  /** Takes no more requests, finishes those that it has, and cuts what takes longer than a scrape may. */
  close(): Promise<void>;
}

/** Answers GET and HEAD of /metrics, and nothing else. Rejects where it can't listen. */
export async function serveMetrics(
  metrics: Metrics,
  { host, port }: Endpoint,
  complain: (text: string) => void,
  limits: Limits = usualLimits,
): Promise<MetricsServer> {
  let scrapes = 0;
  const memories: Uint8Array[] = [];

  async function scrape(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const format = metricsFormat(request.headers.accept);
    const signal = AbortSignal.timeout(timeOf(request, limits.time));
    const cut = () => response.destroy();
    signal.addEventListener('abort', cut);
    response.once('close', () => signal.removeEventListener('abort', cut));
    const bytes = await metrics.bytes({ format, signal, into: memories.pop() });
    if (response.closed) return; // nobody waits for it any more
    response.writeHead(200, { 'content-type': metricsType(format), 'content-length': bytes.length });
    const ended = once(response, 'close');
    response.end(request.method === 'HEAD' ? undefined : bytes);
    await ended;
    // The socket may still hold the memory of an answer that was cut.
    if (response.writableFinished && memories.length < KEPT) memories.push(bytes);
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path] = (request.url ?? '').split('?', 1);
    if (path !== '/metrics') return say(response, 404, 'there is /metrics and nothing else');
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      return say(response, 405, 'metrics are only to be read');
    }
    if (scrapes >= limits.scrapes) {
      response.setHeader('retry-after', 1);
      return say(response, 503, 'too many scrapes at once');
    }
    scrapes++;
    try {
      await scrape(request, response);
    } catch (error) {
      const { message } = error as Error;
      complain(`a scrape failed: ${message}`);
      if (response.headersSent) response.destroy();
      else say(response, 503, message);
    } finally {
      scrapes--;
    }
  }

  const server = createServer({
    requestTimeout: REQUEST_TIME,
    headersTimeout: REQUEST_TIME,
    connectionsCheckingInterval: 1000,
  });
  server.maxConnections = limits.connections;
  server.on('request', (request, response) => void answer(request, response));
  server.listen({ host, port });
  await once(server, 'listening');
  const { address, family, port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${bound}/metrics`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      const cut = setTimeout(() => server.closeAllConnections(), limits.time);
      await closed;
      clearTimeout(cut);
    },
  };
}

/** How long Prometheus waits, where it says so and that is less than a scrape may take. */
function timeOf({ headers }: IncomingMessage, most: number): number {
  const seconds = Number(headers['x-prometheus-scrape-timeout-seconds']);
  return seconds > 0 ? Math.ceil(Math.min(most, seconds * 1000)) : most;
}

function say(response: ServerResponse, status: number, text: string): void {
  if (response.destroyed) return;
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${text}\n`);
}
