import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { type Block, blocksOf, pages, readPage } from '../support/markdown.ts';
import { createNetwork, type Network, type Segment } from './hosts/network.ts';
import { type Reply, startPeer } from './hosts/peer.ts';
import { requireModules, runProgram } from './hosts/program.ts';
import { withScope } from './hosts/scope.ts';
import { quietReport } from './report/report.ts';

// The set-ups of docs/: what a page says is to be done on a host is done on one, by its very commands, and traffic
// is sent through. The labs beside show what happens where a step is left out.

/** The network that a page starts from, and what its commands make of it. */
interface SetUp {
  readonly segments: readonly Segment[];
  readonly url: string;
  readonly servers: readonly string[];
  readonly modules: readonly string[];
  /** What a host of the page has already: its routes. */
  readonly given?: Readonly<Record<string, string>>;
  /** For each section of the page with commands: who the servers see, and what is done before. */
  readonly sections: readonly { readonly seen: string; readonly before?: Readonly<Record<string, string>> }[];
}

const web = { url: 'http://10.100.10.101/', sections: [{ seen: '10.100.10.1' }] };

const setUps: Readonly<Record<string, SetUp>> = {
  'docs/nat.md': {
    ...web,
    segments: [
      segment('public', { client: '10.100.10.1/24', director: '10.100.10.101/24' }),
      segment('inner', {
        director: '172.16.120.1/24',
        'server-1': '172.16.120.11/24',
        'server-2': '172.16.120.12/24',
      }),
    ],
    servers: ['server-1', 'server-2'],
    modules: ['ip_vs_rr', 'xt_ipvs', 'xt_MASQUERADE'],
    sections: [
      { seen: '10.100.10.1' },
      {
        seen: '172.16.120.1',
        before: { 'server-1': 'ip route del default', 'server-2': 'ip route del default' },
      },
    ],
  },
  'docs/direct-routing.md': {
    ...web,
    segments: [
      segment('lan', {
        client: '10.100.10.1/24',
        director: ['10.100.10.100/24', '10.100.10.101/32'],
        'server-1': '10.100.10.102/24',
        'server-2': '10.100.10.103/24',
      }),
    ],
    servers: ['server-1', 'server-2'],
    modules: ['ip_vs_rr'],
  },
  'docs/tunnels.md': {
    ...web,
    segments: [
      segment('public', {
        client: '10.100.10.1/24',
        director: ['10.100.10.100/24', '10.100.10.101/32'],
        router: '10.100.10.254/24',
      }),
      segment('far', {
        router: '172.16.120.254/24',
        'server-ipip': '172.16.120.11/24',
        'server-gue': '172.16.120.12/24',
        'server-gre': '172.16.120.13/24',
      }),
    ],
    servers: ['server-ipip', 'server-gue', 'server-gre'],
    modules: ['ip_vs_rr', 'ipip', 'fou', 'ip_gre'],
    given: {
      // Strict filtering there would drop the servers' answers, whose source is the virtual IP.
      router: 'sysctl -w net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0',
      director: 'ip route add 172.16.120.0/24 via 10.100.10.254',
      'server-ipip': 'ip route add default via 172.16.120.254',
      'server-gue': 'ip route add default via 172.16.120.254',
      'server-gre': 'ip route add default via 172.16.120.254',
    },
  },
  'docs/ipv6.md': {
    url: 'http://[fd00:10::101]/',
    segments: [
      segment('lan', {
        client: 'fd00:10::1/64',
        director: ['fd00:10::100/64', 'fd00:10::101/128'],
        'server-1': 'fd00:10::102/64',
        'server-2': 'fd00:10::103/64',
      }),
    ],
    servers: ['server-1', 'server-2'],
    modules: ['ip_vs_rr'],
    sections: [{ seen: 'fd00:10::1' }],
  },
};

function segment(name: string, members: Readonly<Record<string, string | readonly string[]>>): Segment {
  return {
    name,
    members: Object.entries(members).map(([host, addresses]) => ({ host, addresses: [addresses].flat() })),
  };
}

const onHost = (block: Block) => block.directive?.kind === 'on';

/** The lines of a page's headings. */
function headingsOf(page: string): number[] {
  const lines = readPage(page).split('\n');
  return lines.flatMap((line, i) => (line.startsWith('## ') ? [i + 1] : []));
}

/** A page's commands for hosts, by the sections they stand in. */
function sectionsOf(page: string): Block[][] {
  const headings = headingsOf(page);
  const sections = new Map<number, Block[]>();
  for (const block of blocksOf(page).filter(onHost)) {
    const heading = headings.findLast(line => line < block.line) ?? 0;
    sections.set(heading, [...(sections.get(heading) ?? []), block]);
  }
  return [...sections.values()];
}

const dist = join(import.meta.dirname, '../../dist');
const PATIENCE = 20_000;
const ROUNDS = 2;

/** Runs commands as they stand on a page; `ipvs` is the one of this checkout. */
async function runOn(
  { entrance }: Network,
  host: string,
  commands: string,
  signal: AbortSignal,
): Promise<void> {
  const [command, ...args] = entrance(host);
  const path = `PATH=${dist}:${dirname(process.execPath)}:$PATH:/usr/sbin:/sbin`;
  await runProgram(command, [...args, 'sh', '-euc', `${path}\n${commands}`], { timeout: 200_000, signal });
}

test('every page with commands for hosts has a network to try them in', () => {
  expect(pages.filter(page => blocksOf(page).some(onHost))).toEqual(Object.keys(setUps).sort());
});

test.concurrent.each(Object.entries(setUps))(
  'requests go through the set-up that %s describes, to each server in its turn',
  (page, { segments, url, servers, modules, given = {}, sections }) =>
    withScope({ deadline: 240_000 }, async scope => {
      await requireModules(['veth', 'bridge', 'ip_vs', ...modules], scope.signal);
      const network = await createNetwork(scope, quietReport, segments);
      // As many distributions have it: a set-up for which that is too strict has to say so.
      for (const host of network.hosts) await network.sysctl(host, { 'net.ipv4.conf.all.rp_filter': 1 });
      for (const [host, commands] of Object.entries(given))
        await runOn(network, host, commands, scope.signal);
      const client = startPeer(scope, network, 'client');
      const peers = servers.map(name => startPeer(scope, network, name));
      await Promise.all(peers.map(peer => peer.serve(80, '::')));

      const found = sectionsOf(page);
      expect(found).toHaveLength(sections.length);
      for (const [i, { seen, before = {} }] of sections.entries()) {
        for (const [host, commands] of Object.entries(before))
          await runOn(network, host, commands, scope.signal);
        for (const { directive, code } of found[i]!) {
          if (directive?.kind === 'on') await runOn(network, directive.host, code, scope.signal);
        }
        const replies: Reply[] = [];
        for (let n = 0; n < ROUNDS * servers.length; n++) {
          replies.push(await client.get(url, { timeout: PATIENCE }));
        }
        expect(replies.map(({ failure, client }) => failure ?? client)).toEqual(replies.map(() => seen));
        expect(replies.map(({ server }) => server).sort()).toEqual([...servers, ...servers].sort());
      }
    }),
);
