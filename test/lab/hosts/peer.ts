import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Network } from './network.ts';
import type { Scope } from './scope.ts';

/** The reply to a request, or the failure to get one. */
export type Reply = { readonly milliseconds: number } & (
  | {
      /** The name of the server that answered. */
      readonly server: string;
      /** The client's address as that server saw it. */
      readonly client: string;
      /** The sender of the answer to a datagram. */
      readonly source?: string;
      readonly failure?: undefined;
    }
  | {
      readonly server?: undefined;
      readonly client?: undefined;
      readonly source?: undefined;
      readonly failure: string;
    }
);

/** A server's own counts. */
export interface Served {
  readonly connections: number;
  readonly requests: number;
}

/** How to send a request. */
export interface AskOptions {
  /** Milliseconds to wait for the answer. */
  readonly timeout: number;
  /** The client's own address, if it has several. */
  readonly from?: string | undefined;
}

/** A connection that stays open. */
export type Held = Reply & { readonly connection: number };

/**
 * The process of one host. No answer from another host is a reply too: these reject only when the process
 * fails.
 */
export interface Peer {
  readonly host: string;
  /** Serves HTTP, answering with the host's name. Resolves when it listens. */
  serve(port: number, address?: string): Promise<void>;
  /** The counts of the server on a port. */
  served(port: number): Promise<Served>;
  /** Sends a request over a connection of its own. */
  get(url: string, options: AskOptions): Promise<Reply>;
  /** Sends a request and keeps the connection open. */
  hold(url: string, options: AskOptions): Promise<Held>;
  /** Sends one more request over a connection that was kept open. */
  askAgain(held: Held, timeout: number): Promise<Reply>;
  /** Closes connections that were kept open, with `reset` by a RST instead of a FIN. */
  release(held: readonly Held[], options?: { readonly reset?: boolean }): Promise<void>;
  /** Answers datagrams with the host's name. Resolves when it is bound. */
  serveUdp(port: number, address?: string): Promise<void>;
  /** The number of datagrams that a port has had. */
  servedUdp(port: number): Promise<Served>;
  /** Sends datagrams from one socket, each after the answer to the one before. */
  askUdp(question: UdpQuestion): Promise<readonly Reply[]>;
  /**
   * Calls another function of programs/*.mjs. Rejects when it throws or takes longer than `patience`
   * milliseconds.
   */
  call(method: string, parameters: object, patience?: number): Promise<unknown>;
}

/** A number of datagrams to be sent. */
export interface UdpQuestion {
  readonly address: string;
  readonly port: number;
  /** Milliseconds to wait for each answer. */
  readonly timeout: number;
  readonly payloads: readonly string[];
  /** The socket's own address and port; default: any. */
  readonly from?: { readonly address?: string; readonly port?: number };
}

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

const program = fileURLToPath(new URL('programs/peer.mjs', import.meta.url));
/**
 * Milliseconds for a call that takes no time by itself, but may wait for Node.js to start on a busy emulated
 * machine.
 */
const PATIENCE = 90_000;

/** Starts a host's process, and ends it with the scope. Does not wait until it runs: the first call does. */
export function startPeer(scope: Scope, network: Network, host: string): Peer {
  const { NODE_OPTIONS: _, ...env } = process.env; // this process's loaders, which the peer does not need
  const [command, ...args] = network.entrance(host);
  const child = spawn(command, [...args, process.execPath, program], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env,
    // Only this process handles a Ctrl-C.
    detached: true,
  });
  const waiting = new Map<number, Waiting>();
  let calls = 0;
  let complaint = '';
  let ended: Error | undefined;
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-4096);
  });
  const end = (error: Error) => {
    ended ??= error;
    for (const { reject } of waiting.values()) reject(error);
  };
  const closed = new Promise<void>(resolve => {
    child.on('error', error => {
      end(error);
      resolve();
    });
    child.on('close', status => {
      end(new Error(`the process of ${host} ended with status ${status}: ${complaint.trim()}`));
      resolve();
    });
  });
  child.on('message', message => {
    const { id, value, error } = message as Answer;
    if (error === undefined) waiting.get(id)?.resolve(value);
    else waiting.get(id)?.reject(new Error(`${host}: ${error}`));
  });
  scope.defer(async () => {
    child.kill('SIGKILL');
    await closed;
  });

  async function call(method: string, parameters: object, patience = PATIENCE): Promise<unknown> {
    scope.signal.throwIfAborted();
    if (ended !== undefined) throw ended;
    const id = ++calls;
    const { promise, resolve, reject } = withResolvers();
    waiting.set(id, { resolve, reject });
    const expire = () => reject(new Error(`${host} did not ${method} within ${patience / 1000} s`));
    const timer = setTimeout(expire, patience);
    const abort = () => reject(scope.signal.reason);
    scope.signal.addEventListener('abort', abort);
    try {
      // An error here is followed by 'close', which says more.
      child.send({ id, method, parameters }, () => {});
      return await promise;
    } finally {
      waiting.delete(id);
      clearTimeout(timer);
      scope.signal.removeEventListener('abort', abort);
    }
  }

  return {
    host,
    call,
    serve: async (port, address = '0.0.0.0') => void (await call('serve', { name: host, address, port })),
    served: async port => (await call('served', { port })) as Served,
    get: async (url, options) =>
      (await call('get', { url, ...options }, PATIENCE + options.timeout)) as Reply,
    hold: async (url, options) =>
      (await call('hold', { url, ...options }, PATIENCE + options.timeout)) as Held,
    askAgain: async ({ connection }, timeout) =>
      (await call('askAgain', { connection, timeout }, PATIENCE + timeout)) as Reply,
    release: async (held, options = {}) =>
      void (await call('release', { ...options, connections: held.map(({ connection }) => connection) })),
    serveUdp: async (port, address = '0.0.0.0') =>
      void (await call('serveUdp', { name: host, address, port })),
    servedUdp: async port => (await call('servedUdp', { port })) as Served,
    askUdp: async question =>
      (await call(
        'askUdp',
        question,
        PATIENCE + question.timeout * question.payloads.length,
      )) as readonly Reply[],
  };
}

function withResolvers(): { promise: Promise<unknown> } & Waiting {
  let resolve: Waiting['resolve'] = () => {};
  let reject: Waiting['reject'] = () => {};
  const promise = new Promise<unknown>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}
