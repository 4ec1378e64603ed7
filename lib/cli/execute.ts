import type { Ipvs } from '../client.ts';
import type { Daemon } from '../daemon.ts';
import { IpvsError } from '../errors.ts';
import type { ListOptions, RuleCommand } from '../rules/command.ts';
import { formatRules } from '../rules/format.ts';
import { namingFor } from '../rules/resolve.ts';
import type { ServiceId, ServiceSpec } from '../service.ts';
import type { ServiceWithDestinations } from '../table.ts';
import { printConnections } from './connections.ts';
import { formatServices, heading } from './listing.ts';
import type { Shell } from './shell.ts';

type Table = readonly ServiceWithDestinations<number | bigint>[];

/**
 * Does one command. Its calls are made before it returns, so that several take effect in the order in which they are started, and go to
 * the kernel together.
 */
export function execute(ipvs: Ipvs, command: RuleCommand, shell: Shell): Promise<void> {
  switch (command.command) {
    case 'add-service':
      return ipvs.addService(command.service);
    case 'edit-service':
      return editService(ipvs, command.service);
    case 'delete-service':
      return ipvs.removeService(command.service);
    case 'add-server':
      return ipvs.addDestination(command.service, command.destination);
    case 'edit-server': {
      const { address, port, ...changes } = command.destination;
      return ipvs.updateDestination(command.service, { address, port }, changes);
    }
    case 'delete-server':
      return ipvs.removeDestination(command.service, command.destination);
    case 'clear':
      return ipvs.flush();
    case 'zero':
      return ipvs.zero(command.service);
    case 'set':
      return ipvs.setTimeouts(command.timeouts);
    case 'start-daemon':
      return ipvs.startDaemon(command.daemon);
    case 'stop-daemon':
      return ipvs.stopDaemon(command.role);
    case 'save':
      return save(ipvs, command.numeric, shell);
    case 'list':
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
    default:
      throw new TypeError(`${command.command} is no command for the kernel`);
  }
}

/** `-E` sets what is not named back to its default, unlike an update. */
function editService(ipvs: Ipvs, service: ServiceSpec): Promise<void> {
  const { scheduler, schedulerFlags, onePacket, persistence } = service;
  return ipvs.updateService(service, {
    scheduler,
    schedulerFlags,
    onePacket,
    persistence: persistence === undefined ? null : { engine: null, ...persistence },
  } as Parameters<Ipvs['updateService']>[1]);
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
