import { beforeAll, describe, expect, test } from 'vitest';
import type { Check } from '../report/report.ts';
import { type NatObservation, type NatResult, runNat } from './nat.ts';
import { judgeNat, NatCheck } from './nat-judge.ts';

const { answered, turns, counters, through } = NatCheck;

/** A deadline earlier than vitest's, so that what a lab made is undone. */
const deadline = 100_000;

function failed(checks: readonly Check[]): string[] {
  return checks.filter(({ passed }) => !passed).map(({ what }) => what);
}

describe('VS/NAT', () => {
  let result: NatResult;
  beforeAll(async () => {
    result = await runNat({ requests: 6, requestTimeout: 20_000, deadline });
  });

  test('VS/NAT shares real requests out in turn', () => {
    expect(failed(result.checks)).toEqual([]);
    expect(result.passed).toBe(true);
    const [first, second] = result.replies.map(({ server }) => server);
    expect([first, second].sort()).toEqual(['server-1', 'server-2']);
    expect(result.replies.map(({ server }) => server)).toEqual([first, second, first, second, first, second]);
  });

  test('VS/NAT has the kernel count what the servers count', () => {
    expect(result.servers.map(({ served }) => served)).toEqual([
      { connections: 3, requests: 3 },
      { connections: 3, requests: 3 },
    ]);
    expect(result.service?.destinations).toMatchObject([
      { address: '172.16.120.11', forwarding: 'masquerade', stats: { connections: 3 } },
      { address: '172.16.120.12', forwarding: 'masquerade', stats: { connections: 3 } },
    ]);
    expect(result.service?.stats.connections).toBe(6);
    expect(result.totalConnections).toBe(6);
  });

  test('VS/NAT’s judge refuses wrong numbers', () => {
    const judge = (change: Partial<NatObservation>) => failed(judgeNat({ ...result, ...change }));
    const { replies, servers, service } = result;
    expect(judge({})).toEqual([]);
    expect(judge({ requests: 8 })).toEqual([answered, turns]);
    const outOfTurn = [...replies.slice(0, 2).reverse(), ...replies.slice(2)];
    expect(judge({ replies: outOfTurn })).toEqual([turns]);
    const [first, ...others] = servers;
    for (const served of [
      { connections: 3, requests: 4 },
      { connections: 4, requests: 3 },
    ]) {
      expect(judge({ servers: [{ ...first!, served }, ...others] })).toEqual([counters]);
    }
    expect(judge({ service: undefined })).toEqual([counters, through]);
    expect(judge({ service: { ...service!, stats: { ...service!.stats, connections: 7 } } })).toEqual([
      counters,
    ]);
    expect(judge({ totalConnections: 5 })).toEqual([counters]);
  });

  test('VS/NAT refuses a number of requests that its servers cannot share equally', async () => {
    await expect(runNat({ requests: 3 })).rejects.toThrow(RangeError);
  });
});

// The director's address is on the servers' own segment. Only a reply to the client's address needs the way
// back through the director.
test('VS/NAT without masquerading needs the way back through the director', async () => {
  const leaveOut = ['masquerade-virtual', 'default-route'];
  const { checks } = await runNat({ requests: 4, requestTimeout: 2000, deadline, leaveOut });
  expect(failed(checks)).toEqual(Object.values(NatCheck));
});
