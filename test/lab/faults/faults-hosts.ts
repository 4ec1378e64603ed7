import type { Network, Segment } from '../hosts/network.ts';

const client = '10.100.10.1';
/** The virtual IP of what is masqueraded to the inner servers. */
export const virtual = '10.100.10.101';
/** The virtual IP of what is sent on as it is to the server beside the director. */
export const directVirtual = '10.100.10.102';
const gateway = '172.16.120.1';

/** Where every server serves. */
export const PORT = 80;
/** And once more, for a service that has nothing in common with those before: VS/DR cannot change ports. */
export const FAULTS_PORT = 81;

/** Two servers behind the director, and one in the client's own segment. */
export const servers = {
  'server-1': '172.16.120.11',
  'server-2': '172.16.120.12',
  'server-3': '10.100.10.13',
} as const;
/** The name of a real server. */
export type ServerName = keyof typeof servers;
export const serverNames = Object.keys(servers) as readonly ServerName[];

export const segments: readonly Segment[] = [
  {
    name: 'public',
    members: [
      { host: 'client', addresses: [`${client}/24`] },
      { host: 'director', addresses: ['10.100.10.100/24', `${virtual}/32`, `${directVirtual}/32`] },
      { host: 'server-3', addresses: [`${servers['server-3']}/24`] },
    ],
  },
  {
    name: 'inner',
    members: [
      { host: 'director', addresses: [`${gateway}/24`] },
      { host: 'server-1', addresses: [`${servers['server-1']}/24`] },
      { host: 'server-2', addresses: [`${servers['server-2']}/24`] },
    ],
  },
];

export const diagram = [
  [
    { title: 'client', lines: [client] },
    { title: 'server-3', lines: [servers['server-3']] },
  ],
  [{ title: 'director', lines: [`${virtual}  virtual IP, VS/NAT`, `${directVirtual}  virtual IP, VS/DR`] }],
  [
    { title: 'server-1', lines: [servers['server-1']] },
    { title: 'server-2', lines: [servers['server-2']] },
  ],
];

/** How the server beside the director has the virtual IP without telling anybody. */
const arpRecipe = { 'net.ipv4.conf.all.arp_ignore': 1, 'net.ipv4.conf.all.arp_announce': 2 };

/** What the servers need; it stays as it is when the director starts anew. */
export async function setUpServers(network: Network): Promise<void> {
  for (const name of ['server-1', 'server-2']) {
    await network.run(name, 'ip', 'route', 'add', 'default', 'via', gateway);
  }
  await network.sysctl('server-3', arpRecipe);
  await network.run('server-3', 'ip', 'address', 'add', `${directVirtual}/32`, 'dev', 'lo');
}

/** What the director needs beside IPVS, at each of its starts; its addresses are there already. */
export async function startDirector(network: Network): Promise<void> {
  await network.sysctl('director', { 'net.ipv4.ip_forward': 1 });
}
