import { once } from 'node:events';
import { createServer } from 'node:net';

/** Servers that checks connect to: all addresses of 127.0.0.0/8, on one port. */
export interface Checked {
  readonly port: number;
  /** Has a server say a word to whoever connects. */
  greet(address: string): void;
  /** Has a server fall silent after its next greeting; resolves with when that was, in milliseconds since 1970. */
  fallSilent(address: string): Promise<number>;
  end(): void;
}

/** What a greeting server says. */
export const GREETING = 'well';

export async function startChecked(): Promise<Checked> {
  const greeting = new Set<string>();
  const falling = new Map<string, (time: number) => void>();
  const server = createServer(socket => {
    socket.on('error', () => {}).resume();
    const { localAddress = '' } = socket;
    if (!greeting.has(localAddress)) return;
    socket.write(GREETING);
    const fall = falling.get(localAddress);
    if (fall === undefined) return;
    greeting.delete(localAddress);
    falling.delete(localAddress);
    fall(Date.now());
  });
  server.listen(0, '0.0.0.0', 4096);
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  return {
    port,
    greet: address => void greeting.add(address),
    fallSilent: address => new Promise(resolve => falling.set(address, resolve)),
    end: () => server.close(),
  };
}
