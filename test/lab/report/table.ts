import {
  type Destination,
  destinationKey,
  type Forwarding,
  type Info,
  type ServiceWithDestinations,
} from '../../../lib/index.ts';

const forwardings: Readonly<Record<Forwarding, string>> = {
  masquerade: 'Masq',
  direct: 'Route',
  tunnel: 'Tunnel',
  local: 'Local',
  bypass: 'Bypass',
};

/** The lines that `ipvsadm -Ln` prints of a table, in the given order, where ipvsadm would sort. */
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
  if (service.persistence !== undefined) {
    const { timeout, granularity, engine } = service.persistence;
    words.push(`persistent ${timeout}`);
    const ipv6 = service.family === 'ipv6' || service.address?.includes(':') === true;
    if (granularity !== (ipv6 ? 128 : 32)) words.push(`mask ${ipv6 ? granularity : netmask(granularity)}`);
    if (engine !== undefined) words.push(`pe ${engine}`);
  }
  if (service.onePacket) words.push('ops');
  return words.join(' ');
}

/** An IPv4 netmask as a dotted text, from a prefix length or from a text, which may have holes. */
function netmask(granularity: number | string): string {
  if (typeof granularity === 'string') return granularity;
  const mask = granularity === 0 ? 0 : -1 << (32 - granularity);
  return [24, 16, 8, 0].map(shift => (mask >>> shift) & 255).join('.');
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
