import { setTimeout as sleep } from 'node:timers/promises';
import { addresses, realPorts, servers } from './addresses.ts';
import { hasEach, soleServer, tell } from './judge.ts';
import type { ServiceKind } from './kind.ts';
import { addService, type Stage, showServices } from './stage.ts';
import { getEach, holdEach, repeat } from './traffic.ts';

const [limited, other] = servers;
const service = { protocol: 'tcp', address: addresses.virtual, port: 8003 } as const;

/** The checks' names. */
export const ThresholdCheck = {
  full: 'thresholds: a full server gets no new connections',
  room: 'thresholds: it gets them again when connections are gone',
} as const;

/**
 * ip_vs_bind_dest marks a server overloaded when its connections reach the upper threshold, ip_vs_unbind_dest
 * takes that back when they are fewer than the lower one (ip_vs_conn.c); every scheduler passes an overloaded
 * server over. Inactive connections count too.
 */
export const thresholds: ServiceKind<'until it is full' | 'while it is full' | 'with room again'> = {
  name: 'thresholds',
  about: `a server that bears only so many connections: ${limited.name} is full at 2 and takes new ones again when it has none`,
  services: () => [service],
  setUp: stage =>
    addService(stage, service, realPorts.http, {
      thresholds: stage.takes('limits') ? { upperThreshold: 2, lowerThreshold: 1 } : undefined,
    }),
  async traffic(stage) {
    const url = `http://${service.address}:${service.port}/`;
    stage.report.step('4 connections that are kept open, 2 for each');
    const held = await holdEach(stage, url, 4);
    stage.report.step('2 more');
    const full = await getEach(stage, repeat(2, { url }));
    await showServices(stage, [service]);
    stage.report.step(
      `${limited.name}'s are reset. After a FIN they would count for 2 more minutes, after a RST for 10 s`,
    );
    const before = await countConnections(stage);
    const ofLimited = held.filter(({ server }) => server === limited.name);
    await stage.client.release(ofLimited, { reset: true });
    await waitUntil(stage, async () => (await countConnections(stage)) <= before - ofLimited.length);
    const again = await getEach(stage, repeat(2, { url }));
    return { 'until it is full': held, 'while it is full': full, 'with room again': again };
  },
  judge: ({ 'while it is full': full, 'with room again': again }) => [
    { what: ThresholdCheck.full, passed: soleServer(full) === other.name, detail: tell(full) },
    { what: ThresholdCheck.room, passed: hasEach(again), detail: tell(again) },
  ],
};

/** The number of connections in any state of the server with thresholds. */
async function countConnections({ ipvs }: Stage): Promise<number> {
  const destinations = await ipvs.destinations(service);
  const found = destinations.find(({ address }) => address === limited.address);
  return (found?.activeConnections ?? 0) + (found?.inactiveConnections ?? 0);
}

/**
 * Milliseconds for the kernel to forget a connection after a RST: twice `tcp_timeouts[IP_VS_TCP_S_CLOSE]` in
 * ip_vs_proto_tcp.c.
 */
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
