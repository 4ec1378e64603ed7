import type { Reply } from '../hosts/peer.ts';
import { servers } from './addresses.ts';
import type { LiveCounts } from './stage.ts';

type Replies = readonly Reply[];

/** The number of answers of each server, in the order of `servers`. */
function sharesOf(replies: Replies): number[] {
  return servers.map(({ name }) => replies.filter(({ server }) => server === name).length);
}

/**
 * Whether all were answered, each by another server than the one before, and by all servers equally often.
 */
export function inTurn(replies: Replies): boolean {
  return (
    sharesOf(replies).every(share => share > 0 && share * servers.length === replies.length) &&
    replies.every(({ server }, i) => i === 0 || server !== replies[i - 1]!.server)
  );
}

/** Whether IPVS counts as many connections with each server as the server gave answers. */
export function agree(replies: Replies, counts: readonly LiveCounts[]): boolean {
  return sharesOf(replies).every((share, i) => share === counts[i]?.connections);
}

/** The one server that gave all these answers; undefined when there were several, or none. */
export function soleServer(replies: Replies): string | undefined {
  const [first] = replies;
  return replies.every(({ server }) => server === first?.server) ? first?.server : undefined;
}

/** Whether every server gave some of these answers. */
export function hasEach(replies: Replies): boolean {
  return sharesOf(replies).every(share => share > 0);
}

/** Whether each of these had one server for all it sent, and no two the same. */
export function serversOfTheirOwn(...parts: readonly Replies[]): boolean {
  const theirs = parts.map(soleServer);
  return theirs.every(server => server !== undefined) && new Set(theirs).size === theirs.length;
}

/** Whether IPVS counts a given number with each server. */
export function eachHas(counts: readonly LiveCounts[], what: keyof LiveCounts, number: number): boolean {
  return counts.every(count => count[what] === number);
}

/** The number of answers by server in words, or the first failure. */
export function tell(replies: Replies): string {
  const outcomes = new Map<string, number>();
  for (const { server, failure } of replies) {
    const outcome = server ?? failure;
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  return [...outcomes].map(([outcome, times]) => `${outcome} ${times}`).join(', ');
}

/** The numbers of answers of several groups in words, each under its name. */
export function tellAll(parts: Readonly<Record<string, Replies>>): string {
  return Object.entries(parts)
    .map(([part, replies]) => `${part}: ${tell(replies)}`)
    .join('; ');
}

/** IPVS's counts with each server in words. */
export function tellCounts(counts: readonly LiveCounts[], what: keyof LiveCounts): string {
  return `IPVS has ${counts.map(count => count[what]).join(' and ')} ${what}`;
}
