import { native } from '../binding.ts';
import { DestinationColumn, type List, ServiceColumn, statsAt, viewList, wordAt } from '../columns.ts';
import { ProtocolNumber } from '../constants.ts';
import { readDestination, readDestinationId } from '../destination.ts';
import type { NativePiece, NativeTable } from '../native.ts';
import type { ListOptions } from '../rules/command.ts';
import { endpointText, granularityText, type Naming } from '../rules/format.ts';
import { readService, readServiceId, type ServiceId } from '../service.ts';
import { counter, endpoint, shortCounter, text, textOfRow, textOfWord, word } from './pieces.ts';

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

/** Services with their destinations, laid out as by `ipvsadm -L`; as UTF-8, for there may be many. */
export function formatServices(
  { services, destinations, names }: NativeTable,
  show: ListOptions,
  naming: Naming | undefined,
): Uint8Array {
  const above = viewList(services, ServiceColumn.count);
  const below = viewList(destinations, DestinationColumn.count);
  return native().formatTable(
    { ...services, pieces: servicePieces(above, names, show, naming) },
    { ...destinations, pieces: destinationPieces(below, above, show, naming) },
    show.sort,
  );
}

/** All addresses that a listing shows. */
export function addressesOf({ services, destinations }: NativeTable): string[] {
  const above = viewList(services, ServiceColumn.count);
  const below = viewList(destinations, DestinationColumn.count);
  return [
    ...textsOf(above, row => readServiceId(above, row).address ?? ''),
    ...textsOf(below, row => readDestinationId(below, row).address),
  ].filter(address => address !== '');
}

function textsOf(list: List, text: (row: number) => string): string[] {
  const texts: string[] = [];
  for (let row = 0; row < list.rows; row++) texts.push(text(row));
  return texts;
}

function servicePieces(
  list: List,
  names: readonly string[],
  show: ListOptions,
  naming: Naming | undefined,
): NativePiece[] {
  const counters = show.columns === 'stats' ? TOTALS : show.columns === 'rate' ? RATES : undefined;
  if (counters !== undefined) {
    return [...serviceName(list, naming, SERVICE_WIDTH), ...counters.flatMap(column => large(column, show))];
  }
  return [...serviceName(list, naming, 0), text(' '), textOfRow(serviceRules(list, names))];
}

/** How each service works. Most are like the one before, and then there is nothing to be put into words again. */
function serviceRules(list: List, names: readonly string[]): string[] {
  const at = ServiceColumn;
  const columns = [at.family, at.flags, at.timeout, at.netmask, at.scheduler, at.engine];
  let last = '';
  return textsOf(list, row => {
    const alike =
      row > 0 && columns.every(column => wordAt(list, column, row) === wordAt(list, column, row - 1));
    if (!alike) last = serviceRule(list, row, names);
    return last;
  });
}

const protocolNames: string[] = [];
for (const [name, number] of Object.entries(ProtocolNumber)) protocolNames[number] = name.toUpperCase();
const PROTOCOL_WIDTH = 5;

function serviceName(list: List, naming: Naming | undefined, width: number): NativePiece[] {
  const at = ServiceColumn;
  const marks = list.words.subarray(at.fwmark * list.rows, (at.fwmark + 1) * list.rows);
  if (naming !== undefined || marks.some(mark => mark !== 0)) {
    return [
      textOfRow(
        textsOf(list, row => serviceText(readServiceId(list, row), naming)),
        width,
      ),
    ];
  }
  const room = Math.max(width - PROTOCOL_WIDTH, 0);
  return [textOfWord(at.protocol, protocolNames, PROTOCOL_WIDTH), endpoint(at, room)];
}

/** Marks are unsigned: ipvsadm prints those from 2147483648 on as negative. */
function serviceText(service: ServiceId, naming: Naming | undefined): string {
  if (service.fwmark !== undefined)
    return `FWM  ${service.fwmark}${service.family === 'ipv6' ? ' IPv6' : ''}`;
  const { protocol, address, port } = service;
  const name = `${protocol.toUpperCase().padEnd(PROTOCOL_WIDTH)}${endpointText(address, port, protocol, naming).slice(0, ROOM)}`;
  return address.includes(':') ? name : name.slice(0, SERVICE_WIDTH);
}

