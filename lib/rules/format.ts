import { maskOfPrefix } from '../address.ts';
import type { DestinationSpec, Tunnel } from '../destination.ts';
import { contradiction, wrongValue } from '../misuse.ts';
import type { Protocol, ServiceId, ServiceSpec } from '../service.ts';
import { canonical } from './address.ts';
import { sortDestinations, sortServices } from './order.ts';
import type { ServiceRules } from './parse.ts';

/** Where the names of hosts and ports come from. */
export interface Naming {
  /** The name of a host; undefined when it has none. */
  host(address: string): string | undefined;
  /** The name of a port; undefined when it has none. */
  port(port: number, protocol: Protocol): string | undefined;
}

/** How rules are written. */
export interface FormatOptions {
  /**
   * 'ipvsadm', the default: services and destinations sorted as ipvsadm sorts them. 'given': in the order they come in, so that who reads the
   * rules back has the destinations in the kernel's order, which the hashing schedulers look at.
   */
  readonly order?: 'ipvsadm' | 'given';
  /** Writes names in place of numbers. Default: numbers, as `ipvsadm-save -n`. */
  readonly naming?: Naming | undefined;
}

/**
 * The rules of a table, as `ipvsadm-save -n` writes them, byte for byte, but for what ipvsadm loses: connection thresholds (-x, -y),
 * marks from 2147483648 on, and scheduler flags it has no name for under `sh` and `mh`. ipvsadm-restore reads all of them.
 * Takes what `snapshot()` and `parseRules` give. Throws a TypeError at what the language cannot say: forwarding 'bypass'.
 */
export function formatRules(services: readonly ServiceRules[], options: FormatOptions = {}): string {
  const { order = 'ipvsadm', naming } = options;
  const sorted = order === 'ipvsadm';
  let text = '';
  for (const service of sorted ? sortServices(services) : services) {
    const identity = serviceIdentity(service, naming);
    text += `-A ${identity}${serviceRule(service)}\n`;
    const { destinations } = service;
    for (const destination of sorted ? sortDestinations(destinations) : destinations) {
      text += `-a ${identity} -r ${destinationRule(destination, service, naming)}\n`;
    }
  }
  return text;
}

const protocolOptions: Readonly<Record<Protocol, string>> = {
  tcp: '-t',
  udp: '-u',
  sctp: '--sctp-service',
};

function serviceIdentity(service: ServiceId, naming: Naming | undefined): string {
  if (service.fwmark !== undefined) return `-f ${service.fwmark}${service.family === 'ipv6' ? ' -6' : ''}`;
  const option = protocolOptions[service.protocol];
  if (option === undefined) throw wrongValue('service.protocol', 'be tcp, udp or sctp', service.protocol);
  return `${option} ${endpointText(service.address, service.port, service.protocol, naming)}`;
}

/** An address and port as ipvsadm shows it; IPv6 in brackets, its name too. */
export function endpointText(
  address: string,
  port: number,
  protocol: Protocol | undefined,
  naming: Naming | undefined,
): string {
  const text = canonical(address);
  if (text === undefined) throw wrongValue('address', 'be an IPv4 or IPv6 address', address);
  const host = naming?.host(text) ?? text;
  const number = (protocol === undefined ? undefined : naming?.port(port, protocol)) ?? port;
  return text.includes(':') ? `[${host}]:${number}` : `${host}:${number}`;
}

function serviceRule(service: ServiceSpec): string {
  const { scheduler = 'wlc', schedulerFlags = [], persistence, onePacket } = service;
  let rule = ` -s ${word('service.scheduler', scheduler)}`;
  if (persistence !== undefined) {
    rule += ` -p ${persistence.timeout ?? 360}`;
    const six = service.fwmark === undefined ? service.address.includes(':') : service.family === 'ipv6';
    const mask = granularityText(persistence.granularity, six);
    if (mask !== undefined) rule += ` -M ${mask}`;
    if (persistence.engine !== undefined)
      rule += ` --pe ${word('service.persistence.engine', persistence.engine)}`;
  }
  if (onePacket === true) rule += ' -o';
  if (schedulerFlags.length > 0) rule += ` -b ${schedulerFlags.join(',')}`;
  return rule;
}

/** A word of the language; a name with blanks or quotes would come back as another. */
function word(field: string, text: string): string {
  if (!/^[^\s"'#\\]+$/.test(text)) throw wrongValue(field, 'be one word', text);
  return text;
}

/** A granularity as ipvsadm writes it; undefined when each address stands for itself. */
export function granularityText(granularity: number | string | undefined, six: boolean): string | undefined {
  if (six) return granularity === undefined || granularity === 128 ? undefined : String(granularity);
  const mask = typeof granularity === 'string' ? granularity : dotted(maskOfPrefix(granularity ?? 32));
  return mask === '255.255.255.255' ? undefined : mask;
}

function dotted(mask: number): string {
  return [24, 16, 8, 0].map(shift => (mask >>> shift) & 255).join('.');
}

function destinationRule(
  destination: DestinationSpec,
  { protocol }: ServiceId,
  naming: Naming | undefined,
): string {
  const { address, port, forwarding = 'direct', tunnel, weight = 1 } = destination;
  const { upperThreshold = 0, lowerThreshold = 0 } = destination;
  let rule = `${endpointText(address, port, protocol, naming)} ${forwardingOption(forwarding)} -w ${weight}`;
  if (forwarding === 'tunnel') rule += ` ${tunnelRule(tunnel ?? { type: 'ipip' })}`;
  if (upperThreshold !== 0) rule += ` -x ${upperThreshold}`;
  if (lowerThreshold !== 0) rule += ` -y ${lowerThreshold}`;
  return rule;
}

function forwardingOption(forwarding: string): string {
  switch (forwarding) {
    case 'masquerade':
      return '-m';
    case 'tunnel':
      return '-i';
    // What is direct to an address of the director's own is delivered there.
    case 'direct':
    case 'local':
      return '-g';
    default:
      throw contradiction(`destination.forwarding '${forwarding}' has no option in ipvsadm's language`);
  }
}

const checksumOptions = { none: '--tun-nocsum', csum: '--tun-csum', remcsum: '--tun-remcsum' } as const;

function tunnelRule(tunnel: Tunnel): string {
  if (tunnel.type === 'ipip') return '--tun-type ipip';
  const port = tunnel.type === 'gue' ? ` --tun-port ${tunnel.port}` : '';
  const checksum = checksumOptions[tunnel.checksum ?? 'none'];
  if (checksum === undefined) {
    throw wrongValue('destination.tunnel.checksum', "be 'none', 'csum' or 'remcsum'", tunnel.checksum);
  }
  return `--tun-type ${tunnel.type}${port} ${checksum}`;
}
