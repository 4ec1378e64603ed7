import type { Segment } from '../hosts/network.ts';

/** One of a director's real servers: an address of the host that stands for its pool. */
export interface PoolServer {
  readonly name: string;
  readonly address: string;
}

/** A director with a pool of its own. */
export interface Site {
  readonly director: string;
  /** Its address in DNS. */
  readonly virtual: string;
  /** Its address on its inner segment, where it is the pool's gateway. */
  readonly gateway: string;
  readonly pool: string;
  readonly servers: readonly PoolServer[];
}

const client = '10.100.10.1';
export const nameserver = '10.100.10.53';

/** Three directors, each alone with its servers. */
export const sites: readonly Site[] = [1, 2, 3].map(number => ({
  director: `director-${number}`,
  virtual: `10.100.10.10${number}`,
  gateway: `172.16.${number}.1`,
  pool: `pool-${number}`,
  servers: ['a', 'b'].map((letter, i) => ({
    name: `server-${number}${letter}`,
    address: `172.16.${number}.${11 + i}`,
  })),
}));

/** The segments: a public one for all directors, and behind each director one that no other reaches. */
export const segments: readonly Segment[] = [
  {
    name: 'public',
    members: [
      { host: 'client', addresses: [`${client}/24`] },
      { host: 'dns', addresses: [`${nameserver}/24`] },
      ...sites.map(({ director, virtual }) => ({ host: director, addresses: [`${virtual}/24`] })),
    ],
  },
  ...sites.map(({ director, gateway, pool, servers }, i) => ({
    name: `inner-${i + 1}`,
    members: [
      { host: director, addresses: [`${gateway}/24`] },
      { host: pool, addresses: servers.map(({ address }) => `${address}/24`) },
    ],
  })),
];

/** The diagram. Each director has its pool beside it, since a column of pools would look like one segment. */
export const diagram = [
  [
    { title: 'client', lines: [client] },
    { title: 'dns', lines: [nameserver] },
  ],
  sites.map(({ director, virtual, servers }) => ({
    title: director,
    lines: [
      `${virtual}:80  virtual IP`,
      ...servers.map(({ name, address }) => `  behind it ${name}  ${address}:80`),
    ],
  })),
];
