import { type List, statsAt, viewList, wordAt } from '../../addon/columns.ts';
import { readDestination } from '../../addon/destination.ts';
import { readDestinationId, readServiceId } from '../../addon/identity.ts';
import { DestinationColumn, ServiceColumn, Show } from '../../addon/layout.ts';
import { native } from '../../addon/load.ts';
import type { NativeTable } from '../../addon/native.ts';
import type { ServiceId } from '../../model/identity.ts';
import { endpointText, type NameFormatter } from '../../rules/format/naming.ts';
import { namedProtocol } from '../../rules/format/service.ts';
import type { ListOptions } from '../../rules/types.ts';

/** ipvsadm's room for an address and port. Longer names are cut. */
const ROOM = 59;
const SERVICE_WIDTH = 33;
const DESTINATION_WIDTH = 28;

const showOf = {
  usual: Show.usual,
  stats: Show.stats,
  rate: Show.rate,
  thresholds: Show.thresholds,
  'persistent-conn': Show.persistentConnections,
  'tun-info': Show.tunnels,
} as const satisfies Record<ListOptions['columns'], number>;

/**
 * Services with their destinations, and the heading above them, laid out as by `ipvsadm -L`; as UTF-8, for
 * there may be many.
 */
export function formatServices(
  { services, destinations, names }: NativeTable,
  { columns, exact, sort }: ListOptions,
  naming: NameFormatter | undefined,
): Uint8Array {
  const above = viewList(services, ServiceColumn.count);
  const below = viewList(destinations, DestinationColumn.count);
  return native().formatTable(
    services,
    destinations,
    names,
    { show: showOf[columns], exact, sort },
    {
      serviceNames:
        naming === undefined ? [] : textsOf(above, row => serviceText(readServiceId(above, row), naming)),
      destinationNames: naming === undefined ? [] : destinationNames(below, above, naming),
      tunnels: columns === 'tun-info' ? textsOf(below, row => tunnelText(below, row)) : [],
    },
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

const PROTOCOL_WIDTH = 4;

function serviceText(service: ServiceId, naming: NameFormatter): string {
  if (service.fwmark !== undefined)
    return `FWM  ${service.fwmark}${service.family === 'ipv6' ? ' IPv6' : ''}`;
  const { protocol, address, port } = service;
  const endpoint = endpointText(address, port, namedProtocol(service), naming).slice(0, ROOM);
  const name = `${protocol.toUpperCase().padEnd(PROTOCOL_WIDTH)} ${endpoint}`;
  return address.includes(':') ? name : name.slice(0, SERVICE_WIDTH);
}

function destinationNames(list: List, services: List, naming: NameFormatter): string[] {
  return textsOf(list, row => {
    const { address, port } = readDestinationId(list, row);
    const service = readServiceId(services, wordAt(list, DestinationColumn.service, row));
    const name = endpointText(address, port, namedProtocol(service), naming);
    return name.slice(0, address.includes(':') ? ROOM : DESTINATION_WIDTH);
  });
}

const checksumTexts: Readonly<Record<string, string>> = { none: '-c', csum: '+c', remcsum: 'r+c' };

/** A tunnel; what a row keeps of one without being tunnelled is not shown, as it means nothing. */
function tunnelText(list: List, row: number): string {
  const { forwarding, tunnel } = readDestination(list, row, statsAt(list, row));
  if (forwarding !== 'tunnel') return 'n/a';
  const { type, port, checksum = 'none' } = tunnel;
  if (type === 'ipip') return type;
  // Bits without a name are a number.
  return `${type}${type === 'gue' ? `:${port}` : ''}:${checksumTexts[checksum] ?? checksum}`;
}
