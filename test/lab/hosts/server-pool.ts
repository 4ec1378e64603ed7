import type { Report } from '../report/report.ts';
import type { Network } from './network.ts';
import { type Peer, startPeer } from './peer.ts';
import type { Scope } from './scope.ts';

const client = '10.100.10.1';
const virtual = '10.100.10.101';
const gateway = '172.16.120.1';
const PORT = 80;

/** A server of the pool: a host of its name. */
export interface PoolServer {
  readonly name: string;
  readonly address: string;
}

/** HTTP servers behind a director that masquerades, and a client before it. */
export function serverPool(count: number) {
  const servers: readonly PoolServer[] = Array.from({ length: count }, (_, i) => ({
    name: `server-${i + 1}`,
    address: `172.16.120.1${i + 1}`,
  }));
  const names = servers.map(({ name }) => name);
  return {
    servers,
    virtual,
    port: PORT,
    url: `http://${virtual}:${PORT}/`,
    /** What runLab() is told of hosts and segments. */
    frame: {
      diagram: [
        [{ title: 'client', lines: [client] }],
        [
          {
            title: 'director',
            lines: [`${virtual}:${PORT}  virtual IP`, `${gateway}      inner gateway`],
          },
        ],
        servers.map(({ name, address }) => ({ title: name, lines: [`${address}:${PORT}`] })),
      ],
      segments: [
        {
          name: 'public',
          members: [
            { host: 'client', addresses: [`${client}/24`] },
            { host: 'director', addresses: [`${virtual}/24`] },
          ],
        },
        {
          name: 'inner',
          members: [
            { host: 'director', addresses: [`${gateway}/24`] },
            ...servers.map(({ name, address }) => ({ host: name, addresses: [`${address}/24`] })),
          ],
        },
      ],
    },
    /** Has a server answer its clients by way of the director. */
    route: (network: Network, name: string) =>
      network.run(name, 'ip', 'route', 'add', 'default', 'via', gateway),
    /** Starts the servers; returns the client. */
    async begin(scope: Scope, network: Network, report: Report): Promise<Peer> {
      const asker = startPeer(scope, network, 'client');
      const peers = names.map(name => startPeer(scope, network, name));
      await Promise.all(peers.map(peer => peer.serve(PORT)));
      await network.sysctl('director', { 'net.ipv4.ip_forward': 1 });
      for (const name of names) await this.route(network, name);
      report.step(`HTTP servers that answer with their names: ${names.join(', ')}`);
      return asker;
    },
  };
}
