import { addresses, realPorts } from './addresses.ts';
import { eachHas, serversOfTheirOwn, tellAll, tellCounts } from './judge.ts';
import type { ServiceKind } from './kind.ts';
import { addService } from './stage.ts';
import { getEach, repeat } from './traffic.ts';

const { virtual, clients } = addresses;
const [one, neighbour, stranger] = clients;
const byClient = { protocol: 'tcp', address: virtual, port: 8001 } as const;
const byNetwork = { protocol: 'tcp', address: virtual, port: 8002 } as const;

/** The checks' names. */
export const PersistenceCheck = {
  client: 'persistence: all connections of a client go to one server, another client’s to the other',
  network: 'persistence by network: neighbours share a server, a stranger has the other',
} as const;

/**
 * The scheduler is asked once for each client; then a template answers for it until `timeout` after the last
 * connection.
 */
export const persistence: ServiceKind<typeof one | typeof stranger> = {
  name: 'persistence',
  about: 'servers that remember their clients, say a login: a client’s connections all go to one server',
  services: () => [byClient],
  setUp: stage =>
    addService(stage, byClient, realPorts.http, {
      persistence: stage.takes('persistence') ? { timeout: 300 } : undefined,
    }),
  async traffic(stage) {
    const url = `http://${virtual}:${byClient.port}/`;
    const count = stage.brief ? 2 : 5;
    return {
      [one]: await getEach(stage, repeat(count, { url, from: one })),
      [stranger]: await getEach(stage, repeat(count, { url, from: stranger })),
    } as const;
  },
  judge: (seen, counts) => [
    {
      what: PersistenceCheck.client,
      passed: serversOfTheirOwn(seen[one], seen[stranger]) && eachHas(counts, 'templates', 1),
      detail: `${tellAll(seen)}; ${tellCounts(counts, 'templates')}`,
    },
  ],
};

/**
 * Persistence for networks: the template has the client's address without the bits that the mask leaves out.
 */
export const persistenceByNetwork: ServiceKind<typeof one | typeof neighbour | typeof stranger> = {
  name: 'persistence by network',
  about: 'clients behind several proxies of one network, which must count as one',
  services: () => [byNetwork],
  setUp: stage =>
    addService(stage, byNetwork, realPorts.http, {
      persistence: stage.takes('persistence') ? { timeout: 300, granularity: '255.255.255.0' } : undefined,
    }),
  async traffic(stage) {
    const url = `http://${virtual}:${byNetwork.port}/`;
    const order = [one, neighbour, stranger, one, neighbour, stranger] as const;
    const replies = await getEach(
      stage,
      order.map(from => ({ url, from })),
    );
    const of = (address: string) => replies.filter((_, i) => order[i] === address);
    return { [one]: of(one), [neighbour]: of(neighbour), [stranger]: of(stranger) } as const;
  },
  judge: (seen, counts) => [
    {
      what: PersistenceCheck.network,
      passed:
        serversOfTheirOwn([...seen[one], ...seen[neighbour]], seen[stranger]) &&
        eachHas(counts, 'templates', 1),
      detail: `${tellAll(seen)}; ${tellCounts(counts, 'templates')}`,
    },
  ],
};
