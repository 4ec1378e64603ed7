import { getSystemErrorName } from 'node:util';
import { native } from './load.ts';
import type { NativeDialer, NativeDialStep } from './native.ts';

/** Where a socket is to lead, and how: all of it validated. */
export interface DialWay {
  readonly address: string;
  readonly port: number;
  /** TCP, which is connected; else UDP, which is left unconnected. */
  readonly isStream: boolean;
  readonly mark?: number | undefined;
  readonly device?: string | undefined;
  readonly source?: string | undefined;
  /** As the addon takes it: a path, or a descriptor. */
  readonly namespace?: string | number | undefined;
}

/** Called with an error, or with a descriptor, which is the callee's from then on. */
export type Dialled = (error: Error | undefined, descriptor: number) => void;

interface Pending {
  readonly way: DialWay;
  readonly done: Dialled;
}

const pending = new Map<number, Pending>();
let dialer: NativeDialer | undefined;
let last = 0;

/**
 * Opens a socket, and connects one of TCP. `done` is called later, unless what this returns was called before:
 * that closes the socket. Throws where there is no addon.
 */
export function dialNative(way: DialWay, done: Dialled): () => void {
  dialer ??= native().createDialer(deliver);
  const { address, port, isStream, mark = 0, device = '', source = '', namespace } = way;
  const number = ++last;
  const errno = dialer.dial(number, address, port, isStream, mark, device, source, namespace);
  if (errno !== 0) {
    const timer = setImmediate(() => done(dialError(way, 'thread', errno), -1));
    return () => clearImmediate(timer);
  }
  pending.set(number, { way, done });
  return () => {
    if (pending.delete(number)) dialer?.cancel(number);
  };
}

function deliver(number: number, step: NativeDialStep, errno: number): void {
  const dialled = pending.get(number);
  if (dialled === undefined) return; // given up by one that was delivered just before
  const { way, done } = dialled;
  pending.delete(number);
  if (errno === 0) done(undefined, dialer!.take());
  else done(dialError(way, step, errno), -1);
}

/** What a step that failed is about, and which right it takes. */
const steps: Readonly<Record<NativeDialStep, (way: DialWay) => string>> = {
  netns: ({ namespace }) => `entering the network namespace ${namespace}, which takes CAP_SYS_ADMIN`,
  thread: () => 'getting a thread and descriptors for it',
  socket: () => 'opening a socket',
  mark: ({ mark }) => `setting the mark ${mark}, which takes CAP_NET_ADMIN`,
  device: ({ device }) => `binding to the device ${device}`,
  source: ({ source }) => `binding to the address ${source}`,
  connect: () => 'connecting',
};

/** An error as those of node:net are, whatever failed. */
function dialError(way: DialWay, step: NativeDialStep, errno: number): Error {
  const { address, port } = way;
  const code = getSystemErrorName(-errno);
  const where = `${address.includes(':') ? `[${address}]` : address}:${port}`;
  const message = `connect ${code} ${where}${step === 'connect' ? '' : `: ${steps[step](way)}`}`;
  return Object.assign(new Error(message), { errno: -errno, code, syscall: 'connect', address, port });
}
