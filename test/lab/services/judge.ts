import type { Reply } from '../hosts/peer.ts';
import { servers } from './addresses.ts';

/** Tells whether every one was answered, each by another server than the one before, and all servers equally often. */
export function inTurn(replies: readonly Reply[]): boolean {
  const shares = servers.map(({ name }) => replies.filter(({ server }) => server === name).length);
  return (
    shares.every(share => share > 0 && share * servers.length === replies.length) &&
    replies.every(({ server }, i) => i === 0 || server !== replies[i - 1]!.server)
  );
}

/** The one server that gave all these answers; undefined when there was another, or none. */
export function soleServer(replies: readonly Reply[]): string | undefined {
  const [first] = replies;
  return replies.every(({ server }) => server === first?.server) ? first?.server : undefined;
}

/** Tells whether each of these had one server for all it sent, and no two the same. */
export function serversOfTheirOwn(...parts: readonly (readonly Reply[])[]): boolean {
  const theirs = parts.map(soleServer);
  return theirs.every(server => server !== undefined) && new Set(theirs).size === theirs.length;
}

/** Who answered, in order. */
export function tell(replies: readonly Reply[]): string {
  return replies.map(({ server, failure }) => server ?? failure).join(', ');
}

/** The same of several, each under its name. */
export function tellAll(parts: Readonly<Record<string, readonly Reply[]>>): string {
  return Object.entries(parts)
    .map(([part, replies]) => `${part}: ${tell(replies)}`)
    .join('; ');
}
