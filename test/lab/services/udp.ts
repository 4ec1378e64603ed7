import { addresses, realPorts, servers } from './addresses.ts';
import { eachHas, inTurn, serversOfTheirOwn, tell, tellAll, tellCounts } from './judge.ts';
import type { ServiceKind } from './kind.ts';
import { addService } from './stage.ts';
import { repeat, sendEach } from './traffic.ts';

const { virtual } = addresses;
const dns = { protocol: 'udp', address: virtual, port: 53 } as const;
const syslog = { protocol: 'udp', address: virtual, port: 514 } as const;

/** The checks' names. */
export const UdpCheck = {
  sticks: 'udp: datagrams of one socket stay with one server',
  onePacket: 'udp, one packet: each datagram of a socket is balanced for itself',
  forgotten: 'udp, one packet: IPVS remembers nothing, so answers come from the servers’ own addresses',
} as const;

/**
 * UDP has no connections: IPVS takes what comes from one address and port for one, until `timeouts().udp`
 * without a packet.
 */
export const udp: ServiceKind<'one socket' | 'another'> = {
  name: 'udp',
  about: 'questions in datagrams, such as DNS: those of one socket go to one server',
  services: () => [dns],
  setUp: stage => addService(stage, dns, realPorts.dns),
  async traffic(stage) {
    const payloads = repeat(stage.brief ? 3 : 6, 'who are you?');
    const one = await sendEach(stage, dns, payloads);
    return { 'one socket': one, another: await sendEach(stage, dns, payloads) };
  },
  judge: (seen, counts) => [
    {
      what: UdpCheck.sticks,
      passed: serversOfTheirOwn(seen['one socket'], seen.another) && eachHas(counts, 'connections', 1),
      detail: `${tellAll(seen)}; ${tellCounts(counts, 'connections')}`,
    },
  ],
};

/**
 * IP_VS_CONN_F_ONE_PACKET: the entry is never put into the connection table (ip_vs_conn_hash), so the next
 * datagram finds none and is scheduled again. Nor does the answer find one: with masquerading it leaves as
 * the server sent it.
 */
export const onePacket: ServiceKind<'one socket'> = {
  name: 'udp, one packet',
  about: 'datagrams that stand alone, such as log lines, of a sender who would keep one server busy',
  services: () => [syslog],
  setUp: stage => addService(stage, syslog, realPorts.syslog, { onePacket: stage.takes('one-packet') }),
  async traffic(stage) {
    const payloads = repeat(servers.length * (stage.brief ? 2 : 5), '<14>something happened');
    return { 'one socket': await sendEach(stage, syslog, payloads) };
  },
  judge({ 'one socket': replies }, counts) {
    const own = new Map<string, string>(servers.map(({ name, address }) => [name, address]));
    const untranslated = replies.every(
      ({ server, source }) => server !== undefined && own.get(server) === source,
    );
    const sources = [...new Set(replies.map(({ source }) => source))];
    return [
      { what: UdpCheck.onePacket, passed: inTurn(replies), detail: tell(replies) },
      {
        what: UdpCheck.forgotten,
        passed: untranslated && eachHas(counts, 'connections', 0),
        detail: `${tellCounts(counts, 'connections')}; answers came from ${sources.join(' and ')}`,
      },
    ];
  },
};
