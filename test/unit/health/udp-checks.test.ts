import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { decode, encode, type Packet } from 'dns-packet';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { decodeAnswer, dnsTypes, encodeQuestion } from '../../../lib/health/checks/dns-message.ts';
import {
  type CheckTarget,
  type DnsCheckOptions,
  dnsCheck,
  type UdpCheckOptions,
  udpCheck,
} from '../../../lib/health/index.ts';
import { probe, up } from './servers.ts';

/** A server on loopback that does something with each datagram, until the test is over. */
async function hear(
  onMessage: (server: Socket, message: Buffer, from: RemoteInfo) => void,
): Promise<CheckTarget> {
  const server = createSocket('udp4');
  server.on('message', (message, from) => onMessage(server, message, from));
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return { address: '127.0.0.1', port: server.address().port };
}

/** A server that answers each datagram by some others. */
function answering(answers: (message: Buffer) => readonly (string | Uint8Array)[]): Promise<CheckTarget> {
  return hear((server, message, from) => {
    for (const answer of answers(message)) server.send(answer, from.port, from.address);
  });
}

/** A port of loopback that refuses datagrams. */
async function refusing(): Promise<CheckTarget> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  await new Promise<void>(resolve => socket.close(() => resolve()));
  return { address: '127.0.0.1', port };
}

describe('a UDP check', () => {
  test('a server that answers what is expected is up, whatever else it says before', async () => {
    const target = await answering(message => ['noise', `pong ${message}`]);
    expect(await probe(target, udpCheck({ payload: 'ping', expect: /^pong ping$/ }))).toEqual(up);
    expect(await probe(target, udpCheck({ payload: new Uint8Array([1]), expect: 'pong \x01' }))).toEqual(up);
  });

  test('a server that never answers what is expected is down when the time is up', async () => {
    const target = await answering(() => ['noise']);
    expect(await probe(target, udpCheck({ expect: 'pong' }), 250)).toBe('no answer within 250 ms');
  });

  test('a port on which nothing listens is down by its refusal, whether an answer is expected or not', async () => {
    const target = await refusing();
    expect(await probe(target, udpCheck({ expect: 'pong' }))).toMatch(/ECONNREFUSED/);
    expect(await probe(target, udpCheck({ quiet: 1000 }))).toMatch(/ECONNREFUSED/);
  });

  test('silence is up where no answer is expected, and so is any answer, at once', async () => {
    expect(await probe(await hear(() => {}), udpCheck({ quiet: 50 }), 1000)).toEqual(up);
    expect(await probe(await answering(() => ['']), udpCheck({ quiet: 60_000 }), 1000)).toEqual(up);
  });

  test.each([
    [{ payload: 'x'.repeat(1401) }, 'payload.length must be between 0 and 1400, not 1401'],
    [{ payload: 1 }, 'payload must be a string or bytes'],
    [{ expect: '' }, 'expect must not be empty'],
    [{ quiet: 0 }, 'quiet must be between 1 and 86400000'],
    [{ port: -1 }, 'port must be between 1 and 65535'],
  ])('a UDP check with %j is refused by the name of its field', (options, message) => {
    expect(() => udpCheck(options as UdpCheckOptions)).toThrow(message);
  });
});

/** A server of DNS, as another program's library writes and reads it. */
function naming(answers: (question: Packet) => Partial<Packet>): Promise<CheckTarget> {
  return answering(message => {
    const { id, questions } = decode(message);
    return [encode({ type: 'response', id: id!, questions: questions!, ...answers(decode(message)) })];
  });
}

