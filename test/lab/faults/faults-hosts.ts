import type { Network, Segment } from '../hosts/network.ts';

const client = '10.100.10.1';
/** The virtual IP of services that are masqueraded to the inner servers. */
export const virtual = '10.100.10.101';
/** The virtual IP of services whose packets go unchanged to the server beside the director. */
export const directVirtual = '10.100.10.102';
const gateway = '172.16.120.1';

/** The port of every server. */
export const PORT = 80;
/** The second port of every server, for a VS/DR service apart from the first: VS/DR cannot change ports. */
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

/** The settings that keep the server beside the director from announcing the virtual IP. */
const arpRecipe = { 'net.ipv4.conf.all.arp_ignore': 1, 'net.ipv4.conf.all.arp_announce': 2 };

/** Sets up the servers, which keep their settings when the director starts anew. */
export async function setUpServers(network: Network): Promise<void> {
  for (const name of ['server-1', 'server-2']) {
    await network.run(name, 'ip', 'route', 'add', 'default', 'via', gateway);
  }
  await network.sysctl('server-3', arpRecipe);
  await network.run('server-3', 'ip', 'address', 'add', `${directVirtual}/32`, 'dev', 'lo');
}

/** Sets up what the director needs beside IPVS and addresses, at each of its starts. */
export async function startDirector(network: Network): Promise<void> {
  await network.sysctl('director', { 'net.ipv4.ip_forward': 1 });
}
