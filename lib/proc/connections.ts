import { readAddress } from '../model/address.ts';
import { Family } from '../model/constants.ts';
import { IpvsError } from '../model/errors.ts';

/** One end of a connection. */
export interface Endpoint {
  /** IPv4 or IPv6, in its shortest form. */
  readonly address: string;
  /** 0 to 65535. */
  readonly port: number;
}

/** An entry of the kernel's connection table. */
export interface Connection {
  /** 'ip' for the templates of marks. */
  readonly protocol: 'tcp' | 'udp' | 'sctp' | 'ip' | (string & {});
  /** Port 0: a template. */
  readonly client: Endpoint;
  /** What the client connected to. */
  readonly virtual: Endpoint;
  /** Who answers. */
  readonly destination: Endpoint;
  /** As the kernel names it: ESTABLISHED, TIME_WAIT, SYN_RECV, UDP, ... */
  readonly state: string;
  /** Seconds until the kernel forgets it. */
  readonly expires: number;
  /** A client's persistence rather than a connection: it has no client port. */
  readonly template: boolean;
  /** The persistence engine, where one bound the client. Left out with `origin`, as the kernel does. */
  readonly engine?: string;
  /** What the engine knows the client by: for 'sip' the Call-ID. */
  readonly engineData?: string;
  /** Where the entry came from, if asked for: this director, or a master's sync message. */
  readonly origin?: 'local' | 'sync';
}

/**
 * The table's file; with origins it lacks the persistence engine. Opened in the client's namespace, by a
 * thread that is in it.
 */
export function connectionsFile(origin: boolean): string {
  return `/proc/thread-self/net/${origin ? 'ip_vs_conn_sync' : 'ip_vs_conn'}`;
}

/** Reads the table from its file's text, which comes in chunks, until `signal` is aborted. */
export async function* readConnections(
  chunks: AsyncIterable<string>,
  origin: boolean,
  signal: AbortSignal | undefined,
): AsyncGenerator<Connection, void, undefined> {
  let rest = '';
  let header = true;
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    for (const line of lines) {
      if (signal?.aborted) {
        throw new IpvsError('ERR_IPVS_ABORTED', 'READ_FILE: aborted in the middle of the connection table', {
          command: 'READ_FILE',
          cause: signal.reason,
        });
      }
      if (!header) yield parseConnection(line, origin);
      header = false;
    }
  }
}

/** Reads one row: ip_vs_conn_seq_show and ip_vs_conn_sync_seq_show in net/netfilter/ipvs/ip_vs_conn.c. */
export function parseConnection(line: string, origin: boolean): Connection {
  const [protocol, from, fromPort, to, toPort, dest, destPort, state, ...rest] = line.trim().split(/ +/);
  const source = origin ? rest.shift() : undefined;
  const [expires, engine, ...data] = rest;
  const client = { address: parseAddress(from!), port: Number.parseInt(fromPort!, 16) };
  return {
    protocol: protocol!.toLowerCase(),
    client,
    virtual: { address: parseAddress(to!), port: Number.parseInt(toPort!, 16) },
    destination: { address: parseAddress(dest!), port: Number.parseInt(destPort!, 16) },
    state: state!,
    expires: Number(expires),
    template: client.port === 0,
    ...(engine !== undefined && { engine, engineData: data.join(' ') }),
    ...(source !== undefined && { origin: source === 'SYNC' ? 'sync' : 'local' }),
  };
}

/** IPv4 is eight hex digits, IPv6 eight groups of four. */
function parseAddress(text: string): string {
  const bytes = Uint8Array.from(text.replaceAll(':', '').match(/../g)!, pair => Number.parseInt(pair, 16));
  return readAddress(bytes, 0, bytes.length === 4 ? Family.ipv4 : Family.ipv6);
}
