import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket, type TLSSocketOptions } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { httpsCheck, type TlsCheckOptions, type TlsOptions, tlsCheck } from '../../../lib/health/index.ts';
import { expired, key, valid } from './certificates.ts';
import { probe, refusing, serve } from './servers.ts';

const servername = 'www.example.com';

/** A target that speaks TLS, and does something over it. */
function secure(cert: string, onSecure: (socket: Socket) => void, options: TLSSocketOptions = {}) {
  return serve(raw => {
    const socket = new TLSSocket(raw, { isServer: true, cert, key, ...options });
    socket.on('error', () => {});
    onSecure(socket);
  });
}

const ends = expect.stringMatching(/^certificate ends in \d+ days$/);

describe('a TLS check', () => {
  test('a certificate with the right name and signer is up, and told for how long it is valid', async () => {
    const target = await secure(valid, () => {});
    const answer = await probe(target, tlsCheck({ servername, ca: valid, minDays: 30 }));
    expect(answer).toEqual({ state: 'up', answer: { detail: ends } });
  });

  test('the name that is asked for arrives', async () => {
    const names: string[] = [];
    const target = await secure(valid, () => {}, {
      SNICallback: (name, done) => {
        names.push(name);
        done(null);
      },
    });
    await probe(target, tlsCheck({ servername, ca: valid }));
    expect(names).toEqual([servername]);
  });

  test('a certificate of another name, of an unknown signer, expired, or that soon will be, is down', async () => {
    const target = await secure(valid, () => {});
    expect(await probe(target, tlsCheck({ ca: valid }))).toMatch(
      /IP: 127\.0\.0\.1 is not in the cert's list/,
    );
    expect(await probe(target, tlsCheck({ servername: 'other.example', ca: valid }))).toMatch(/altnames/);
    expect(await probe(target, tlsCheck({ servername }))).toMatch(/self-signed certificate/);
    expect(await probe(target, tlsCheck({ servername, ca: valid, minDays: 36_500 }))).toMatch(
      /^the certificate ends in \d+ days, fewer than 36500$/,
    );
    const old = await secure(expired, () => {});
    expect(await probe(old, tlsCheck({ servername, ca: expired }))).toBe('certificate has expired');
  });

  test('nothing of a certificate is verified if that is not wanted, but for the days it must be valid', async () => {
    const old = await secure(expired, () => {});
    expect(await probe(old, tlsCheck({ verify: false }))).toMatchObject({ state: 'up' });
    expect(await probe(old, tlsCheck({ verify: false, minDays: 0 }))).toMatch(
      /^the certificate ends in -\d+ days/,
    );
  });

  test('a protocol that is offered must be chosen', async () => {
    const target = await secure(valid, () => {}, { ALPNProtocols: ['http/1.1'] });
    expect(await probe(target, tlsCheck({ verify: false, alpn: ['http/1.1'] }))).toMatchObject({
      state: 'up',
    });
    expect(await probe(target, tlsCheck({ verify: false, alpn: ['h2'] }))).toMatch(
      /none of the protocols h2|alert/,
    );
  });

  test('servers that refuse, speak no TLS, close, reset or say nothing are down', async () => {
    const check = tlsCheck({ verify: false });
    expect(await probe(await refusing(), check)).toMatch(/ECONNREFUSED/);
    expect(await probe(await serve(socket => socket.write('220 mail\r\n')), check)).toMatch(
      /wrong version|packet/i,
    );
    expect(await probe(await serve(socket => socket.end()), check)).toMatch(/disconnected|closed|hang up/);
    expect(await probe(await serve(socket => socket.resetAndDestroy()), check)).toMatch(
      /ECONNRESET|disconnected/,
    );
    expect(await probe(await serve(() => {}), check, 250)).toBe('no answer within 250 ms');
  });

  test.each([
    [{ servername: '10.0.0.1' }, "servername must be a name, not '10.0.0.1'"],
    [{ verify: 1 }, 'verify must be true or false'],
    [{ ca: 'x' }, 'ca must be in PEM'],
    [{ cert: valid }, 'key must be given with the other of the two'],
    [{ alpn: [] }, 'alpn must not be empty'],
    [{ minDays: -1 }, 'minDays must be between 0 and 36500'],
    [{ path: '/' }, "options has no option 'path'"],
  ])(
    'a TLS check with %j is refused by the name of its field, an HTTPS check by that in `tls`',
    (options, message) => {
      const begin = (text: string) =>
        expect.objectContaining({ message: expect.stringMatching(new RegExp(`^${text}`)) });
      expect(() => tlsCheck(options as TlsCheckOptions)).toThrow(begin(message));
      const nested = message.replace(/^options\b|^(?=\w)/, found => (found === '' ? 'tls.' : 'tls'));
      expect(() => httpsCheck({ tls: options as TlsOptions })).toThrow(begin(nested));
    },
  );
});

describe('an HTTPS check', () => {
  test('a request goes over TLS to the host of the certificate’s name, and both must be right', async () => {
    const hosts: (string | undefined)[] = [];
    const http = createServer(({ headers, url }, response) => {
      hosts.push(headers.host);
      response.writeHead(url === '/health' ? 200 : 500).end('ok');
    });
    const target = await secure(valid, socket => http.emit('connection', socket));
    const tls = { servername, ca: valid };
    const good = httpsCheck({ path: '/health', body: 'ok', tls });
    expect(good.name).toBe('https GET /health');
    expect(await probe(target, good)).toEqual({ state: 'up', answer: { detail: ends } });
    expect(await probe(target, httpsCheck({ tls }))).toBe('status 500');
    expect(await probe(target, httpsCheck({ path: '/health' }))).toMatch(/self-signed/);
    expect(hosts).toEqual([servername, servername]);
    expect(() => httpsCheck({ tls: { minDay: 1 } as never })).toThrow("tls has no option 'minDay'");
  });

  test('a check’s key and name hold no secret of its options, and differ where those do', () => {
    const tls = { cert: valid, key };
    const headers = { authorization: 'Basic c2VjcmV0' };
    const check = httpsCheck({ tls, headers });
    expect(`${check.key} ${check.name}`).not.toMatch(/PRIVATE|c2VjcmV0/);
    expect(check.key).not.toBe(httpsCheck({ tls }).key);
    expect(check.key).not.toBe(httpsCheck({ headers }).key);
  });

  test('a server that speaks no TLS is down', async () => {
    const target = await serve(socket => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\n')));
    expect(await probe(target, httpsCheck({ tls: { verify: false } }))).toMatch(/wrong version|packet/i);
  });
});
