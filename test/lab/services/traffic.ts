import type { Held, Reply } from '../hosts/peer.ts';
import type { Stage } from './stage.ts';

/** The source and the destination of a request. */
export interface Request {
  readonly url: string;
  readonly from?: string | undefined;
}

/** Sends requests one after another, each over a connection of its own. */
export async function getEach(
  { client, report, timeout }: Stage,
  requests: readonly Request[],
): Promise<Reply[]> {
  const replies: Reply[] = [];
  for (const { url, from } of requests) {
    const reply = await client.get(url, { timeout, from });
    replies.push(reply);
    report.reply(replies.length, requests.length, reply);
  }
  return replies;
}

/** Opens connections one after another, and keeps them. */
export async function holdEach({ client, report, timeout }: Stage, url: string, count: number) {
  const held: Held[] = [];
  while (held.length < count) {
    const one = await client.hold(url, { timeout });
    held.push(one);
    report.reply(held.length, count, one);
  }
  return held;
}

/** Sends datagrams from one socket. */
export async function sendEach(
  { client, report, timeout }: Stage,
  to: { readonly address: string; readonly port: number },
  payloads: readonly string[],
): Promise<readonly Reply[]> {
  const replies = await client.askUdp({ ...to, payloads, timeout });
  replies.forEach((reply, i) => {
    report.reply(i + 1, replies.length, reply);
  });
  return replies;
}

/** A list of one value repeated. */
export function repeat<T>(count: number, one: T): T[] {
  return Array.from({ length: count }, () => one);
}
