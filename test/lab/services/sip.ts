import type { Reply } from '../hosts/peer.ts';
import { addresses, realPorts } from './addresses.ts';
import { eachHas, serversOfTheirOwn, tellAll, tellCounts } from './judge.ts';
import type { ServiceKind } from './kind.ts';
import { addService, type Stage } from './stage.ts';

const service = { protocol: 'udp', address: addresses.virtual, port: 5060 } as const;
const [one, another] = addresses.clients;
const calls = ['call 1', 'call 2'] as const;

/** The name of the check of requests. */
export const sipCheck =
  'sip engine: a call’s datagrams go to one server, whoever sends them; another call’s to the other';
/** The name of the check of answers. */
export const sipAnswersCheck =
  'sip engine: answers of a call are known by their Call-ID, and come from the virtual IP';

/**
 * The engine's template has a Call-ID and the client's address under the mask (ip_vs_sip_ct_match in
 * ip_vs_pe_sip.c): with granularity 0 the Call-ID is all that counts. One-packet scheduling goes with it, or
 * datagrams of a known socket would not be looked into. That answers are translated all the same is the
 * engine's doing: it finds the template by their Call-ID too (ip_vs_sip_conn_out).
 */
export const sip: ServiceKind<(typeof calls)[number]> = {
  name: 'sip engine',
  about: 'telephone calls, which several proxies speak of, each from one socket for all its calls',
  services: () => [service],
  setUp: stage =>
    addService(stage, service, realPorts.sip, {
      onePacket: stage.takes('one-packet'),
      persistence: stage.takes('persistence') ? { timeout: 300, granularity: 0, engine: 'sip' } : undefined,
    }),
  async traffic(stage) {
    const seen: { 'call 1': Reply[]; 'call 2': Reply[] } = { 'call 1': [], 'call 2': [] };
    const { client, report, timeout } = stage;
    const order = calls.flatMap(call => [one, another].map(address => ({ call, address })));
    for (const [i, { call, address }] of order.entries()) {
      const payloads = [options(call.replace(' ', '-'), address)];
      const from = { address, port: service.port };
      const question = { address: service.address, port: service.port, payloads, timeout, from };
      const [reply] = await client.askUdp(question);
      seen[call].push(reply!);
      report.reply(i + 1, order.length, reply!);
    }
    await showCalls(stage);
    return seen;
  },
  judge(seen, counts) {
    const sources = [...new Set([...seen['call 1'], ...seen['call 2']].map(({ source }) => source))];
    return [
      {
        what: sipCheck,
        passed: serversOfTheirOwn(seen['call 1'], seen['call 2']) && eachHas(counts, 'templates', 1),
        detail: `${tellAll(seen)}; ${tellCounts(counts, 'templates')}`,
      },
      {
        what: sipAnswersCheck,
        passed: sources.length === 1 && sources[0] === service.address,
        detail: `they came from ${sources.join(' and ')}`,
      },
    ];
  },
};

/** Shows the data by which the engine knows calls. */
async function showCalls({ ipvs, report }: Stage): Promise<void> {
  const rows: string[][] = [];
  for await (const { template, engine, engineData = '', destination } of ipvs.connections()) {
    if (template && engine === 'sip') rows.push([engineData, destination.address]);
  }
  report.figures(['Call-ID', 'server'], rows);
}

/** An OPTIONS request, which asks what the other end can do. */
function options(call: string, address: string): string {
  return [
    `OPTIONS sip:lab@${service.address} SIP/2.0`,
    `Via: SIP/2.0/UDP ${address}:5060;branch=z9hG4bK-${call}-${address}`,
    'Max-Forwards: 70',
    `From: <sip:proxy@${address}>;tag=1`,
    `To: <sip:lab@${service.address}>`,
    `Call-ID: ${call}@example.com`,
    'CSeq: 1 OPTIONS',
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n');
}
