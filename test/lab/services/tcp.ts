import { addresses, realPorts, servers } from './addresses.ts';
import { agree, inTurn, tell, tellCounts } from './judge.ts';
import type { ServiceKind } from './kind.ts';
import { addService } from './stage.ts';
import { getEach, repeat } from './traffic.ts';

/** The checks' names. */
const TcpCheck = {
  tcp: 'tcp: rr gives each server every second connection',
  ipv6: 'tcp over IPv6: rr gives each server every second connection',
} as const;

/**
 * A new connection is a SYN, and IPVS keeps its choice for the connection's life: ip_vs_rr.c takes the next
 * server each time.
 */
function web(name: string, what: string, about: string, address: string): ServiceKind<'client'> {
  const service = { protocol: 'tcp', address, port: 80 } as const;
  const url = `http://${address.includes(':') ? `[${address}]` : address}/`;
  return {
    name,
    about,
    services: () => [service],
    setUp: stage => addService(stage, service, realPorts.http),
    async traffic(stage) {
      return { client: await getEach(stage, repeat(servers.length * (stage.brief ? 2 : 5), { url })) };
    },
    judge: ({ client }, counts) => [
      {
        what,
        passed: inTurn(client) && agree(client, counts),
        detail: `${tell(client)}; ${tellCounts(counts, 'connections')}`,
      },
    ],
  };
}

export const tcp = web(
  'tcp',
  TcpCheck.tcp,
  'whatever speaks over connections, each balanced for itself',
  addresses.virtual,
);

export const tcpOverIpv6 = web(
  'tcp over IPv6',
  TcpCheck.ipv6,
  'the same for a virtual IP of the other family, with servers of that family',
  addresses.virtual6,
);
