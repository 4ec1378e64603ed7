import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { readEndpoint } from '../../../lib/cli/exporter/address.ts';
import { type Limits, type MetricsServer, serveMetrics } from '../../../lib/cli/exporter/serve.ts';
import { keepTextfile, writeTextfile } from '../../../lib/cli/exporter/textfile.ts';
import { createMetrics, type Metrics } from '../../../lib/metrics/index.ts';
import { makeTable } from '../metrics/table.ts';

const service = { protocol: 'tcp', address: '10.0.0.1', port: 80 } as const;
const loopback = { host: '127.0.0.1', port: 0 };

let server: MetricsServer | undefined;
const complaints: string[] = [];
afterEach(async () => {
  complaints.length = 0;
  await server?.close();
  server = undefined;
});

async function serve(metrics: Metrics, limits?: Partial<Limits>): Promise<string> {
  server = await serveMetrics(metrics, loopback, text => complaints.push(text), {
    connections: 64,
    scrapes: 8,
    time: 10_000,
    ...limits,
  });
  return server.url;
}

const tableOf = (rows = 2) =>
  makeTable([
    {
      ...service,
      rows: Array.from({ length: rows }, (_, n) => ({ address: `10.1.${n >> 8}.${n & 255}`, port: 80 })),
    },
  ]);

