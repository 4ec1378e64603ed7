import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { validateChoice, validateInteger, validateObject, wrongType } from '../model/arguments.ts';
import { keysOf } from '../model/numbers.ts';
import { validateWay } from './target.ts';
import type { DialOptions } from './types.ts';

const dialKeys = keysOf<DialOptions>({
  address: true,
  port: true,
  protocol: true,
  mark: true,
  device: true,
  source: true,
  netns: true,
  timeout: true,
  signal: true,
});

const protocols = { tcp: 0, udp: 1 };

/**
 * Connects a UDP socket: it takes datagrams of that address and port alone, and tells what ICMP refuses.
 *
 * @example
 * ```ts
 * const socket = await dial({ protocol: 'udp', address: '127.0.0.1', port: 53 });
 * socket.close();
 * ```
 */
export function dial(options: DialOptions & { readonly protocol: 'udp' }): Promise<UdpSocket>;
/**
 * Connects a TCP socket. Nothing waits on the JavaScript thread. What it resolves with is the caller's, who
 * destroys it; when it rejects nothing is left open.
 *
 * Rejects with an error of the kernel's (`code` is ECONNREFUSED and the like), with ETIMEDOUT after `timeout`,
 * with the reason of `signal`, or with an `InvalidArgumentError` for a wrong option.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:net';
 * import { once } from 'node:events';
 *
 * const listener = createServer(socket => socket.end('hello')).listen(0, '127.0.0.1');
 * await once(listener, 'listening');
 * const { port } = listener.address() as { port: number };
 * const socket = await dial({ address: '127.0.0.1', port, timeout: 2000 });
 * socket.destroy();
 * listener.close();
 * ```
 */
export function dial(options: DialOptions & { readonly protocol?: 'tcp' | undefined }): Promise<Socket>;
export async function dial(options: DialOptions): Promise<Socket | UdpSocket> {
  validateObject('options', options, dialKeys);
  const { address, port, protocol = 'tcp', mark, device, source, netns, timeout, signal } = options;
  const way = validateWay({ address, port, mark, device, source, netns });
  validateChoice('protocol', protocol, protocols);
  if (timeout !== undefined) validateInteger('timeout', timeout, 1, 0x7fff_ffff);
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw wrongType('signal', 'an AbortSignal', signal);
  }
  const ending = { timeout, signal, name: nameOf(way) };
  return protocol === 'udp'
    ? untilEnd(ending, done => connectUdp(way, done))
    : untilEnd(ending, done => connectTcp(way, done));
}

type Way = ReturnType<typeof validateWay>;

/** Called with an error, or with a socket. */
type Done<S> = (error: unknown, socket?: S) => void;

interface Ending {
  readonly timeout: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** What is connected to, for people. */
  readonly name: string;
}

function nameOf({ address, port }: Way): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Begins something, and takes it back when the time is up or the signal aborted. */
function untilEnd<S>({ timeout, signal, name }: Ending, begin: (done: Done<S>) => () => void): Promise<S> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason);
      return;
    }
    let timer: NodeJS.Timeout | undefined;
    const settle = (error: unknown, socket?: S) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      if (socket === undefined) reject(error);
      else resolve(socket);
    };
    const cancel = begin(settle);
    const giveUp = (reason: unknown) => {
      cancel();
      settle(reason);
    };
    const onAbort = () => giveUp(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (timeout !== undefined) {
      timer = setTimeout(() => {
        giveUp(
          Object.assign(new Error(`connect ${name}: no connection within ${timeout} ms`), {
            code: 'ETIMEDOUT',
            syscall: 'connect',
          }),
        );
      }, timeout);
    }
  });
}

function connectTcp({ address, port, source }: Way, done: Done<Socket>): () => void {
  const socket = connect({
    host: address,
    port,
    autoSelectFamily: false,
    ...(source === undefined ? {} : { localAddress: source }),
  });
  const forget = () => {
    socket.off('connect', onConnect);
    socket.off('error', onError);
  };
  const onConnect = () => {
    forget();
    done(undefined, socket);
  };
  const onError = (error: Error) => {
    forget();
    socket.destroy();
    done(error);
  };
  socket.on('connect', onConnect);
  socket.on('error', onError);
  return () => {
    forget();
    socket.on('error', () => {});
    socket.destroy();
  };
}

function connectUdp({ address, port, source }: Way, done: Done<UdpSocket>): () => void {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  let isOver = false;
  const end = (error: unknown) => {
    if (isOver) return;
    isOver = true;
    socket.off('error', end);
    if (error === undefined) {
      done(undefined, socket);
      return;
    }
    socket.close();
    done(error);
  };
  socket.on('error', end);
  const connectNow = () => {
    // An error of connect() itself comes as the argument, though the types know of none.
    socket.connect(port, address, ((error?: Error) => end(error)) as () => void);
  };
  if (source === undefined) connectNow();
  else socket.bind({ address: source, port: 0 }, connectNow);
  return () => {
    if (isOver) return;
    isOver = true;
    socket.on('error', () => {});
    socket.close();
  };
}
