// A host's DNS: it serves addresses of a name, and asks for them.
import dgram from 'node:dgram';
import { Resolver } from 'node:dns/promises';

/**
 * Answers queries for the addresses of a name, each time with the next one first: round-robin DNS.
 * @param {{ address: string, name: string, addresses: readonly string[], rotate: boolean }} zone
 * @returns {Promise<void>}
 */
export async function serveDns(zone) {
  // The package is imported only where it is needed, so that other hosts start sooner.
  const dnsPacket = await import('dns-packet');
  records = zone.addresses;
  let queries = 0;
  const socket = dgram.createSocket('udp4');
  socket.on('message', (message, from) => {
    const { id, questions = [] } = dnsPacket.decode(message);
    const known = questions.filter(({ type, name }) => type === 'A' && name.toLowerCase() === zone.name);
    const first = zone.rotate && records.length > 0 ? queries++ % records.length : 0;
    const answer = dnsPacket.encode({
      type: 'response',
      id,
      flags: dnsPacket.AUTHORITATIVE_ANSWER,
      questions,
      answers: known.flatMap(({ name }) =>
        // A time to live of 0 has the client ask again for each request.
        [...records.slice(first), ...records.slice(0, first)].map(data => ({
          type: /** @type {const} */ ('A'),
          name,
          ttl: 0,
          data,
        })),
      ),
    });
    socket.send(answer, from.port, from.address);
  });
  await new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(53, zone.address, () => resolve(undefined));
  });
}

/**
 * The addresses of the name.
 * @type {readonly string[]}
 */
let records = [];

/**
 * Changes the addresses of the name.
 * @param {{ addresses: readonly string[] }} parameters
 */
export function setRecords({ addresses }) {
  records = addresses;
}

/**
 * A name's addresses, in the order the DNS server gives them.
 * @param {{ server: string, name: string, timeout: number }} question
 * @returns {Promise<string[]>}
 */
export function resolveName({ server, name, timeout }) {
  // The query is sent only once, as a second one would turn the order further.
  const resolver = new Resolver({ timeout, tries: 1 });
  resolver.setServers([server]);
  return resolver.resolve4(name);
}
