import { readFile, writeFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  destinationKey,
  formatRules,
  type Ipvs,
  parseRules,
  type ServiceWithDestinations,
  serviceKey,
} from '../../../lib/index.ts';
import type { Reply } from '../hosts/peer.ts';
import type { Check, Report } from '../report/report.ts';
import { diagnose } from './diagnose.ts';
import { directVirtual, PORT, servers, virtual } from './faults-hosts.ts';

const web = { protocol: 'tcp', address: virtual, port: PORT } as const;
const directWeb = { protocol: 'tcp', address: directVirtual, port: PORT } as const;
const names = { protocol: 'udp', address: virtual, port: 53 } as const;

/** The addresses that the client asks. */
export const urls = {
  nat: `http://${destinationKey(web)}/`,
  direct: `http://${destinationKey(directWeb)}/`,
} as const;

/** The observations of one start of the director. */
export interface Life {
  readonly table: readonly ServiceWithDestinations[];
  /** The replies to the client's requests to the web services. */
  readonly nat: readonly Reply[];
  readonly direct: readonly Reply[];
}

/** Sets up a table with something of everything that rules can say. */
export async function setUpTable(ipvs: Ipvs): Promise<void> {
  const forwarding = 'masquerade';
  await ipvs.addService({ ...web, scheduler: 'wrr' });
  await ipvs.addDestination(web, {
    address: servers['server-1'],
    port: PORT,
    forwarding,
    weight: 2,
    upperThreshold: 1000,
    lowerThreshold: 800,
  });
  await ipvs.addDestination(web, { address: servers['server-2'], port: PORT, forwarding });
  await ipvs.addService({ ...directWeb, scheduler: 'rr', persistence: { timeout: 300 } });
  await ipvs.addDestination(directWeb, { address: servers['server-3'], port: PORT, forwarding: 'direct' });
  await ipvs.addService({ ...names, scheduler: 'sh', schedulerFlags: ['sh-port'], onePacket: true });
  for (const name of ['server-2', 'server-1'] as const) {
    await ipvs.addDestination(names, { address: servers[name], port: 53, forwarding });
  }
}

/** Writes the table as rules, as `ipvs save` does. */
export async function saveTable(ipvs: Ipvs, file: string, report: Report): Promise<void> {
  // The rules keep the kernel's order of destinations, which the hashing schedulers look at.
  const rules = formatRules(await ipvs.snapshot(), { order: 'given' });
  await writeFile(file, rules);
  for (const line of rules.trimEnd().split('\n')) report.step(line);
}

/** Makes a table from rules, as `ipvs restore` does. */
export async function restoreTable(ipvs: Ipvs, file: string): Promise<void> {
  for (const { destinations, ...service } of parseRules(await readFile(file, 'utf8'))) {
    await ipvs.addService(service);
    for (const destination of destinations) await ipvs.addDestination(service, destination);
  }
}

/** The checks' names in proofs and verdicts. */
export const BootCheck = {
  before: 'every request is answered, two of three by the heavier server',
  lost: 'the reboot loses the table',
  same: 'the restored table is the saved one',
  after: 'after the reboot requests are answered as before',
} as const;

/** Judges a reboot. */
export function judgeBoot(
  before: Life,
  empty: readonly ServiceWithDestinations[],
  after: Life,
): readonly Check[] {
  const count = ({ table }: Pick<Life, 'table'>) => {
    const destinations = table.reduce((sum, service) => sum + service.destinations.length, 0);
    return `${table.length} services with ${destinations} destinations`;
  };
  return [
    judgeTraffic(BootCheck.before, before),
    { what: BootCheck.lost, passed: empty.length === 0, detail: count({ table: empty }) },
    {
      what: BootCheck.same,
      passed: before.table.length > 0 && isDeepStrictEqual(settled(before.table), settled(after.table)),
      detail: `${count(before)} before, ${count(after)} after`,
    },
    judgeTraffic(BootCheck.after, after),
  ];
}

/**
 * Judges replies: wrr with weights 2 and 1 shares every three connections out exactly so (ip_vs_wrr_schedule
 * in net/netfilter/ipvs/ip_vs_wrr.c), and begins anew with the table.
 */
function judgeTraffic(what: string, { nat, direct, table }: Life): Check {
  const all = [...nat, ...direct];
  const failed = all.find(({ failure }) => failure !== undefined);
  const by = (name: string) => all.filter(({ server }) => server === name).length;
  const passed =
    by('server-1') === (nat.length * 2) / 3 &&
    by('server-2') === nat.length / 3 &&
    by('server-3') === direct.length;
  const seen = ['server-1', 'server-2', 'server-3'].map(name => `${name} ${by(name)}`).join(', ');
  if (failed === undefined) return { what, passed, detail: seen };
  const service = table.find(({ address, port }) => address === web.address && port === web.port);
  const { words } = diagnose({ replies: nat, service, connections: [] });
  return { what, passed, detail: `${seen}; first failure: ${failed.failure}. ${words}` };
}

/**
 * A table's configuration without counters, in one order: the kernel's own depends on a hash of the
 * namespace.
 */
function settled(table: readonly ServiceWithDestinations[]): readonly unknown[] {
  return table
    .toSorted((a, b) => (serviceKey(a) < serviceKey(b) ? -1 : 1))
    .map(({ stats: _, destinations, ...service }) => ({
      ...service,
      destinations: destinations.map(destination => {
        const { address, port, forwarding, tunnel, weight, upperThreshold, lowerThreshold } = destination;
        return { address, port, forwarding, tunnel, weight, upperThreshold, lowerThreshold };
      }),
    }));
}
