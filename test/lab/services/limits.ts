import { setTimeout as sleep } from 'node:timers/promises';
import type { Reply } from '../hosts/peer.ts';
import { addresses, realPorts, servers } from './addresses.ts';
import { soleServer, tell } from './judge.ts';
import type { ServiceKind } from './kind.ts';
import { addService, type Stage, showServices } from './stage.ts';
import { getEach, holdEach, repeat } from './traffic.ts';

const { virtual } = addresses;
const [limited, other] = servers;
const limitedDestination = { address: limited.address, port: realPorts.http } as const;
const withThresholds = { protocol: 'tcp', address: virtual, port: 8003 } as const;
const withWeights = { protocol: 'tcp', address: virtual, port: 8004 } as const;

/** What the checks are called. */
export const LimitCheck = {
  full: 'thresholds: a full server gets no new connections',
  room: 'thresholds: it gets them again when connections are gone',
  quiesced: 'weight 0: new connections go to the other server',
  goesOn: 'weight 0: the connection that was there goes on',
} as const;

/**
 * ip_vs_bind_dest marks a server overloaded when its connections reach the upper threshold, ip_vs_unbind_dest takes that back when they are fewer
 * than the lower one (ip_vs_conn.c); every scheduler passes an overloaded server over. Inactive connections count too.
 */
export const thresholds: ServiceKind<'until it is full' | 'while it is full' | 'with room again'> = {
  name: 'thresholds',
  about: `a server that bears only so many connections: ${limited.name} is full at 2, and open again at none`,
  services: () => [withThresholds],
  setUp: stage =>
    addService(stage, withThresholds, realPorts.http, {
      thresholds: stage.takes('limits') ? { upperThreshold: 2, lowerThreshold: 1 } : undefined,
    }),
  async traffic(stage) {
    const url = `http://${virtual}:${withThresholds.port}/`;
    stage.report.step('4 connections that are kept open, 2 for each');
    const held = await holdEach(stage, url, 4);
    stage.report.step('2 more');
    const full = await getEach(stage, repeat(2, { url }));
    await showServices(stage, [withThresholds]);
    stage.report.step(
      `${limited.name}'s are reset. After a FIN they would count for 2 more minutes, after a RST for 10 s`,
    );
    const before = await countConnections(stage);
    const ofLimited = held.filter(({ server }) => server === limited.name);
    await stage.client.release(ofLimited, { reset: true });
    await waitUntil(stage, async () => (await countConnections(stage)) <= before - ofLimited.length);
    const again = await getEach(stage, repeat(2, { url }));
    await stage.client.release(held);
    return { 'until it is full': held, 'while it is full': full, 'with room again': again };
  },
  judge: ({ 'while it is full': full, 'with room again': again }) => [
    { what: LimitCheck.full, passed: soleServer(full) === other.name, detail: tell(full) },
    { what: LimitCheck.room, passed: hasEach(again), detail: tell(again) },
  ],
};

/** Connections of the server with thresholds, in whatever state. */
async function countConnections({ ipvs }: Stage): Promise<number> {
  const destinations = await ipvs.destinations(withThresholds);
  const found = destinations.find(({ address }) => address === limited.address);
  return (found?.activeConnections ?? 0) + (found?.inactiveConnections ?? 0);
}

/** Twice as long as the kernel takes to forget a connection after a RST: `tcp_timeouts[IP_VS_TCP_S_CLOSE]` in ip_vs_proto_tcp.c. */
const FORGOTTEN = 20_000;
const STEP = 500;

async function waitUntil({ scope, report }: Stage, met: () => Promise<boolean>): Promise<void> {
  const start = performance.now();
  const progress = report.progress('waiting until IPVS has forgotten them');
  while (!(await met()) && performance.now() - start < FORGOTTEN) {
    await sleep(STEP, undefined, { signal: scope.signal });
    progress.tick();
  }
  progress.done(`${((performance.now() - start) / 1000).toFixed(1)} s`);
}

function hasEach(replies: readonly Reply[]): boolean {
  return servers.every(({ name }) => replies.some(({ server }) => server === name));
}

/** Schedulers pass over a server of weight 0; what IPVS has in its connection table asks no scheduler. */
export const weightZero: ServiceKind<'before' | 'new connections' | 'the one it had'> = {
  name: 'weight 0',
  about: `a server that is to be serviced: ${limited.name} gets nothing new and ends what it has begun`,
  services: () => [withWeights],
  setUp: stage => addService(stage, withWeights, realPorts.http),
  async traffic(stage) {
    const url = `http://${virtual}:${withWeights.port}/`;
    stage.report.step('2 connections that are kept open, one for each');
    const held = await holdEach(stage, url, 2);
    if (stage.takes('limits')) {
      await stage.ipvs.updateDestination(withWeights, limitedDestination, { weight: 0 });
    }
    const added = await getEach(stage, repeat(stage.brief ? 2 : 5, { url }));
    const one = held.find(({ server }) => server === limited.name);
    const more = one === undefined ? [] : [await stage.client.askAgain(one, stage.timeout)];
    await showServices(stage, [withWeights]);
    await stage.client.release(held);
    return { before: held, 'new connections': added, 'the one it had': more };
  },
  judge: ({ before, 'new connections': added, 'the one it had': more }) => [
    {
      what: LimitCheck.quiesced,
      passed: hasEach(before) && soleServer(added) === other.name,
      detail: tell(added),
    },
    { what: LimitCheck.goesOn, passed: soleServer(more) === limited.name, detail: tell(more) },
  ],
};
