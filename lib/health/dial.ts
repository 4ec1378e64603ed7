import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { closeSync } from 'node:fs';
import { connect, Socket } from 'node:net';
import { type DialWay, dialNative } from '../addon/dialer.ts';
import { createSignals } from '../calls/signals.ts';
import { validateChoice, validateInteger, validateObject, wrongType } from '../model/arguments.ts';
import { keysOf } from '../model/numbers.ts';
import { namespaceTarget } from '../namespace.ts';
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
 * const listener = createServer(socket => socket.resume()).listen(0, '127.0.0.1');
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
  const isNative = mark !== undefined || device !== undefined || netns !== undefined;
  if (protocol === 'udp') return untilEnd(ending, isNative ? adoptUdp(way) : connectUdp(way));
  return untilEnd(ending, isNative ? adoptTcp(way) : connectTcp(way));
}

type Way = ReturnType<typeof validateWay>;

/** Begins something, and returns what takes it back. */
type Begin<S> = (done: Done<S>) => () => void;

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

/** What is under way by the signals of callers, each of which may have many. */
const signals = createSignals<(reason: unknown) => void>((giveUp, reason) => giveUp(reason));

/** Begins something, and takes it back when the time is up or the signal aborted. */
function untilEnd<S>({ timeout, signal, name }: Ending, begin: Begin<S>): Promise<S> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason);
      return;
    }
    let timer: NodeJS.Timeout | undefined;
    const settle = (error: unknown, socket?: S) => {
      clearTimeout(timer);
      if (signal !== undefined) signals.remove(signal, giveUp);
      if (socket === undefined) reject(error);
      else resolve(socket);
    };
    const cancel = begin(settle);
    const giveUp = (reason: unknown) => {
      cancel();
      settle(reason);
    };
    if (signal !== undefined) signals.add(signal, giveUp);
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

/** By node:net, which knows of sources, and needs no addon. */
function connectTcp({ address, port, source }: Way): Begin<Socket> {
  return done => {
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
  };
}

/** By the addon: Node.js adopts the connected descriptor. */
function adoptTcp(way: Way): Begin<Socket> {
  return done =>
    dialNative(nativeWay(way, true), (error, fd) => {
      if (error !== undefined) done(error);
      else adopt(fd, done, () => new Socket({ fd, readable: true, writable: true }));
    });
}

/** By node:dgram, which needs no addon. */
function connectUdp({ address, port, source }: Way): Begin<UdpSocket> {
  return done => {
    const socket = createSocket(typeOf(address));
    return connectDatagrams(socket, address, port, done, connectNow => {
      if (source === undefined) connectNow();
      else socket.bind({ address: source, port: 0 }, connectNow);
    });
  };
}

/** By the addon, whose descriptor Node.js adopts and connects: that sends nothing, and waits for nothing. */
function adoptUdp(way: Way): Begin<UdpSocket> {
  return done => {
    let cancel = dialNative(nativeWay(way, false), (error, fd) => {
      if (error !== undefined) {
        done(error);
        return;
      }
      const { address, port } = way;
      adopt<UdpSocket>(fd, done, () => {
        const socket = createSocket(typeOf(address));
        cancel = connectDatagrams(socket, address, port, done, connectNow => socket.bind({ fd }, connectNow));
        return undefined;
      });
    });
    return () => cancel();
  };
}

function typeOf(address: string): 'udp4' | 'udp6' {
  return address.includes(':') ? 'udp6' : 'udp4';
}

function nativeWay({ address, port, mark, device, source, netns }: Way, isStream: boolean): DialWay {
  return { address, port, isStream, mark, device, source, namespace: namespaceTarget(netns) };
}

/** Makes a socket of a descriptor, which is closed if that fails. One that is not ready yet is done later. */
function adopt<S>(fd: number, done: Done<S>, make: () => S | undefined): void {
  let socket: S | undefined;
  try {
    socket = make();
  } catch (error) {
    closeSync(fd);
    done(error);
    return;
  }
  if (socket !== undefined) done(undefined, socket);
}

/** Connects a socket once it is bound. Returns what takes it back. */
function connectDatagrams(
  socket: UdpSocket,
  address: string,
  port: number,
  done: Done<UdpSocket>,
  bind: (connectNow: () => void) => void,
): () => void {
  let isOver = false;
  const end = (error: unknown) => {
    if (isOver) return;
    isOver = true;
    socket.off('error', end);
    if (error === undefined) {
      done(undefined, socket);
      return;
    }
    socket.on('error', () => {});
    socket.close();
    done(error);
  };
  socket.on('error', end);
  // An error of connect() itself comes as the argument, though the types know of none.
  bind(() => socket.connect(port, address, ((error?: Error) => end(error)) as () => void));
  return () => {
    if (isOver) return;
    isOver = true;
    socket.on('error', () => {});
    socket.close();
  };
}
