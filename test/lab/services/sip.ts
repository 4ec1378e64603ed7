import type { Reply } from '../hosts/peer.ts';
import { addresses, realPorts } from './addresses.ts';
import { serversOfTheirOwn, tellAll } from './judge.ts';
import type { ServiceKind } from './kind.ts';
import { addService } from './stage.ts';
import { sendEach } from './traffic.ts';

const service = { protocol: 'udp', address: addresses.virtual, port: 5060 } as const;
const [one, another] = addresses.clients;

/** What the check is called. */
export const sipCheck =
  'sip engine: a call’s datagrams go to one server, whoever sends them; another call’s to the other';

/**
 * The engine's template has a Call-ID and the client's address under the mask (ip_vs_sip_ct_match in ip_vs_pe_sip.c): with granularity 0 the
 * Call-ID is all that counts. One-packet scheduling goes with it, or datagrams of a known socket would not be looked into.
 */
export const sip: ServiceKind<'call 1' | 'call 2'> = {
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
    for (const call of ['call 1', 'call 2'] as const) {
      for (const address of [one, another]) {
        const from = { address, port: 5060 };
        seen[call].push(
          ...(await sendEach(stage, service, [options(call.replace(' ', '-'), address)], from)),
        );
      }
    }
    return seen;
  },
  judge: seen => [
    { what: sipCheck, passed: serversOfTheirOwn(seen['call 1'], seen['call 2']), detail: tellAll(seen) },
  ],
};

/** A request that asks what the other end can do. */
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