describe('serving', () => {
  test('GET /metrics answers with the text in the format that is asked for', async () => {
    const url = await serve(createMetrics(tableOf().client));
    const plain = await fetch(url);
    expect(plain.status).toBe(200);
    expect(plain.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await plain.text()).toContain('\nipvs_services 1\n');
    const open = await fetch(`${url}?x=1`, { headers: { accept: 'application/openmetrics-text' } });
    expect(open.headers.get('content-type')).toMatch(/^application\/openmetrics-text; version=1\.0\.0/);
    expect(await open.text()).toMatch(/# EOF\n$/);
  });

  test('HEAD /metrics answers as GET does, without the text', async () => {
    const url = await serve(createMetrics(tableOf().client, { maxAge: 60_000 }));
    const length = (await (await fetch(url)).text()).length;
    const head = await fetch(url, { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(Number(head.headers.get('content-length'))).toBe(length);
    expect(await head.text()).toBe('');
  });

  test.each([
    ['/', 'GET', 404],
    ['/metrics/', 'GET', 404],
    ['//metrics', 'GET', 404],
    ['/', 'POST', 404],
    ['/metrics', 'POST', 405],
    ['/metrics', 'DELETE', 405],
  ])(
    'a request of %s by %s is answered with its status, and nothing is read',
    async (path, method, status) => {
      const table = tableOf();
      const url = await serve(createMetrics(table.client));
      const answer = await fetch(new URL(url).origin + path, { method });
      expect(answer.status).toBe(status);
      expect(answer.headers.get('allow')).toBe(status === 405 ? 'GET, HEAD' : null);
      expect(table.reads).toBe(0);
    },
  );

  test('a scrape whose read fails is answered with 503 and the reason, and the next one is answered', async () => {
    const table = tableOf();
    const url = await serve(createMetrics(table.client));
    table.failure = new Error('the kernel said no');
    const answer = await fetch(url);
    expect([answer.status, await answer.text()]).toEqual([503, 'the kernel said no\n']);
    expect(complaints).toEqual(['a scrape failed: the kernel said no']);
    expect((await fetch(url)).status).toBe(200);
  });

  test('answers one after another are whole, whatever was written into their memory before', async () => {
    const table = tableOf(300);
    const url = await serve(createMetrics(table.client, { maxAge: 0 }));
    for (let round = 1; round <= 10; round++) {
      table.entries[0]!.connections = 10 ** round;
      const texts = await Promise.all(
        [fetch(url), fetch(url), fetch(url)].map(async answer => (await answer).text()),
      );
      for (const text of texts) {
        expect(text).toContain(` ${10 ** round}\n`);
        expect(text.match(/^ipvs_destination_weight\{/gm)).toHaveLength(300);
      }
    }
  });

  test('scrapes above the limit are told to come later, and those below it are answered', async () => {
    const table = tableOf();
    const metrics = createMetrics(table.client, { maxAge: 0 });
    const held: (() => void)[] = [];
    const slow: Metrics = {
      ...metrics,
      bytes: async options => {
        await new Promise<void>(resolve => held.push(resolve));
        return metrics.bytes(options);
      },
    };
    const url = await serve(slow, { scrapes: 2 });
    const first = [fetch(url), fetch(url)];
    while (held.length < 2) await sleep(5);
    const third = await fetch(url);
    expect([third.status, third.headers.get('retry-after')]).toEqual([503, '1']);
    for (const go of held) go();
    expect(await Promise.all(first.map(async answer => (await answer).status))).toEqual([200, 200]);
  });

  test('a client that does not take its answer in time is cut, and others are answered meanwhile', async () => {
    const metrics = createMetrics(tableOf(30_000).client, { maxAge: 60_000 });
    await metrics.bytes(); // the first text takes longest
    const url = await serve(metrics, { time: 4000 });
    const { port } = new URL(url);
    const lazy = connect(Number(port), '127.0.0.1');
    lazy.pause();
    const start = performance.now();
    lazy.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await (await fetch(url)).text()).toContain('ipvs_services 1');
    await sleep(4100);
    lazy.on('error', () => {});
    lazy.resume();
    await new Promise(resolve => lazy.once('close', resolve));
    expect(performance.now() - start).toBeGreaterThan(3000);
    expect(lazy.bytesRead).toBeLessThan(30_000 * 9 * 100);
  });

  test("a scrape ends with Prometheus' own patience, which its header tells", async () => {
    const never: Metrics = {
      ...createMetrics(tableOf().client),
      bytes: options =>
        new Promise((_, reject) =>
          options?.signal?.addEventListener('abort', () => reject(options.signal!.reason)),
        ),
    };
    const url = await serve(never);
    const start = performance.now();
    const headers = { 'x-prometheus-scrape-timeout-seconds': '0.2' };
    await expect(fetch(url, { headers })).rejects.toThrow();
    expect(performance.now() - start).toBeLessThan(5000);
  });

  test('clients that leave while the table is read take no place from those who come later', async () => {
    const metrics = createMetrics(tableOf().client, { maxAge: 0 });
    let held: (() => void)[] = [];
    const slow: Metrics = {
      ...metrics,
      bytes: async options => {
        await new Promise<void>(resolve => held.push(resolve));
        return metrics.bytes(options);
      },
    };
    const url = await serve(slow, { scrapes: 2 });
    for (let round = 0; round < 3; round++) {
      const leaving = request(url).on('error', () => {});
      leaving.end();
      while (held.length === 0) await sleep(5);
      leaving.destroy();
      await sleep(50);
      for (const go of held) go();
      held = [];
    }
    await sleep(50);
    const answer = fetch(url);
    while (held.length === 0) await sleep(5);
    for (const go of held) go();
    expect((await answer).status).toBe(200);
  });

  test('connections above the limit are closed', async () => {
    const url = await serve(createMetrics(tableOf().client), { connections: 1 });
    const { port } = new URL(url);
    const first = connect(Number(port), '127.0.0.1');
    await new Promise(resolve => first.once('connect', resolve));
    await expect(fetch(url)).rejects.toThrow();
    first.destroy();
  });

  test('a server that is closed answers what it has begun with, and then no more', async () => {
    const metrics = createMetrics(tableOf().client);
    let go = () => {};
    const slow: Metrics = {
      ...metrics,
      bytes: async options => {
        await new Promise<void>(resolve => {
          go = resolve;
        });
        return metrics.bytes(options);
      },
    };
    const url = await serve(slow);
    const status = new Promise(resolve => request(url, answer => resolve(answer.resume().statusCode)).end());
    await sleep(100);
    const closed = server!.close();
    go();
    expect(await status).toBe(200);
    await closed;
    server = undefined;
    await expect(fetch(url)).rejects.toThrow();
  });

  test('an address that is taken is an error', async () => {
    const url = await serve(createMetrics(tableOf().client));
    const taken = { host: '127.0.0.1', port: Number(new URL(url).port) };
    await expect(serveMetrics(createMetrics(tableOf().client), taken, () => {})).rejects.toThrow(
      /EADDRINUSE/,
    );
  });
});

describe('the address to listen on', () => {
  test.each([
    ['127.0.0.1', { host: '127.0.0.1', port: 9918 }],
    ['127.0.0.1:80', { host: '127.0.0.1', port: 80 }],
    ['::1', { host: '::1', port: 9918 }],
    ['[::1]', { host: '::1', port: 9918 }],
    ['[FD00:0::1]:0', { host: 'fd00::1', port: 0 }],
    [':9100', { host: undefined, port: 9100 }],
    ['0.0.0.0:65535', { host: '0.0.0.0', port: 65_535 }],
  ])('an exporter can listen on %j', (text, endpoint) => {
    expect(readEndpoint(text)).toEqual(endpoint);
  });

  test.each([
    '',
    ':',
    '80',
    'localhost',
    '127.0.0.1:',
    '127.0.0.1:65536',
    '[127.0.0.1]:80',
    '::1:x',
    'a:80',
    '[::1]80',
  ])('an exporter refuses to listen on %j', text =>
    expect(() => readEndpoint(text)).toThrow(/--listen takes an address/),
  );
});

describe('the text in a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ipvs-exporter-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'ipvs.prom');

  test('a file is replaced by a whole one that others may read, and leaves no draft behind', async () => {
    const metrics = createMetrics(tableOf().client);
    await writeTextfile(metrics, path);
    const before = statSync(path).ino;
    await writeTextfile(metrics, path);
    expect(readFileSync(path, 'utf8')).toContain('ipvs_services 1');
    expect(statSync(path).ino).not.toBe(before);
    expect(statSync(path).mode & 0o777).toBe(0o644);
    expect(readdirSync(folder)).toEqual(['ipvs.prom']);
  });

  test('a link that stands where the draft goes is not written through', async () => {
    const [victim, draft] = [join(folder, 'victim'), join(folder, `.ipvs.prom.${process.pid}`)];
    writeFileSync(victim, 'precious');
    symlinkSync(victim, draft);
    await writeTextfile(createMetrics(tableOf().client), path);
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    expect(lstatSync(path).isFile()).toBe(true);
    rmSync(victim);
    expect(readdirSync(folder)).toEqual(['ipvs.prom']);
  });

  test('a file in a folder that is not there is an error', async () => {
    await expect(writeTextfile(createMetrics(tableOf().client), join(folder, 'none/a.prom'))).rejects.toThrow(
      /ENOENT/,
    );
  });

  test('a file is written until the end, over reads that fail, and is gone after it', async () => {
    const table = tableOf();
    const end = new AbortController();
    const told: string[] = [];
    const kept = keepTextfile(createMetrics(table.client, { maxAge: 0 }), path, 20, end.signal, text =>
      told.push(text),
    );
    while (table.reads < 3) await sleep(5);
    table.failure = new Error('the table is busy');
    while (told.length === 0) await sleep(5);
    expect(told[0]).toMatch(/ipvs\.prom could not be written: the table is busy/);
    expect(readFileSync(path, 'utf8')).toContain('ipvs_services 1');
    const { reads } = table;
    while (table.reads < reads + 2) await sleep(5);
    end.abort();
    await kept;
    expect(readdirSync(folder)).toEqual([]);
  });
});
