import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { createMonitor, customCheck, type TcpCheckOptions, tcpCheck } from '../../../lib/health/index.ts';
import { probe, refusing, serve, up } from './servers.ts';

describe('a TCP check', () => {
  test('a server that takes connections is up, and its connection is reset at once', async () => {
    let ended: (how: string) => void;
    const end = new Promise<string>(resolve => (ended = resolve));
    const target = await serve(socket => {
      socket.resume();
      socket.on('error', ({ code }: NodeJS.ErrnoException) => ended(String(code)));
      socket.on('end', () => ended('end'));
    });
    expect(await probe(target, tcpCheck())).toEqual(up);
    expect(await end).toBe('ECONNRESET');
  });

  test('a port on which nothing listens is down by ECONNREFUSED', async () => {
    const target = await refusing();
    expect(await probe(target, tcpCheck())).toBe(`connect ECONNREFUSED 127.0.0.1:${target.port}`);
  });

  test('a check of another port goes there', async () => {
    const target = await serve(() => {});
    expect(await probe({ ...(await refusing()) }, tcpCheck({ port: target.port }))).toEqual(up);
    expect(await probe(target, tcpCheck({ port: (await refusing()).port }))).toMatch(/ECONNREFUSED/);
  });

  test('an answer may come in pieces, after what was sent', async () => {
    const target = await serve(socket => {
      socket.on('data', data => {
        if (`${data}` !== 'PING\r\n') return;
        for (const [i, piece] of [...'+PONG\r\n'].entries()) setTimeout(() => socket.write(piece), 5 * i);
      });
    });
    expect(await probe(target, tcpCheck({ send: 'PING\r\n', expect: '+PONG' }))).toEqual(up);
    expect(await probe(target, tcpCheck({ send: Buffer.from('PING\r\n'), expect: /^\+PONG\r\n$/ }))).toEqual(
      up,
    );
  });

  test('a greeting is looked for as text, as bytes and by an expression that remembers nothing', async () => {
    const target = await serve(socket => socket.write('220 mail.example\r\n'));
    for (const expect_ of ['220 ', new Uint8Array([0x32, 0x32, 0x30]), /^220 /gm] as const) {
      const check = tcpCheck({ expect: expect_ });
      expect(await probe(target, check)).toEqual(up);
      expect(await probe(target, check)).toEqual(up);
    }
  });

  test('a server that says something else and closes is down, and what it said is told', async () => {
    const target = await serve(socket => socket.end('554 no\r\n'));
    expect(await probe(target, tcpCheck({ expect: /^220 / }))).toBe('closed without /^220 /: "554 no\\r\\n"');
  });

  test('a server that resets is down', async () => {
    const target = await serve(socket => socket.resetAndDestroy());
    expect(await probe(target, tcpCheck({ expect: 'x' }))).toMatch(/ECONNRESET|closed without/);
  });

  test('a server that says nothing is down when the time is up', async () => {
    const target = await serve(() => {});
    expect(await probe(target, tcpCheck({ expect: 'x' }), 250)).toBe('no answer within 250 ms');
  });

  test('a server that talks without end is down once it has said too much', async () => {
    const target = await serve(socket => {
      const talk = () => {
        while (socket.write('y'.repeat(10_000))) {}
      };
      socket.on('drain', talk);
      talk();
    });
    expect(await probe(target, tcpCheck({ expect: 'x', maxBytes: 100 }))).toBe(
      'no "x" in the first 100 bytes',
    );
  });

  test.each([
    [{ expect: '' }, "expect must not be empty, not ''"],
    [{ expect: 7 }, 'expect must be a string or bytes, not 7'],
    [{ send: 7 }, 'send must be a string or bytes, not 7'],
    [{ maxBytes: 0 }, 'maxBytes must be between 1 and 1048576, not 0'],
    [{ port: 65_536 }, 'port must be between 1 and 65535, not 65536'],
    [{ sent: 'x' }, "options has no option 'sent'"],
  ])('a TCP check with %j is refused by the name of its field', (options, message) => {
    expect(() => tcpCheck(options as TcpCheckOptions)).toThrow(message);
  });

  test('checks of equal options are the same check, and of unequal ones another', () => {
    expect(tcpCheck({ send: 'a', expect: /b/ }).key).toBe(tcpCheck({ expect: /b/, send: 'a' }).key);
    expect(tcpCheck({ send: 'a' }).key).toBe(tcpCheck({ send: Buffer.from('a') }).key);
    const keys = [{}, { expect: 'b' }, { expect: /b/ }, { expect: /b/i }, { port: 1 }, { send: 'b' }].map(
      options => tcpCheck(options).key,
    );
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('a check of one’s own', () => {
  test('a socket of a custom check is destroyed when the check is over', async () => {
    const target = await serve(() => {});
    const closed = new Promise(resolve =>
      target.server.on('connection', socket => socket.on('close', resolve).resume()),
    );
    const check = customCheck('leaves its socket', async (_, { dial }) => {
      await dial();
    });
    expect(await probe(target, check)).toEqual(up);
    await closed;
  });

  test('a check whose time is up connects no socket any more, by a signal of its own neither', async () => {
    let connections = 0;
    const target = await serve(() => connections++);
    let dialled: unknown;
    const check = customCheck('is late', async (_, { dial, signal }) => {
      await once(signal, 'abort');
      dialled = await dial({ signal: new AbortController().signal }).catch(error => error);
    });
    expect(await probe(target, check, 250)).toBe('no answer within 250 ms');
    expect(dialled).toEqual(new Error('no answer within 250 ms'));
    expect(connections).toBe(0);
  });

  test('functions are told apart, and one function under one name is one check', () => {
    const one = async () => {};
    expect(customCheck('a', one).key).toBe(customCheck('a', one).key);
    expect(customCheck('a', async () => {}).key).not.toBe(customCheck('a', async () => {}).key);
    expect(() => customCheck('', one)).toThrow('name must not be empty');
    expect(() => customCheck('a', 7 as never)).toThrow('check must be a function');
  });
});

test('answers that came while the event loop stood count, though the time is up', async () => {
  const target = await serve(() => {});
  const monitor = createMonitor();
  const health = new Promise<string>(resolve => {
    monitor.follow(target, tcpCheck(), { jitter: 0, timeout: 100 }, ({ state, reason }) =>
      resolve(reason ?? state),
    );
  });
  // The probe begins with the timer; its connection is there long before the loop turns again.
  setTimeout(() => {
    const end = performance.now() + 300;
    while (performance.now() < end) {}
  }, 1);
  expect(await health).toBe('up');
  await monitor.close();
});
