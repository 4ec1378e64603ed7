import type { Network, Segment } from '../hosts/network.ts';
import type { Box } from '../report/diagram.ts';

const client = '10.100.10.1';
export const virtual = '10.100.10.101';
/** The ports of the servers: pages, and a long file. */
export const ports = { pages: 80, file: 8080 } as const;

export const directors = [
  { name: 'director-1', address: '10.100.10.98', sync: '172.31.0.1' },
  { name: 'director-2', address: '10.100.10.99', sync: '172.31.0.2' },
] as const;

export const servers = [
  { name: 'server-1', address: '10.100.10.102' },
  { name: 'server-2', address: '10.100.10.103' },
] as const;

export const segments: readonly Segment[] = [
  {
    name: 'lan',
    members: [
      { host: 'client', addresses: [`${client}/24`] },
      ...[...directors, ...servers].map(({ name, address }) => ({
        host: name,
        addresses: [`${address}/24`],
      })),
    ],
  },
  // The directors' messages have a segment of their own: they are neither signed nor encrypted.
  { name: 'sync', members: directors.map(({ name, sync }) => ({ host: name, addresses: [`${sync}/24`] })) },
];

export const diagram: readonly (readonly Box[])[] = [
  [{ title: 'client', lines: [client] }],
  directors.map(({ name, address, sync }, i) => ({
    title: name,
    lines: [
      address,
      `${sync}  sync`,
      i === 0 ? `${virtual}  virtual IP, first` : `${virtual}  virtual IP, then`,
    ],
  })),
  servers.map(({ name, address }) => ({ title: name, lines: [address] })),
];

/** Sets up the servers of VS/DR, each with the virtual IP, which it does not announce. */
export async function setUpServers(network: Network): Promise<void> {
  for (const { name } of servers) {
    await network.sysctl(name, { 'net.ipv4.conf.all.arp_ignore': 1, 'net.ipv4.conf.all.arp_announce': 2 });
    await network.run(name, 'ip', 'address', 'add', `${virtual}/32`, 'dev', 'lo');
  }
}

/** Gives a director the virtual IP and announces it on the segment, as keepalived would. */
export async function takeVirtualIp(network: Network, director: string): Promise<void> {
  await network.run(director, 'ip', 'address', 'add', `${virtual}/32`, 'dev', 'lan');
  // It is announced twice: a host takes no second answer about an address within a second (locktime in
  // arp(7)).
  await network.run(director, 'arping', '-U', '-c', '2', '-I', 'lan', virtual);
}

/** Takes the virtual IP from a director, as its failure does. */
export async function loseVirtualIp(network: Network, director: string): Promise<void> {
  await network.run(director, 'ip', 'address', 'del', `${virtual}/32`, 'dev', 'lan');
}
