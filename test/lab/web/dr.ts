import type { Ipvs } from '../../../lib/index.ts';
import type { Network } from '../hosts/network.ts';
import { judgeBypassing, WebCheck, type WebLabPlan } from './web-lab.ts';

const client = '10.100.10.1';
const virtual = '10.100.10.101';
const servers = [
  { name: 'server-1', address: '10.100.10.102' },
  { name: 'server-2', address: '10.100.10.103' },
] as const;
const web = { protocol: 'tcp', address: virtual, port: 80 } as const;
const everything = Object.values(WebCheck);

type Common = 'second-server';

/** The one segment of all hosts: the director changes only the Ethernet address that a packet goes to. */
function directRouting<Step extends string>(
  recipe: Pick<WebLabPlan<Step | Common>, 'title' | 'about' | 'programs' | 'modules' | 'setUpHosts'> & {
    readonly proofs: Readonly<Record<Step, readonly string[]>>;
  },
): WebLabPlan<Step | Common> {
  return {
    ...recipe,
    modules: ['ip_vs_rr', ...recipe.modules],
    proofs: { ...recipe.proofs, 'second-server': [WebCheck.turns, WebCheck.counters] } as Readonly<
      Record<Step | Common, readonly string[]>
    >,
    diagram: [
      [{ title: 'client', lines: [client] }],
      [
        { title: 'director', lines: ['10.100.10.100', `${virtual}:80  virtual IP`] },
        ...servers.map(({ name, address }) => ({ title: name, lines: [`${address}:80`] })),
      ],
    ],
    segments: [
      {
        name: 'lan',
        members: [
          { host: 'client', addresses: [`${client}/24`] },
          { host: 'director', addresses: ['10.100.10.100/24', `${virtual}/32`] },
          ...servers.map(({ name, address }) => ({ host: name, addresses: [`${address}/24`] })),
        ],
      },
    ],
    service: web,
    servers,
    async setUpDirector(ipvs: Ipvs, takes) {
      await ipvs.addService({ ...web, scheduler: 'rr' });
      for (const { name, address } of servers) {
        if (name === 'server-2' && !takes('second-server')) continue;
        await ipvs.addDestination(web, { address, port: 80, forwarding: 'direct' });
      }
    },
    judge: observation => judgeBypassing(observation, client),
  };
}

async function onEach(act: (name: string) => Promise<unknown>): Promise<void> {
  for (const { name } of servers) await act(name);
}

/**
 * VS/DR whose servers take the virtual IP's packets for their own by netfilter: nothing to silence, as no
 * interface has the address.
 */
export const drRedirect = directRouting<'redirect'>({
  title: 'VS/DR with REDIRECT: servers take packets for the virtual IP as their own',
  about:
    'The director sends packets on unchanged, to the Ethernet address of a server in its own segment. The server’s netfilter takes them in; its reply goes straight to the client.',
  proofs: { redirect: everything },
  programs: ['iptables'],
  modules: ['xt_REDIRECT'],
  async setUpHosts(network: Network, takes) {
    if (!takes('redirect')) return;
    const match = ['-d', virtual, '-p', 'tcp', '--dport', '80'];
    await onEach(name =>
      network.run(name, 'iptables', '-t', 'nat', '-A', 'PREROUTING', ...match, '-j', 'REDIRECT'),
    );
  },
});

/** The virtual IP on each server's loopback. */
async function addVirtualAddress(network: Network): Promise<void> {
  await onEach(name => network.run(name, 'ip', 'address', 'add', `${virtual}/32`, 'dev', 'lo'));
}

const loopbackProofs = {
  'virtual-address': everything,
  // A server that asks for the client's Ethernet address in the virtual IP's name draws all packets to
  // itself.
  'arp-silence': [WebCheck.turns, WebCheck.counters],
} as const;
type LoopbackStep = keyof typeof loopbackProofs;

/** VS/DR whose servers have the virtual IP on their loopback and must not announce it. */
export const drLoopback = directRouting<LoopbackStep>({
  title: 'VS/DR with the virtual IP on lo: servers have the address and keep quiet about it',
  about:
    'As before, but each server has the virtual IP itself, on lo. It must neither answer ARP for it nor announce it, or clients would find the server instead of the director.',
  proofs: loopbackProofs,
  programs: [],
  modules: [],
  async setUpHosts(network: Network, takes) {
    if (takes('arp-silence')) {
      await onEach(name =>
        network.sysctl(name, { 'net.ipv4.conf.all.arp_ignore': 1, 'net.ipv4.conf.all.arp_announce': 2 }),
      );
    }
    if (takes('virtual-address')) await addVirtualAddress(network);
  },
});

/**
 * VS/DR whose servers are silenced by arptables: older than the settings, and possible for single addresses.
 */
export const drArptables = directRouting<LoopbackStep>({
  title: 'VS/DR with arptables: servers have the address on lo, and rules keep them quiet about it',
  about:
    'As before, but it is arptables that keeps a server quiet: questions for the virtual IP are dropped, and its own are asked in the name of its other address.',
  proofs: loopbackProofs,
  programs: ['arptables'],
  modules: ['arptable_filter', 'arpt_mangle'],
  async setUpHosts(network: Network, takes) {
    if (takes('arp-silence')) {
      for (const { name, address } of servers) {
        await network.run(name, 'arptables', '-A', 'INPUT', '-d', virtual, '-j', 'DROP');
        const mangle = ['-j', 'mangle', '--mangle-ip-s', address];
        await network.run(name, 'arptables', '-A', 'OUTPUT', '-s', virtual, ...mangle);
      }
    }
    if (takes('virtual-address')) await addVirtualAddress(network);
  },
});
