import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { describe, expect, onTestFinished, test } from 'vitest';
import { native } from '../../../lib/addon/load.ts';
import { type DialOptions, dial } from '../../../lib/health/index.ts';
import { refusing, serve } from './servers.ts';

const descriptors = () => readdirSync('/proc/self/fd').length;

/** Containers may have none. */
const hasIpv6 = Object.values(networkInterfaces()).some(all => all?.some(({ address }) => address === '::1'));

/** Waits until descriptors that are closed by and by are so. */
async function settledDescriptors(most: number): Promise<number> {
  for (let i = 0; i < 100 && descriptors() > most; i++) await sleep(10);
  return descriptors();
}

/** By node:net and node:dgram, and by the addon: any device does that loopback has. */
const ways = [
  ['Node.js', {}],
  ['the addon', { device: 'lo' }],
  ['the addon with a source', { device: 'lo', source: '127.0.0.1' }],
  ['Node.js with a source', { source: '127.0.0.1' }],
] as const;

describe.each(ways)('a socket dialled by %s', (_, way) => {
  test(`a TCP socket is connected, speaks both ways, and carries HTTP (${Object.keys(way)})`, async () => {
    const target = await serve(socket => {
      socket.once('data', data => {
        if (`${data}`.startsWith('GET ')) socket.end('HTTP/1.1 204 No Content\r\n\r\n');
        else socket.end(`${data} to you`);
      });
    });
    const socket = await dial({ ...target, ...way });
    expect([socket.remoteAddress, socket.remotePort, socket.connecting]).toEqual([
      '127.0.0.1',
      target.port,
      false,
    ]);
    socket.write('hello');
    expect(`${await once(socket, 'data')}`).toBe('hello to you');
    const other = await dial({ ...target, ...way });
    const [answer] = await once(get({ path: '/', createConnection: () => other }), 'response');
    expect(answer.statusCode).toBe(204);
  });

  test(`a refused connection is an error as node:net’s, and leaves no descriptor (${Object.keys(way)})`, async () => {
    const target = await refusing();
    await dial({ ...target, ...way }).catch(() => {});
    const before = descriptors();
    const errors = await Promise.all(
      Array.from({ length: 50 }, () => dial({ ...target, ...way }).catch(error => error)),
    );
    for (const error of errors) {
      expect(error).toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect', ...target });
      expect(error.message).toBe(`connect ECONNREFUSED 127.0.0.1:${target.port}`);
    }
    expect(await settledDescriptors(before)).toBeLessThanOrEqual(before);
  });

  test(`a UDP socket is connected, speaks both ways, and is told of a refusal (${Object.keys(way)})`, async () => {
    const server = createSocket('udp4', (message, from) => server.send(`${message} to you`, from.port));
    server.bind(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address();
    const socket = await dial({ protocol: 'udp', address: '127.0.0.1', port, ...way });
    onTestFinished(() => {
      socket.close();
    });
    expect(socket.remoteAddress().port).toBe(port);
    socket.send('hello');
    expect(`${(await once(socket, 'message'))[0]}`).toBe('hello to you');
    await new Promise<void>(resolve => server.close(() => resolve()));
    socket.send('hello');
    await expect(once(socket, 'message')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test.skipIf(!hasIpv6)(`an IPv6 address is dialled, too (${Object.keys(way)})`, async () => {
    const server = createServer(socket => socket.end('six')).listen(0, '::1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
    });
    const { port } = server.address() as { readonly port: number };
    const { source: _, ...rest } = { source: undefined, ...way };
    const socket = await dial({ address: '::1', port, ...rest });
    expect(`${await once(socket, 'data')}`).toBe('six');
  });

  test(`a dial that was given up before it began connects nothing (${Object.keys(way)})`, async () => {
    let connections = 0;
    const target = await serve(() => connections++);
    const reason = new Error('enough');
    await expect(dial({ ...target, ...way, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(connections).toBe(0);
  });
});

describe('dialling', () => {
  test.each([
    [{ address: 'web' }, 'address must be an IPv4 or IPv6 address'],
    [{ port: 0 }, 'port must be between 1 and 65535'],
    [{ protocol: 'sctp' }, "protocol must be one of 'tcp', 'udp'"],
    [{ mark: 0 }, 'mark must be between 1 and 4294967295'],
    [{ device: '' }, 'device must be the name of a network device'],
    [{ source: '::1' }, 'source must be of the family of 127.0.0.1'],
    [{ netns: 1e6 }, 'netns must be an open descriptor'],
    [{ timeout: 0 }, 'timeout must be between 1 and 2147483647'],
    [{ signal: 1 }, 'signal must be an AbortSignal'],
    [{ host: 'x' }, "options has no option 'host'"],
  ])('a dial with %j is refused by the name of its field', async (wrong, message) => {
    const options = { address: '127.0.0.1', port: 80, ...wrong } as DialOptions & { protocol: 'udp' };
    await expect(dial(options)).rejects.toThrow(message);
  });

  test('a device, source or namespace that is not there is told by its name', async () => {
    const target = await refusing();
    await expect(dial({ ...target, device: 'none0' })).rejects.toMatchObject({
      code: 'ENODEV',
      message: `connect ENODEV 127.0.0.1:${target.port}: binding to the device none0`,
    });
    await expect(dial({ ...target, device: 'lo', source: '192.0.2.1' })).rejects.toMatchObject({
      code: 'EADDRNOTAVAIL',
      message: expect.stringContaining('binding to the address 192.0.2.1'),
    });
    await expect(dial({ ...target, netns: '/nonexistent/ns' })).rejects.toMatchObject({
      code: 'ENOENT',
      message: expect.stringContaining('entering the network namespace /nonexistent/ns'),
    });
  });

  test('many sockets at once are dialled by the addon, cancelled in between, and none is left', async () => {
    const target = await serve(socket => socket.resume());
    await dial({ ...target, device: 'lo' }).then(socket => socket.destroy());
    await sleep(50);
    const before = descriptors();
    const controller = new AbortController();
    const outcomes = Array.from({ length: 300 }, (_, i) =>
      dial({ ...target, device: 'lo', ...(i % 3 === 0 ? { signal: controller.signal } : {}) }).then(
        socket => socket.destroy() && 'connected',
        error => error.message as string,
      ),
    );
    setImmediate(() => controller.abort(new Error('enough')));
    const said = await Promise.all(outcomes);
    expect(said.filter((_, i) => i % 3 !== 0).every(word => word === 'connected')).toBe(true);
    expect(said.every(word => word === 'connected' || word === 'enough')).toBe(true);
    expect(await settledDescriptors(before)).toBeLessThanOrEqual(before);
  });

  test('a worker_thread that ends in the middle of dialling takes its sockets with it', async () => {
    const target = await serve(socket => socket.resume());
    const before = descriptors();
    const worker = new Worker(
      `const { workerData: { addon, port }, parentPort } = require('node:worker_threads');
       const { Socket } = require('node:net');
       const { dial, take } = require(addon).createDialer(() => {
         new Socket({ fd: take(), readable: true, writable: true });
       });
       for (let i = 0; i < 50; i++) dial(i, '127.0.0.1', port, true, 0, 'lo', '', undefined);
       parentPort.postMessage('begun');`,
      {
        eval: true,
        workerData: {
          addon: join(import.meta.dirname, '../../../native/build/Release/ipvs.node'),
          port: target.port,
        },
      },
    );
    await once(worker, 'message');
    await worker.terminate();
    // A thread that is ended between take() and the making of the socket leaves that one open at both its ends.
    expect(await settledDescriptors(before)).toBeLessThanOrEqual(before + 2);
  });

  test('wrong uses of the addon’s dialer are a TypeError', () => {
    const { createDialer } = native() as unknown as Record<string, (...args: readonly unknown[]) => never>;
    expect(() => createDialer!()).toThrow(TypeError);
    const dialer = createDialer!(() => {}) as Record<string, (...args: readonly unknown[]) => unknown>;
    expect(() => dialer['dial']!()).toThrow(TypeError);
    expect(() => dialer['dial']!(1, 'web', 80, true, 0, '', '', undefined)).toThrow(TypeError);
    expect(() => dialer['cancel']!('x')).toThrow(TypeError);
    expect(dialer['cancel']!(7)).toBeUndefined();
    expect(dialer['take']!()).toBe(-1);
  });
});
