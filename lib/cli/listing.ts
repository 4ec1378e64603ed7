import type { Destination } from '../destination.ts';
import type { ListOptions } from '../rules/command.ts';
import { endpointText, granularityText, type Naming } from '../rules/format.ts';
import { sortDestinations, sortServices } from '../rules/order.ts';
import type { Service } from '../service.ts';
import type { Counters } from '../stats.ts';
import type { ServiceWithDestinations } from '../table.ts';

type Count = number | bigint;

/** ipvsadm's room for an address and port. Longer names are cut. */
const ROOM = 59;
const SERVICE_WIDTH = 33;
const DESTINATION_WIDTH = 28;

/** The two lines above a list. */
export function heading({ columns }: ListOptions): string {
  const first = 'Prot LocalAddress:Port';
  const second = '  -> RemoteAddress:Port';
  const counters = (names: readonly string[]) =>
    `${first.padEnd(SERVICE_WIDTH)} ${names.map(name => name.padStart(8)).join(' ')}\n${second}\n`;
  switch (columns) {
    case 'stats':
      return counters(['Conns', 'InPkts', 'OutPkts', 'InBytes', 'OutBytes']);
    case 'rate':
      return counters(['CPS', 'InPPS', 'OutPPS', 'InBPS', 'OutBPS']);
    case 'thresholds':
      return `${first.padEnd(SERVICE_WIDTH)} Uthreshold Lthreshold ActiveConn InActConn \n${second}\n`;
    case 'persistent-conn':
      return `${first.padEnd(SERVICE_WIDTH)} Weight    PersistConn ActiveConn InActConn \n${second}\n`;
    case 'tun-info':
      return `${first} Scheduler Flags\n${second}           Forward TunnelInfo    Weight ActiveConn InActConn\n`;
    default:
      return `${first} Scheduler Flags\n${second}           Forward Weight ActiveConn InActConn\n`;
  }
}

/** Services with their destinations, laid out as by `ipvsadm -L`. */
export function formatServices(
  table: readonly ServiceWithDestinations<Count>[],
  show: ListOptions,
  naming: Naming | undefined,
): string {
  let text = '';
  for (const service of show.sort ? sortServices(table) : table) {
    text += serviceLine(service, show, naming);
    // The library lists destinations in the order they were added, the kernel the other way round.
    const { destinations } = service;
    const ordered = show.sort ? sortDestinations(destinations) : destinations.toReversed();
    for (const destination of ordered) text += destinationLine(destination, service, show, naming);
  }
  return text;
}

/** Marks are unsigned: ipvsadm prints those from 2147483648 on as negative. */
function serviceName(service: Service<Count>, naming: Naming | undefined): string {
  if (service.fwmark !== undefined)
    return `FWM  ${service.fwmark}${service.family === 'ipv6' ? ' IPv6' : ''}`;
  const { protocol, address, port } = service;
  const endpoint = endpointText(address, port, protocol, naming).slice(0, ROOM);
  const name = `${protocol.toUpperCase().padEnd(4)} ${endpoint}`;
  return address.includes(':') ? name : name.slice(0, SERVICE_WIDTH);
}

function serviceLine(service: Service<Count>, show: ListOptions, naming: Naming | undefined): string {
  const name = serviceName(service, naming);
  const counters = countersOf(service.stats, show);
  if (counters !== undefined) return `${name.padEnd(SERVICE_WIDTH)}${largeNumbers(counters, show.exact)}\n`;
  const { scheduler, schedulerFlags, persistence, onePacket } = service;
  let line = `${name} ${scheduler}`;
  if (schedulerFlags.length > 0) line += ` (${schedulerFlags.join(',')})`;
  if (persistence !== undefined) {
    line += ` persistent ${persistence.timeout}`;
    const six = service.fwmark === undefined ? service.address.includes(':') : service.family === 'ipv6';
    const mask = granularityText(persistence.granularity, six);
    if (mask !== undefined) line += ` mask ${mask}`;
    if (persistence.engine !== undefined) line += ` pe ${persistence.engine}`;
  }
  return `${line}${onePacket ? ' ops' : ''}\n`;
}