describe('a DNS check', () => {
  test('a question has the name and type, and an answer with a record of the type is up', async () => {
    const asked: unknown[] = [];
    const target = await naming(({ questions, flags }) => {
      const [{ name, type }] = questions as [{ name: string; type: string }];
      asked.push([name, type, ((flags ?? 0) & 0x100) !== 0]);
      return { answers: [{ name, type: 'A', data: '192.0.2.80' }] };
    });
    expect(await probe(target, dnsCheck({ name: 'www.Example.com.' }))).toEqual(up);
    expect(await probe(target, dnsCheck({ name: 'www.example.com', answer: '192.0.2.80' }))).toEqual(up);
    expect(await probe(target, dnsCheck({ name: 'a.b', answer: /^192\.0\.2\./g }))).toEqual(up);
    expect(await probe(target, dnsCheck({ name: 'a.b', answer: '192.0.2.81' }))).toBe('answered 192.0.2.80');
    expect(await probe(target, dnsCheck({ name: '.', type: 'SOA' }))).toBe('answered without a record SOA');
    expect(asked[0]).toEqual(['www.Example.com', 'A', true]);
    expect(asked.at(-1)).toEqual(['.', 'SOA', true]);
  });

  test.each([
    [3, 'answered NXDOMAIN'],
    [2, 'answered SERVFAIL'],
    [9, 'answered rcode 9'],
  ])('an answer with rcode %i is down', async (flags, reason) => {
    expect(await probe(await naming(() => ({ flags })), dnsCheck({ name: 'a.b' }))).toBe(reason);
  });

  test('answers to other questions are passed over, and garbage is down', async () => {
    const others = await answering(message => {
      const { id, questions } = decode(message);
      return [
        encode({ type: 'response', id: (id! + 1) & 0xffff, questions: questions!, flags: 3 }),
        message,
        encode({ type: 'response', id: id!, answers: [{ name: 'a.b', type: 'A', data: '192.0.2.1' }] }),
      ];
    });
    expect(await probe(others, dnsCheck({ name: 'a.b' }))).toEqual(up);
    const garbage = await answering(() => ['garbage']);
    expect(await probe(garbage, dnsCheck({ name: 'a.b' }))).toBe('the answer is no message of DNS');
    expect(await probe(await hear(() => {}), dnsCheck({ name: 'a.b' }), 250)).toBe('no answer within 250 ms');
  });

  test('an answer that is too long for UDP is asked for over TCP, in pieces too', async () => {
    const answers = [{ type: 'A' as const, name: 'a.b', data: '192.0.2.80' }];
    const asked: Buffer[] = [];
    const server = createServer(socket => {
      socket.once('data', (chunk: Buffer) => {
        asked.push(chunk);
        const whole = encode({ ...decode(chunk.subarray(2)), type: 'response', answers });
        const length = Buffer.from([whole.length >> 8, whole.length & 255]);
        const message = Buffer.concat([length, whole]);
        // Its length alone comes first, the rest in two pieces; an early end is no answer.
        const end = asked.length === 2 ? 20 : message.length;
        socket.write(message.subarray(0, 1));
        setTimeout(() => socket.write(message.subarray(1, 15)), 20);
        setTimeout(() => socket.end(message.subarray(15, end)), 40);
      });
    });
    const cut = await answering(message => {
      const { id, questions } = decode(message);
      // Cut off amid a record.
      const flags = 0x200;
      return [encode({ type: 'response', id: id!, questions: questions!, flags, answers }).subarray(0, -2)];
    });
    server.listen(cut.port, cut.address);
    await once(server, 'listening');
    try {
      expect(await probe(cut, dnsCheck({ name: 'a.b', answer: '192.0.2.80' }))).toEqual(up);
      expect(decode(asked[0]!.subarray(2)).questions).toMatchObject([{ name: 'a.b', type: 'A' }]);
      expect(await probe(cut, dnsCheck({ name: 'a.b' }))).toBe('closed before a whole answer over TCP');
    } finally {
      server.close();
    }
    expect(await probe(cut, dnsCheck({ name: 'a.b' }))).toMatch(/ECONNREFUSED/);
  });

  test('records are read as another program wrote them, compressed names too', () => {
    const label = fc.stringMatching(/^[a-z0-9-]{1,20}$/);
    const name = fc.array(label, { minLength: 1, maxLength: 5 }).map(labels => labels.join('.'));
    const number = fc.nat(65_535);
    const records = fc.oneof(
      fc.ipV4().map(data => ({ type: 'A' as const, data, text: data })),
      fc.tuple(number, number).map(([a, b]) => {
        const data = `2001:db8:${(a || 1).toString(16)}:1:1:1:1:${(b || 1).toString(16)}`;
        return { type: 'AAAA' as const, data, text: data };
      }),
      name.map(data => ({ type: 'CNAME' as const, data, text: data })),
      name.map(data => ({ type: 'NS' as const, data, text: data })),
      name.map(data => ({ type: 'PTR' as const, data, text: data })),
      fc.tuple(number, name).map(([preference, exchange]) => ({
        type: 'MX' as const,
        data: { preference, exchange },
        text: `${preference} ${exchange}`,
      })),
      fc.tuple(number, number, number, name).map(([priority, weight, port, target]) => ({
        type: 'SRV' as const,
        data: { priority, weight, port, target },
        text: `${priority} ${weight} ${port} ${target}`,
      })),
      fc.array(fc.string({ maxLength: 20 }), { minLength: 1, maxLength: 3 }).map(data => ({
        type: 'TXT' as const,
        data,
        text: data.join(''),
      })),
    );
    fc.assert(
      fc.property(number, name, records, (id, asked, { type, data, text }) => {
        const question = encodeQuestion(id, asked, type);
        expect(decode(question)).toMatchObject({
          id,
          type: 'query',
          questions: [{ name: asked, type, class: 'IN' }],
        });
        const answer = encode({
          type: 'response',
          id,
          questions: [{ name: asked, type }],
          answers: [
            { name: asked, type: type === 'CNAME' ? 'NS' : 'CNAME', data: 'other.example' },
            { name: asked, type, data } as never,
          ],
        });
        expect(decodeAnswer(answer, id, type)).toEqual({ rcode: 0, records: [text], isCut: false });
      }),
    );
    expect(dnsTypes.SOA).toBe(6);
  });

  test('any bytes are read to their end, or refused as no message, in a circle of names too', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 80 }),
        fc.constantFrom(...Object.keys(dnsTypes)),
        (tail, type) => {
          const bytes = Buffer.concat([Buffer.from([0, 7, 0x80, 0, 0, 1, 0, 2, 0, 0, 0, 0]), tail]);
          try {
            decodeAnswer(bytes, 7, type as 'A');
          } catch (error) {
            expect((error as Error).message).toBe('the answer is no message of DNS');
          }
        },
      ),
    );
    const circle = Buffer.from([0, 7, 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12]);
    expect(() => decodeAnswer(circle, 7, 'A')).toThrow('the answer is no message of DNS');
  });

  test.each([
    [{ name: 'a..b' }, 'name must have labels of 1 to 63 characters'],
    [{ name: '' }, 'name must have labels of 1 to 63 characters'],
    [{ name: 'x'.repeat(64) }, 'name must have labels of 1 to 63 characters'],
    [{}, 'name must be a string, not undefined'],
    [{ name: 'a.b', type: 'ANY' }, "type must be one of 'A', "],
    [{ name: 'a.b', answer: 'web' }, "answer must be an address, not 'web'"],
    [{ name: 'a.b', answer: 7 }, 'answer must be a string or a regular expression'],
  ])('a DNS check with %j is refused by the name of its field', (options, message) => {
    expect(() => dnsCheck(options as DnsCheckOptions)).toThrow(message);
  });
});
