import type { Dial, DialOptions } from '../health/types.ts';
import type { AddressFamily } from '../model/address.ts';
import { isCheckPath, PATH_MARKS } from '../model/check-path.ts';
import type { DestinationSpec } from '../model/destination.ts';
import type { TableEntry } from '../model/table.ts';

/** The family of an address's packets. */
function familyOf(address: string): AddressFamily {
  return address.includes(':') ? 'ipv6' : 'ipv4';
}

/** A service by mark with one destination: whatever packet has the mark goes to that server. */
export interface Path {
  readonly mark: number;
  /** The server's own address. */
  readonly server: string;
  /** As `apply()` takes it. */
  readonly entry: TableEntry;
}

/** The paths of a desired state, by what makes them the same: services share that of a server. */
export type Paths = ReadonlyMap<string, Path>;

/** What makes two paths the same: the family of the packets, and the destination as far as packets notice it. */
export function pathKey(virtual: string, spec: DestinationSpec): string {
  const { address, port, forwarding, tunnel } = pathDestination(spec);
  return JSON.stringify([familyOf(virtual), address, port, forwarding, tunnel]);
}

/** A destination, and where its checks go. */
interface Checked {
  readonly spec: DestinationSpec;
  readonly target: { readonly address: string; readonly path?: string };
}

/** Returns the paths of a desired state. `isForeign`: whether another program has a mark. */
export function layPaths(
  directed: ReadonlyMap<string, { readonly rows: readonly Checked[] }>,
  owner: string,
  isForeign: (mark: number) => boolean,
): Paths {
  const users = new Map<string, Checked>();
  for (const { rows } of directed.values()) {
    for (const row of rows) if (row.target.path !== undefined) users.set(row.target.path, row);
  }
  const taken = new Set<number>();
  const paths = new Map<string, Path>();
  // In an order that does not depend on that of the desired state, so that a restart finds the marks it had.
  for (const [key, { target, spec }] of [...users].toSorted(([one], [other]) => (one < other ? -1 : 1))) {
    const mark = freeMark(`${owner} ${key}`, mark => taken.has(mark) || isForeign(mark));
    taken.add(mark);
    const service = { fwmark: mark, family: familyOf(target.address), scheduler: 'rr' } as const;
    paths.set(key, {
      mark,
      server: spec.address,
      entry: { ...service, destinations: [pathDestination(spec)] } as TableEntry,
    });
  }
  return paths;
}

/** Direct routing and tunnels leave a packet's port as it is. */
function pathDestination({ address, port, forwarding, tunnel }: DestinationSpec): DestinationSpec {
  const keepsPort = forwarding === 'direct' || forwarding === 'tunnel';
  return { address, port: keepsPort ? 0 : port, forwarding, weight: 1, ...(tunnel && { tunnel }) };
}

const MARKS = PATH_MARKS.last - PATH_MARKS.first + 1;

function freeMark(name: string, isTaken: (mark: number) => boolean): number {
  const begin = hash(name) % MARKS;
  for (let i = 0; i < MARKS; i++) {
    const mark = PATH_MARKS.first + ((begin + i) % MARKS);
    if (!isTaken(mark)) return mark;
  }
  throw new RangeError(`more than ${MARKS} servers are to be checked through their paths`);
}

/** FNV-1a, of 32 bits. */
function hash(text: string): number {
  let value = 0x811c_9dc5;
  for (const byte of Buffer.from(text)) value = Math.imul(value ^ byte, 0x0100_0193);
  return value >>> 0;
}

/** The way of checks through paths: none goes before its path is in the kernel's table. */
export interface PathWay {
  readonly dial: Dial;
  /** Takes the paths that are to be there. */
  lay(paths: Paths): void;
  /** Hears which paths are in the kernel's table. */
  onLaid(paths: Paths): void;
}

/**
 * Makes `dial` go through paths, where a mark is one of theirs. A packet with a mark whose service is missing goes
 * by its address, to whichever server is next: until then the dial waits.
 */
export function createPathWay(dial: Dial): PathWay {
  let servers = new Map<number, string>();
  let laid = new Map<number, string>();
  let waiters = new Set<() => void>();

  async function dialThrough(options: DialOptions): Promise<unknown> {
    const { mark } = options;
    if (mark === undefined || !isCheckPath({ fwmark: mark }))
      return dial(options as DialOptions & { protocol: 'udp' });
    while (laid.get(mark) === undefined || laid.get(mark) !== servers.get(mark))
      await nextLaying(options.signal);
    const source = options.source ?? (await sourceTowards(laid.get(mark)!, options));
    return dial({ ...options, source } as DialOptions & { protocol: 'udp' });
  }

  function nextLaying(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const goOn = () => {
        signal?.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = () => {
        waiters.delete(goOn);
        reject(signal!.reason);
      };
      if (signal?.aborted) return giveUp();
      signal?.addEventListener('abort', giveUp, { once: true });
      waiters.add(goOn);
    });
  }

  /**
   * This machine's address on the way to a server. The virtual address, which the kernel would choose for packets
   * to itself, no server would answer: it has it too.
   */
  async function sourceTowards(server: string, { netns, device, signal }: DialOptions): Promise<string> {
    const socket = await dial({ protocol: 'udp', address: server, port: 9, netns, device, signal });
    try {
      return socket.address().address;
    } finally {
      socket.close();
    }
  }

  return {
    dial: dialThrough as Dial,
    lay(paths) {
      servers = serversOf(paths);
    },
    onLaid(paths) {
      laid = serversOf(paths);
      const ready = waiters;
      waiters = new Set();
      for (const resolve of ready) resolve();
    },
  };
}

/** The servers of paths, by their marks. */
function serversOf(paths: Paths): Map<number, string> {
  return new Map(Array.from(paths.values(), ({ mark, server }) => [mark, server]));
}