function serviceRule(list: List, row: number, names: readonly string[]): string {
  const service = readService(list, row, names, statsAt(list, row));
  const { scheduler, schedulerFlags, persistence, onePacket } = service;
  let rule = scheduler;
  if (schedulerFlags.length > 0) rule += ` (${schedulerFlags.join(',')})`;
  if (persistence !== undefined) {
    rule += ` persistent ${persistence.timeout}`;
    const six = service.fwmark === undefined ? service.address.includes(':') : service.family === 'ipv6';
    const mask = granularityText(persistence.granularity, six);
    if (mask !== undefined) rule += ` mask ${mask}`;
    if (persistence.engine !== undefined) rule += ` pe ${persistence.engine}`;
  }
  return onePacket ? `${rule} ops` : rule;
}

/** By their numbers, IP_VS_CONN_F_MASQ to _BYPASS. */
const forwardingNames = ['Masq', 'Local', 'Tunnel', 'Route', 'Bypass'];

function destinationPieces(
  list: List,
  services: List,
  show: ListOptions,
  naming: Naming | undefined,
): NativePiece[] {
  const at = DestinationColumn;
  const gap = text(' ');
  const start = [text('  -> '), destinationName(list, services, naming)];
  const active = [gap, word(at.activeConnections, 10), gap, word(at.inactiveConnections, 10)];
  const method = [gap, textOfWord(at.forwarding, forwardingNames, 7)];
  switch (show.columns) {
    case 'stats':
      return [...start, ...TOTALS.flatMap(column => large(column, show))];
    case 'rate':
      return [...start, ...RATES.flatMap((column, i) => (i < 3 ? whole(column) : large(column, show)))];
    case 'thresholds':
      return [...start, gap, word(at.upperThreshold, 10), gap, word(at.lowerThreshold, 10), ...active];
    case 'persistent-conn':
      return [...start, gap, word(at.weight, 9), gap, word(at.persistentConnections, 11), ...active];
    case 'tun-info': {
      const tunnels = textOfRow(
        textsOf(list, row => tunnelText(list, row)),
        13,
      );
      return [...start, ...method, gap, tunnels, gap, word(at.weight, 6), ...active];
    }
    default:
      return [...start, ...method, gap, word(at.weight, 6), ...active];
  }
}

function destinationName(list: List, services: List, naming: Naming | undefined): NativePiece {
  const at = DestinationColumn;
  if (naming === undefined) return endpoint(at, DESTINATION_WIDTH);
  const names = textsOf(list, row => {
    const { address, port } = readDestinationId(list, row);
    const { protocol } = readServiceId(services, wordAt(list, at.service, row));
    const name = endpointText(address, port, protocol, naming);
    return name.slice(0, address.includes(':') ? ROOM : DESTINATION_WIDTH);
  });
  return textOfRow(names, DESTINATION_WIDTH);
}

const checksumNames = { none: '-c', csum: '+c', remcsum: 'r+c' } as const;

function tunnelText(list: List, row: number): string {
  const { tunnel } = readDestination(list, row, statsAt(list, row));
  if (tunnel === undefined) return 'n/a';
  if (tunnel.type === 'ipip') return tunnel.type;
  const port = tunnel.type === 'gue' ? `:${tunnel.port}` : '';
  return `${tunnel.type}${port}:${checksumNames[tunnel.checksum ?? 'none']}`;
}

/** The columns of counters, in the order of ipvsadm's. */
const TOTALS = [0, 1, 2, 3, 4];
const RATES = [5, 6, 7, 8, 9];

/** A counter in nine places, in thousands and more where it would not fit; or, exactly, in as many as it takes. */
function large(column: number, { exact }: ListOptions): NativePiece[] {
  return exact ? whole(column) : [shortCounter(column, 9)];
}

/** A destination's first three rates are never shortened, for no reason that can be seen, and so they are not here. */
function whole(column: number): NativePiece[] {
  return [text(' '), counter(column, 8)];
}
