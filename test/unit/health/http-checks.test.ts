import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { type HttpCheckOptions, httpCheck } from '../../../lib/health/index.ts';
import { probe, refusing, serve, up } from './servers.ts';

/** A target that answers as an HTTP server does. */
function web(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const http = createServer(answer);
  return serve((socket: Socket) => http.emit('connection', socket));
}

/** A target that says just this to whoever has sent a request. */
function saying(text: string) {
  return serve(socket => socket.once('data', () => socket.end(text)));
}

describe('an HTTP check', () => {
  test('a request has the method, path, host and headers that were asked for, and closes its connection', async () => {
    const seen: unknown[] = [];
    const target = await web(({ method, url, headers }, response) => {
      seen.push([method, url, headers]);
      response.end('fine');
    });
    expect(await probe(target, httpCheck())).toEqual(up);
    const check = httpCheck({
      method: 'HEAD',
      path: '/health?deep=1',
      host: 'www.example.com',
      headers: { 'X-From': 'director' },
    });
    expect(check.name).toBe('http HEAD /health?deep=1');
    expect(await probe(target, check)).toEqual(up);
    const own = { connection: 'close', 'user-agent': 'ipvs' };
    expect(seen).toEqual([
      ['GET', '/', { ...own, host: `127.0.0.1:${target.port}` }],
      ['HEAD', '/health?deep=1', { ...own, host: 'www.example.com', 'x-from': 'director' }],
    ]);
  });

  test('a status outside of the right ones is down, a redirect too, which is not followed', async () => {
    let requests = 0;
    const target = await web(({ url }, response) => {
      requests++;
      response.writeHead(Number(url?.slice(1)), { location: '/200' }).end();
    });
    expect(await probe(target, httpCheck({ path: '/503' }))).toBe('status 503');
    expect(await probe(target, httpCheck({ path: '/302' }))).toBe('status 302');
    expect(await probe(target, httpCheck({ path: '/302', statuses: [200, [300, 308]] }))).toEqual(up);
    expect(await probe(target, httpCheck({ path: '/204', statuses: [200] }))).toBe('status 204');
    expect(requests).toBe(4);
  });

  test('a body is looked at as text, by an expression, and over several pieces', async () => {
    const target = await web((_, response) => {
      response.write('all sys');
      setTimeout(() => response.end('tems ok\n'), 20);
    });
    expect(await probe(target, httpCheck({ body: 'systems ok' }))).toEqual(up);
    expect(await probe(target, httpCheck({ body: /ok$/m }))).toEqual(up);
    expect(await probe(target, httpCheck({ body: /^ok/ }))).toBe('no /^ok/ in the body');
  });

  test('a body that is too long, or without an end, is down and read no further', async () => {
    const target = await web((_, response) => {
      const talk = () => {
        while (response.write('y'.repeat(10_000))) {}
      };
      response.on('drain', talk);
      talk();
    });
    expect(await probe(target, httpCheck({ body: 'x', maxBytes: 1000 }))).toBe(
      'the body has more than 1000 bytes',
    );
    // Nobody asked for its body.
    expect(await probe(target, httpCheck())).toEqual(up);
  });

  test('a body that is cut short is down', async () => {
    const target = await saying('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok');
    expect(await probe(target, httpCheck({ body: 'ok' }))).toMatch(/aborted|cut short/);
  });

  test.each([
    ['SSH-2.0-OpenSSH_9.2\r\n', /Parse Error/],
    ['', /socket hang up/],
    ['HTTP/1.1 200 OK\r\nX: \0\r\n\r\n', /Parse Error/],
    [`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`, /Parse Error/],
    ['HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n', /^status 101$/],
  ])('a server that answers %j is down', async (text, reason) => {
    expect(await probe(await saying(text), httpCheck())).toMatch(reason);
  });

  test('servers that refuse, reset, say nothing, or only half of the headers are down', async () => {
    expect(await probe(await refusing(), httpCheck())).toMatch(/ECONNREFUSED/);
    expect(await probe(await serve(socket => socket.resetAndDestroy()), httpCheck())).toMatch(
      /ECONNRESET|hang up/,
    );
    expect(await probe(await serve(() => {}), httpCheck(), 250)).toBe('no answer within 250 ms');
    const half = await serve(socket => socket.write('HTTP/1.1 200 OK\r\nContent-'));
    expect(await probe(half, httpCheck(), 250)).toBe('no answer within 250 ms');
    const endless = await serve(socket => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok'));
    expect(await probe(endless, httpCheck({ body: 'ok' }), 250)).toBe('no answer within 250 ms');
  });

  test.each([
    [{ method: 'get' }, "method must be a method of HTTP's in capitals, not 'get'"],
    [{ path: 'health' }, "path must begin with a slash and have no blanks, not 'health'"],
    [{ path: '/a b' }, 'path must begin with a slash'],
    [{ host: 'a b' }, 'host must be a name'],
    [{ headers: { 'a b': 'c' } }, "headers.a b must be a header of HTTP's"],
    [{ headers: { a: 'b\r\nc' } }, "headers.a must be a header of HTTP's"],
    [{ headers: { a: 1 } }, 'headers.a must be a string'],
    [{ statuses: [] }, 'statuses must not be empty'],
    [{ statuses: [99] }, 'statuses must hold numbers from 100 to 599'],
    [{ statuses: [[300, 200]] }, 'statuses must hold numbers from 100 to 599'],
    [{ body: '' }, 'body must not be empty'],
    [{ method: 'HEAD', body: 'ok' }, "body does not go with method 'HEAD', whose answer has none"],
    [{ tls: {} }, "options has no option 'tls'"],
  ])('an HTTP check with %j is refused by the name of its field', (options, message) => {
    expect(() => httpCheck(options as HttpCheckOptions)).toThrow(message);
  });
});
