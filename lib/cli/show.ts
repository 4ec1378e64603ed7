import type { Ipvs } from '../client.ts';
import type { Daemon } from '../daemon.ts';
import { IpvsError } from '../errors.ts';
import type { ListOptions, RuleCommand } from '../rules/command.ts';
import { formatRules } from '../rules/format.ts';
import { namingFor } from '../rules/resolve.ts';
import type { ServiceId } from '../service.ts';
import type { ServiceWithDestinations } from '../table.ts';
import { printConnections } from './connections.ts';
import { formatServices, heading } from './listing.ts';
import type { Shell } from './shell.ts';

type Table = readonly ServiceWithDestinations<number | bigint>[];

/** Prints what a command asks for. */
export function showTable(
  ipvs: Ipvs,
  command: Extract<RuleCommand, { readonly command: 'list' | 'save' }>,
  shell: Shell,
): Promise<void> {
  if (command.command === 'save') return save(ipvs, command.numeric, shell);
  switch (command.what) {
    case 'services':
      return listServices(ipvs, command.service, command.show, shell);
    case 'connections':
      return printConnections(ipvs, command.numeric, command.engine, shell);
    case 'timeouts':
      return listTimeouts(ipvs, shell);
    default:
      return listDaemons(ipvs, shell);
  }
}

async function save(ipvs: Ipvs, numeric: boolean, shell: Shell): Promise<void> {
  const table = await ipvs.snapshot();
  shell.print(formatRules(table, { naming: numeric ? undefined : await namingOf(table) }));
}

async function listServices(
  ipvs: Ipvs,
  service: ServiceId | undefined,
  show: ListOptions,
  shell: Shell,
): Promise<void> {
  // Whole numbers are asked for where every digit counts.
  const bigint = show.exact;
  let table: Table;
  let top = '';
  if (service === undefined) {
    const [{ version, connectionTableSize }, all] = await Promise.all([
      ipvs.info(),
      ipvs.snapshot({ bigint }),
    ]);
    top = `IP Virtual Server version ${version} (size=${connectionTableSize})\n`;
    table = all as Table;
  } else {
    const [found, destinations] = await Promise.all([
      ipvs.service(service, { bigint }),
      // The first call tells better what is wrong, when something is.
      ipvs.destinations(service, { bigint }).catch((error: unknown) => error as Error),
    ]);
    if (found === undefined) {
      throw new IpvsError('ERR_IPVS_SERVICE_NOT_FOUND', 'no such service', { service });
    }
    if (destinations instanceof Error) throw destinations;
    table = [{ ...found, destinations }] as Table;
  }
  const naming = show.numeric ? undefined : await namingOf(table);
  shell.print(top + heading(show) + formatServices(table, show, naming));
}

function namingOf(table: Table) {
  const addresses = table.flatMap(({ address, destinations }) => [
    ...(address === undefined ? [] : [address]),
    ...destinations.map(destination => destination.address),
  ]);
  return namingFor(addresses);
}

async function listTimeouts(ipvs: Ipvs, shell: Shell): Promise<void> {
  const { tcp, tcpFin, udp } = await ipvs.timeouts();
  shell.print(`Timeout (tcp tcpfin udp): ${tcp} ${tcpFin} ${udp}\n`);
}

async function listDaemons(ipvs: Ipvs, shell: Shell): Promise<void> {
  for (const daemon of await ipvs.daemons()) shell.print(daemonLine(daemon));
}

function daemonLine({ role, interface: name, syncId, maxLength, group, port, ttl }: Daemon): string {
  return `${role} sync daemon (mcast=${name}, syncid=${syncId}, maxlen=${maxLength}, group=${group}, port=${port}, ttl=${ttl})\n`;
}
