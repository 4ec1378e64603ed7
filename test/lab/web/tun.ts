import type { DestinationSpec, Ipvs } from '../../../lib/index.ts';
import type { Network } from '../hosts/network.ts';
import { judgeBypassing, WebCheck, type WebLabPlan } from './web-lab.ts';

const client = '10.100.10.1';
const virtual = '10.100.10.101';
const web = { protocol: 'tcp', address: virtual, port: 80 } as const;
const GUE_PORT = 6080;

/** Each server with a tunnel of another kind, and the device that takes its packets out. */
const servers = [
  { name: 'server-ipip', address: '172.16.120.11', device: 'tunl0', tunnel: { type: 'ipip' } },
  { name: 'server-gue', address: '172.16.120.12', device: 'tunl0', tunnel: { type: 'gue', port: GUE_PORT } },
  { name: 'server-gre', address: '172.16.120.13', device: 'gre0', tunnel: { type: 'gre' } },
  { name: 'server-v6', address: 'fd00:120::14', device: 'v4in6', tunnel: { type: 'ipip' } },
] as const;

const everything = Object.values(WebCheck);
// The server reports to the director that nobody listens at the port, and the director passes the report on.
const refused = [WebCheck.answered, WebCheck.turns, WebCheck.counters, WebCheck.bypassed];

/** VS/TUN: servers somewhere else, behind a router of their own. */
export const tun: WebLabPlan<'tunnel-devices' | 'virtual-address' | 'gue-port' | 'ipv6-server'> = {
  title: 'VS/TUN: servers anywhere, packets in tunnels',
  about:
    'The director wraps each packet and sends it to a server in another network. The server unwraps it and answers the client by its own way. One server each for ipip, gue and gre; the fourth is reached over IPv6 although the service is IPv4.',
  proofs: {
    'tunnel-devices': everything,
    'virtual-address': everything,
    'gue-port': refused,
    'ipv6-server': [WebCheck.turns, WebCheck.counters],
  },
  diagram: [
    [{ title: 'client', lines: [client] }],
    [
      { title: 'director', lines: ['10.100.10.100', `${virtual}:80  virtual IP`] },
      { title: 'router', lines: ['10.100.10.254'] },
    ],
    servers.map(({ name, address }) => ({ title: name, lines: [address] })),
  ],
  programs: [],
  modules: ['ip_vs_rr', 'ipip', 'fou', 'ip_gre', 'ip6_tunnel'],
  segments: [
    {
      name: 'public',
      members: [
        { host: 'client', addresses: [`${client}/24`] },
        { host: 'director', addresses: ['10.100.10.100/24', `${virtual}/32`, 'fd00:10::100/64'] },
        { host: 'router', addresses: ['10.100.10.254/24', 'fd00:10::254/64'] },
      ],
    },
    {
      name: 'far',
      members: [
        { host: 'router', addresses: ['172.16.120.254/24', 'fd00:120::254/64'] },
        ...servers.map(({ name, address }, i) => ({
          host: name,
          // The server reached over IPv6 has an IPv4 address as well, since its answers to the client are
          // IPv4.
          addresses: address.includes(':') ? [`172.16.120.${11 + i}/24`, `${address}/64`] : [`${address}/24`],
        })),
      ],
    },
  ],
  service: web,
  servers,
  async setUpHosts(network: Network, takes) {
    await network.sysctl('router', { 'net.ipv4.ip_forward': 1, 'net.ipv6.conf.all.forwarding': 1 });
    await network.run('director', 'ip', 'route', 'add', '172.16.120.0/24', 'via', '10.100.10.254');
    await network.run('director', 'ip', 'route', 'add', 'fd00:120::/64', 'via', 'fd00:10::254');
    for (const { name, address, device, tunnel } of servers) {
      await network.run(name, 'ip', 'route', 'add', 'default', 'via', '172.16.120.254');
      if (address.includes(':')) {
        await network.run(name, 'ip', 'route', 'add', 'fd00:10::/64', 'via', 'fd00:120::254');
        const ends = ['local', address, 'remote', 'fd00:10::100'];
        await network.run(name, 'ip', '-6', 'tunnel', 'add', device, 'mode', 'ipip6', ...ends);
      }
      if (tunnel.type === 'gue' && takes('gue-port')) {
        await network.run(name, 'ip', 'fou', 'add', 'port', String(GUE_PORT), 'gue');
      }
      if (takes('tunnel-devices')) await network.run(name, 'ip', 'link', 'set', device, 'up');
      if (takes('virtual-address')) {
        await network.run(name, 'ip', 'address', 'add', `${virtual}/32`, 'dev', 'lo');
      }
    }
  },
  async setUpDirector(ipvs: Ipvs, takes) {
    await ipvs.addService({ ...web, scheduler: 'rr' });
    for (const { name, address, tunnel } of servers) {
      if (name === 'server-v6' && !takes('ipv6-server')) continue;
      await ipvs.addDestination(web, { address, port: 80, forwarding: 'tunnel', tunnel } as DestinationSpec);
    }
  },
  judge: observation => judgeBypassing(observation, client),
};
