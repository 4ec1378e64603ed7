import type { ServiceId } from '../../../lib/index.ts';
import { addresses, realPorts } from './addresses.ts';
import { eachHas, serversOfTheirOwn, tellAll, tellCounts } from './judge.ts';
import type { ServiceKind } from './kind.ts';
import { addService, type Stage } from './stage.ts';
import { getEach } from './traffic.ts';

const MARK = 1;
const { joined } = addresses;
const [one, another] = addresses.clients;
const ports = [realPorts.http, realPorts.https] as const;
const marked = { fwmark: MARK, family: 'ipv4' } as const;
const separate = ports.map(port => ({ protocol: 'tcp', address: joined, port }) as const);

/** The check's name. */
export const markCheck = 'firewall mark: a client’s connections to 443 go where its connections to 80 went';

/**
 * A persistent service remembers a client in a template that has the service's own port, or, of a mark, the
 * mark and no port: one template for whatever is marked (ip_vs_sched_persist in ip_vs_core.c). Two services
 * have a template each, made at different times.
 */
export const firewallMark: ServiceKind<typeof one | typeof another> = {
  name: 'firewall mark',
  about: 'several ports, addresses or protocols as one service: a shop whose cart at 80 is paid for at 443',
  services: (stage): readonly ServiceId[] => (stage.takes('firewall-mark') ? [marked] : separate),
  async setUp(stage: Stage) {
    const persistence = stage.takes('persistence') ? { timeout: 300 } : undefined;
    if (!stage.takes('firewall-mark')) {
      for (const service of separate) {
        await addService(stage, service, service.port, { persistence });
      }
      return;
    }
    for (const port of ports) {
      const match = ['-d', joined, '-p', 'tcp', '--dport', String(port)];
      const mark = ['-j', 'MARK', '--set-mark', String(MARK)];
      await stage.network.run('director', 'iptables', '-t', 'mangle', '-A', 'PREROUTING', ...match, ...mark);
    }
    await addService(stage, marked, 0, { persistence });
  },
  async traffic(stage) {
    // Port 443 has HTTP too, as IPVS looks no further than the port. The second client asks in between, so
    // that taking turns alone would fail.
    const [http, https] = ports.map(port => `http://${joined}:${port}/`) as [string, string];
    const replies = await getEach(stage, [
      { url: http, from: one },
      { url: http, from: another },
      { url: https, from: another },
      { url: https, from: one },
    ]);
    return { [one]: [replies[0]!, replies[3]!], [another]: [replies[1]!, replies[2]!] } as const;
  },
  judge: (seen, counts) => [
    {
      what: markCheck,
      passed: serversOfTheirOwn(seen[one], seen[another]) && eachHas(counts, 'templates', 1),
      detail: `${tellAll(seen)}; ${tellCounts(counts, 'templates')}`,
    },
  ],
};
