import { expect, test } from 'vitest';
import type { Connection, Destination, ServiceWithDestinations } from '../../../lib/index.ts';
import { diagnose } from '../../lab/faults/diagnose.ts';
import type { Reply } from '../../lab/hosts/peer.ts';

const virtual = { address: '10.0.0.1', port: 80 };
const good: Reply = { milliseconds: 1, server: 'one', client: '10.0.0.9' };
const bad: Reply = { milliseconds: 1, failure: 'no answer within 2 s' };

function stats(connections: number, inPackets: number, outPackets: number) {
  const none = { connections: 0, inPackets: 0, outPackets: 0, inBytes: 0, outBytes: 0 };
  return { ...none, connections, inPackets, outPackets, rates: none };
}

function service(
  counted: ReturnType<typeof stats>,
  changes: Partial<Destination> = {},
): ServiceWithDestinations {
  const destination = {
    address: '10.0.1.1',
    port: 8080,
    forwarding: 'masquerade',
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
    activeConnections: 0,
    inactiveConnections: 0,
    persistentConnections: 0,
    stats: counted,
    ...changes,
  } as Destination;
  return {
    protocol: 'tcp',
    ...virtual,
    scheduler: 'rr',
    schedulerFlags: [],
    onePacket: false,
    stats: counted,
    destinations: [destination],
  };
}

function connection(state: string): Connection {
  return {
    protocol: 'tcp',
    client: { address: '10.0.0.9', port: 40_000 },
    virtual,
    destination: { address: '10.0.1.1', port: 8080 },
    state,
    expires: 60,
    template: false,
  };
}

test('a director that answers every request has no fault', () => {
  const evidence = { replies: [good, good], service: service(stats(2, 10, 8)), connections: [] };
  expect(diagnose(evidence)).toEqual({
    fault: 'none',
    words: 'Nothing is wrong: every request was answered (2), and the director saw them all.',
  });
});

test('a port at which nobody listens is found by its refused connections', () => {
  const evidence = {
    replies: [bad, bad],
    service: service(stats(2, 2, 2)),
    connections: [connection('CLOSE'), connection('CLOSE')],
  };
  const { fault, words } = diagnose(evidence);
  expect(fault).toBe('refused');
  expect(words).toMatch(/^10\.0\.1\.1:8080 answers/);
});

test('answers that do not come back through the director are found', () => {
  const evidence = {
    replies: [bad],
    service: service(stats(1, 3, 0)),
    connections: [connection('SYN_RECV')],
  };
  expect(diagnose(evidence)).toEqual({
    fault: 'no-way-back',
    words:
      'Packets come in for 10.0.1.1:8080 (3) and none go out: its answers do not come back through the director. Is the director its default gateway?',
  });
});

test('clients that reach a server past the director are found', () => {
  const evidence = { replies: [good, good, good], service: service(stats(1, 1, 0)), connections: [] };
  const { fault, words } = diagnose(evidence);
  expect(fault).toBe('bypassed');
  expect(words).toMatch(/^3 requests were answered, but the director saw 1:/);
});

test('a server that does not take packets for the virtual IP is found', () => {
  const evidence = {
    replies: [bad],
    service: service(stats(1, 2, 0), { forwarding: 'direct' }),
    connections: [connection('SYN_RECV')],
  };
  expect(diagnose(evidence).fault).toBe('not-taken');
});

test('a director without service or server, or without traffic, is found', () => {
  const replies = [bad];
  expect(diagnose({ replies, service: undefined, connections: [] }).fault).toBe('no-service');
  const idle = service(stats(0, 0, 0));
  expect(diagnose({ replies, service: idle, connections: [] }).fault).toBe('unreached');
  expect(diagnose({ replies, service: { ...idle, destinations: [] }, connections: [] }).fault).toBe(
    'no-server',
  );
  const quiesced = service(stats(0, 0, 0), { weight: 0 });
  expect(diagnose({ replies, service: quiesced, connections: [] }).fault).toBe('no-server');
});

test('a failure that nothing explains is diagnosed as unknown', () => {
  const evidence = {
    replies: [good, bad],
    service: service(stats(2, 10, 8)),
    connections: [connection('ESTABLISHED'), connection('CLOSE')],
  };
  expect(diagnose(evidence).fault).toBe('unknown');
});
