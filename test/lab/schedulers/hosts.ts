import type { Segment } from '../hosts/network.ts';
import type { Box } from '../report/diagram.ts';

const SERVERS = 4;
const CLIENTS = 24;

/** The virtual IP. */
export const virtual = '10.100.10.101';
/** The director's own address, and the way to the addresses of sites. */
export const director = '10.100.10.100';
/** Real servers, behind the director. */
export const servers = Array.from({ length: SERVERS }, (_, i) => ({
  name: `server-${i + 1}`,
  address: `172.16.120.${11 + i}`,
}));
/** The servers' gateway. */
export const gateway = '172.16.120.1';
/** The addresses of the client's host, each of which is a client. */
export const clients = Array.from({ length: CLIENTS }, (_, i) => `10.100.10.${21 + i}`);
/** The port of sites. */
export const WEB = 80;

/** The client's network and the servers', with the director between them. */
export const segments: readonly Segment[] = [
  {
    name: 'public',
    members: [
      { host: 'client', addresses: clients.map(address => `${address}/24`) },
      { host: 'director', addresses: [`${director}/24`, `${virtual}/32`] },
    ],
  },
  {
    name: 'inner',
    members: [
      { host: 'director', addresses: [`${gateway}/24`] },
      ...servers.map(({ name, address }) => ({ host: name, addresses: [`${address}/24`] })),
    ],
  },
];

/** The diagram of the segments. */
export const diagram: readonly (readonly Box[])[] = [
  [{ title: 'client', lines: [`${clients[0]} to .${clients.at(-1)!.split('.')[3]}`] }],
  [{ title: 'director', lines: [`${virtual}  virtual IP`, `${gateway}   inner gateway`] }],
  servers.map(({ name, address }) => ({ title: name, lines: [address] })),
];
