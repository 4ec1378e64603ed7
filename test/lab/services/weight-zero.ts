import { addresses, realPorts, servers } from './addresses.ts';
import { hasEach, soleServer, tell } from './judge.ts';
import type { ServiceKind } from './kind.ts';
import { addService } from './stage.ts';
import { getEach, holdEach, repeat } from './traffic.ts';

const [limited, other] = servers;
const service = { protocol: 'tcp', address: addresses.virtual, port: 8004 } as const;
const destination = { address: limited.address, port: realPorts.http } as const;

/** The checks' names. */
export const WeightCheck = {
  quiesced: 'weight 0: new connections go to the other server',
  goesOn: 'weight 0: the connection that was there goes on',
} as const;

/** Schedulers pass over a server of weight 0. Packets of known connections ask no scheduler. */
export const weightZero: ServiceKind<'before' | 'new connections' | 'the one it had'> = {
  name: 'weight 0',
  about: `a server that is to be serviced: ${limited.name} gets nothing new and ends what it has begun`,
  services: () => [service],
  setUp: stage => addService(stage, service, realPorts.http),
  async traffic(stage) {
    const url = `http://${service.address}:${service.port}/`;
    stage.report.step('2 connections that are kept open, one for each');
    const held = await holdEach(stage, url, 2);
    if (stage.takes('limits')) {
      await stage.ipvs.updateDestination(service, destination, { weight: 0 });
    }
    const added = await getEach(stage, repeat(stage.brief ? 2 : 5, { url }));
    const one = held.find(({ server }) => server === limited.name);
    const more = one === undefined ? [] : [await stage.client.askAgain(one, stage.timeout)];
    return { before: held, 'new connections': added, 'the one it had': more };
  },
  judge: ({ before, 'new connections': added, 'the one it had': more }, [ofLimited]) => [
    {
      what: WeightCheck.quiesced,
      passed: hasEach(before) && soleServer(added) === other.name,
      detail: tell(added),
    },
    {
      what: WeightCheck.goesOn,
      passed: soleServer(more) === limited.name && ofLimited!.active > 0,
      detail: `${tell(more)}; IPVS has ${ofLimited!.active} active of ${ofLimited!.connections}`,
    },
  ],
};
