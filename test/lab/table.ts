import {
  type Destination,
  destinationKey,
  type Forwarding,
  type Info,
  type ServiceWithDestinations,
} from '../../lib/index.ts';

const forwardings: Readonly<Record<Forwarding, string>> = {
  masquerade: 'Masq',
  direct: 'Route',
  tunnel: 'Tunnel',
  local: 'Local',
  bypass: 'Bypass',
};

/** The table as `ipvsadm -Ln` would print it, line for line. */
export function formatTable(info: Info, services: readonly ServiceWithDestinations[]): string[] {
  return [
    `IP Virtual Server version ${info.version} (size=${info.connectionTableSize})`,
    'Prot LocalAddress:Port Scheduler Flags',
    '  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn',
    ...services.flatMap(service => [formatService(service), ...service.destinations.map(formatDestination)]),
  ];
}

function formatService(service: ServiceWithDestinations): string {
  const words = [
    service.fwmark === undefined
      ? `${service.protocol.toUpperCase().padEnd(4)} ${destinationKey(service)}`
      : `FWM  ${service.fwmark}${service.family === 'ipv6' ? ' IPv6' : ''}`,
    service.scheduler,
  ];
  if (service.schedulerFlags.length > 0) words.push(`(${service.schedulerFlags.join(',')})`);
  if (service.persistence !== undefined) words.push(`persistent ${service.persistence.timeout}`);
  if (service.persistence?.engine !== undefined) words.push(`pe ${service.persistence.engine}`);
  if (service.onePacket) words.push('ops');
  return words.join(' ');
}

function formatDestination(destination: Destination): string {
  const { forwarding, weight, activeConnections, inactiveConnections } = destination;
  return [
    `  -> ${destinationKey(destination).padEnd(28)}`,
    forwardings[forwarding].padEnd(7),
    String(weight).padEnd(6),
    String(activeConnections).padEnd(10),
    String(inactiveConnections).padEnd(10),
  ].join(' ');
}
