import { beforeAll, describe, expect, test } from 'vitest';
import { type NatObservation, type NatResult, type NatStep, natSteps, runNat } from './nat.ts';
import { judgeNat } from './nat-judge.ts';
import type { Check } from './report.ts';

const answered = 'every request is answered';
const inTurn = 'rr gives each server every second connection';
const agree = "IPVS's counters are the servers' own";
const through = 'replies pass through the director';
const hidden = "servers see the director's address 172.16.120.1 as their client";
const outward = "servers get out with the director's address 10.100.10.101";

/** Before vitest's own, so that what a lab made is undone. */
const deadline = 100_000;

function failed(checks: readonly Check[]): string[] {
  return checks.filter(({ passed }) => !passed).map(({ what }) => what);
}

describe('VS/NAT', () => {
  let result: NatResult;
  beforeAll(async () => {
    result = await runNat({ requests: 6, requestTimeout: 20_000, deadline });
  });

  test('balances real requests', () => {
    expect(failed(result.checks)).toEqual([]);
    expect(result.passed).toBe(true);
    const [first, second] = result.replies.map(({ server }) => server);
    expect([first, second].sort()).toEqual(['server-1', 'server-2']);
    expect(result.replies.map(({ server }) => server)).toEqual([first, second, first, second, first, second]);
  });

  test('has the kernel count what the servers count', () => {
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

  test('fails at wrong numbers', () => {
    const judge = (change: Partial<NatObservation>) => failed(judgeNat({ ...result, ...change }));
    const { replies, servers, service } = result;
    expect(judge({})).toEqual([]);
    expect(judge({ requests: 8 })).toEqual([answered, inTurn]);
    const outOfTurn = [...replies.slice(0, 2).reverse(), ...replies.slice(2)];
    expect(judge({ replies: outOfTurn })).toEqual([inTurn]);
    const [first, ...others] = servers;
    for (const served of [
      { connections: 3, requests: 4 },
      { connections: 4, requests: 3 },
    ]) {
      expect(judge({ servers: [{ ...first!, served }, ...others] })).toEqual([agree]);
    }
    expect(judge({ service: undefined })).toEqual([agree, through]);
    expect(judge({ service: { ...service!, stats: { ...service!.stats, connections: 7 } } })).toEqual([
      agree,
    ]);
    expect(judge({ totalConnections: 5 })).toEqual([agree]);
  });

  test('refuses a number of requests that cannot be shared', async () => {
    await expect(runNat({ requests: 3 })).rejects.toThrow(RangeError);
  });
});

/** What must go wrong without each step, and nothing else. */
const proofs: [leaveOut: readonly NatStep[], ...checks: string[]][] = [
  [['ip-forward'], answered, inTurn, agree, through, hidden, outward],
  [['conntrack'], hidden],
  [['masquerade-virtual'], hidden],
  [['masquerade-source'], outward],
  [['default-route'], outward],
  [['second-server'], inTurn],
  // The director's address is on the servers' own segment: only a reply to the client itself needs the way back.
  [['masquerade-virtual', 'default-route'], answered, inTurn, agree, through, hidden, outward],
];

// Networks of their own, so all at once: most of their time goes by in waiting.
describe.concurrent('VS/NAT fails, and says how,', () => {
  test.each(proofs)('without %s', async (leaveOut, ...checks) => {
    // Waiting long only for answers that are to come: this machine may be slow.
    const requestTimeout = checks.includes(answered) ? 2000 : 10_000;
    const result = await runNat({ requests: 4, requestTimeout, deadline, leaveOut });
    expect(failed(result.checks)).toEqual(checks);
    expect(result.passed).toBe(false);
  });

  test('every step is among these', () => {
    expect(new Set(proofs.flatMap(([leaveOut]) => leaveOut))).toEqual(new Set(natSteps));
  });
});
