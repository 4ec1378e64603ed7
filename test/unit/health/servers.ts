import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import {
  type CheckAnswer,
  type CheckTarget,
  createMonitor,
  type NamedCheck,
  type TargetHealth,
} from '../../../lib/health/index.ts';

/** A server on loopback that does something with each connection, until the test is over. Returns a target. */
export async function serve(
  onSocket: (socket: Socket) => void,
): Promise<CheckTarget & { readonly server: Server }> {
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = server.address() as { readonly port: number };
  // The server is no part of the target.
  return Object.defineProperty({ address: '127.0.0.1', port } as CheckTarget & { server: Server }, 'server', {
    value: server,
    enumerable: false,
  });
}

/** A port of loopback on which nothing listens. */
export async function refusing(): Promise<CheckTarget> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  server.close();
  await once(server, 'close');
  return { address: '127.0.0.1', port };
}

/** What one probe says of a target: 'up' with its answer, or why it failed. */
export async function probe(
  { address, port, service }: CheckTarget,
  check: NamedCheck,
  timeout = 5000,
): Promise<{ readonly state: 'up'; readonly answer: CheckAnswer | undefined } | string> {
  const monitor = createMonitor();
  const target = { address, port, ...(service === undefined ? {} : { service }) };
  const health = await new Promise<TargetHealth>(resolve => {
    monitor.follow(target, check, { jitter: 0, timeout }, resolve);
  });
  await monitor.close();
  return health.passed ? { state: 'up', answer: health.answer } : health.reason!;
}

/** What a probe says of a healthy target that adds nothing to it. */
export const up = { state: 'up', answer: undefined };
