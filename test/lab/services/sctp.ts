import type { Reply } from '../hosts/peer.ts';
import { requireModules, requirePrograms } from '../hosts/program.ts';
import { messageOf } from '../hosts/scope.ts';
import { addresses, realPorts, servers } from './addresses.ts';
import { inTurn, tell } from './judge.ts';
import type { ServiceKind } from './kind.ts';
import { addService } from './stage.ts';

const service = { protocol: 'sctp', address: addresses.virtual, port: 3868 } as const;

/** The check's name. */
const sctpCheck = 'sctp: rr gives each server every second association';

/**
 * IPVS schedules an INIT chunk, and writes the packet's checksum anew: a CRC over all of it
 * (ip_vs_proto_sctp.c).
 */
export const sctp: ServiceKind<'client'> = {
  name: 'sctp',
  about: 'telephony’s signalling, such as Diameter: an association is balanced as a connection is',
  services: () => [service],
  async findLack({ scope }) {
    try {
      await requireModules(['sctp'], scope.signal);
      return undefined;
    } catch (error) {
      scope.signal.throwIfAborted();
      return messageOf(error);
    }
  },
  async setUp(stage) {
    requirePrograms('python3');
    await Promise.all(
      stage.peers.map((peer, i) => {
        const { name, address } = servers[i]!;
        return peer.call('serveSctp', { name, address, port: realPorts.diameter });
      }),
    );
    await addService(stage, service, realPorts.diameter);
  },
  async traffic({ client, report, timeout, brief }) {
    const { address, port } = service;
    const count = servers.length * (brief ? 2 : 5);
    const question = { address, port, from: addresses.clients[0], count, timeout };
    const replies = (await client.call('askSctp', question)) as readonly Reply[];
    replies.forEach((reply, i) => {
      report.reply(i + 1, count, reply);
    });
    return { client: replies };
  },
  judge: ({ client }) => [{ what: sctpCheck, passed: inTurn(client), detail: tell(client) }],
};