const forwardingNames: Readonly<Record<string, string>> = {
  masquerade: 'Masq',
  local: 'Local',
  tunnel: 'Tunnel',
  direct: 'Route',
  bypass: 'Bypass',
};

function destinationLine(
  destination: Destination<Count>,
  service: Service<Count>,
  show: ListOptions,
  naming: Naming | undefined,
): string {
  const { address, port, weight, stats, forwarding } = destination;
  const endpoint = endpointText(address, port, service.protocol, naming).slice(0, ROOM);
  const name = address.includes(':') ? endpoint : endpoint.slice(0, DESTINATION_WIDTH);
  const start = `  -> ${name.padEnd(DESTINATION_WIDTH)}`;
  const active = left(destination.activeConnections, 10);
  const inactive = left(destination.inactiveConnections, 10);
  const method = (forwardingNames[forwarding] ?? forwarding).padEnd(7);
  switch (show.columns) {
    case 'stats':
      return `${start}${largeNumbers(stats, show.exact)}\n`;
    case 'rate':
      return `${start}${rates(stats.rates, show.exact)}\n`;
    case 'thresholds':
      return `${start} ${left(destination.upperThreshold, 10)} ${left(destination.lowerThreshold, 10)} ${active} ${inactive}\n`;
    case 'persistent-conn':
      return `${start} ${left(weight, 9)} ${left(destination.persistentConnections, 11)} ${active} ${inactive}\n`;
    case 'tun-info':
      return `${start} ${method} ${tunnelText(destination).padEnd(13)} ${left(weight, 6)} ${active} ${inactive}\n`;
    default:
      return `${start} ${method} ${left(weight, 6)} ${active} ${inactive}\n`;
  }
}

function left(number: number, width: number): string {
  return String(number).padEnd(width);
}

const checksumNames = { none: '-c', csum: '+c', remcsum: 'r+c' } as const;

function tunnelText({ tunnel }: Destination<Count>): string {
  if (tunnel === undefined) return 'n/a';
  if (tunnel.type === 'ipip') return tunnel.type;
  const port = tunnel.type === 'gue' ? `:${tunnel.port}` : '';
  return `${tunnel.type}${port}:${checksumNames[tunnel.checksum ?? 'none']}`;
}

function countersOf(stats: Service<Count>['stats'], { columns }: ListOptions): Counters<Count> | undefined {
  return columns === 'stats' ? stats : columns === 'rate' ? stats.rates : undefined;
}

function largeNumbers(counters: Counters<Count>, exact: boolean): string {
  return (
    largeNumber(counters.connections, exact) +
    largeNumber(counters.inPackets, exact) +
    largeNumber(counters.outPackets, exact) +
    largeNumber(counters.inBytes, exact) +
    largeNumber(counters.outBytes, exact)
  );
}

/** A destination's first three rates are never shortened, for no reason that can be seen, and so they are not here. */
function rates(counters: Counters<Count>, exact: boolean): string {
  const plain = (count: Count) => ` ${String(count).padStart(8)}`;
  const { connections, inPackets, outPackets, inBytes, outBytes } = counters;
  return (
    plain(connections) +
    plain(inPackets) +
    plain(outPackets) +
    largeNumber(inBytes, exact) +
    largeNumber(outBytes, exact)
  );
}

const units = [
  { below: 1e9, unit: 1e3, letter: 'K' },
  { below: 1e11, unit: 1e6, letter: 'M' },
  { below: 1e14, unit: 1e9, letter: 'G' },
  { below: Number.POSITIVE_INFINITY, unit: 1e12, letter: 'T' },
];

/** A number in nine places, in thousands and more where it would not fit; or, exactly, in as many as it takes. */
export function largeNumber(count: Count, exact: boolean): string {
  const digits = String(count);
  if (exact) return digits.padStart(digits.length <= 8 ? 9 : digits.length + 1);
  if (count < 1e8) return digits.padStart(9);
  const { unit, letter } = units.find(({ below }) => count < below)!;
  return `${String(Math.floor(Number(count) / unit)).padStart(8)}${letter}`;
}
