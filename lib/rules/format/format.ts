import { canonicalAddress, dottedMask, maskOfPrefix, parseIpv4, prefixOfMask } from '../../model/address.ts';
import {
  contradiction,
  validateChoice,
  validateInteger,
  validateObject,
  wrongType,
  wrongValue,
} from '../../model/arguments.ts';
import { MAX_THRESHOLD, MAX_TIMEOUT, MAX_WEIGHT } from '../../model/constants.ts';
import type { DestinationSpec, Tunnel } from '../../model/destination.ts';
import { isIpv6Service, type Protocol, type ServiceId } from '../../model/identity.ts';
import { flagBits } from '../../model/scheduler.ts';
import { DEFAULT_PERSISTENCE, DEFAULT_SCHEDULER, type ServiceSpec } from '../../model/service.ts';
import type { TableEntry } from '../../model/table.ts';
import { sortDestinations, sortServices } from './order.ts';

/** Where the names of hosts and ports come from. */
export interface NameFormatter {
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
  readonly naming?: NameFormatter | undefined;
}

const optionKeys = new Set(['order', 'naming']);
const orders = { ipvsadm: 0, given: 1 };

/**
 * The rules of a table, as `ipvsadm-save -n` writes them, byte for byte, but for what ipvsadm loses: connection thresholds (-x, -y),
 * marks from 2147483648 on, and scheduler flags it has no name for under `sh` and `mh`. ipvsadm-restore reads all of them.
 * Takes what `snapshot()` and `parseRules` give. Throws a TypeError or RangeError at what would not be read back: forwarding 'bypass', and what
 * programs other than this one and ipvsadm can have put into the kernel, such as weights above 65535.
 */
export function formatRules(services: readonly TableEntry[], options: FormatOptions = {}): string {
  if (!Array.isArray(services)) throw wrongType('services', 'an array', services);
  validateObject('options', options, optionKeys);
  const { order = 'ipvsadm', naming } = options;
  validateChoice('options.order', order, orders);
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

/** The option that names a service. */
export function serviceIdentity(service: ServiceId, naming: NameFormatter | undefined): string {
  if (service.fwmark !== undefined) {
    const mark = validateInteger('service.fwmark', service.fwmark, 1, 0xffff_ffff);
    return `-f ${mark}${service.family === 'ipv6' ? ' -6' : ''}`;
  }
  const option = protocolOptions[service.protocol];
  if (option === undefined) throw wrongValue('service.protocol', 'be tcp, udp or sctp', service.protocol);
  const port = validateInteger('service.port', service.port, 0, 65_535);
  return `${option} ${endpointText(service.address, port, service.protocol, naming)}`;
}

/** An address and port as ipvsadm shows it; IPv6 in brackets, its name too. */
export function endpointText(
  address: string,
  port: number,
  protocol: Protocol | undefined,
  naming: NameFormatter | undefined,
): string {
  const text = canonicalAddress(address);
  if (text === undefined) throw wrongValue('address', 'be an IPv4 or IPv6 address', address);
  const host = naming?.host(text) ?? text;
  const number = (protocol === undefined ? undefined : naming?.port(port, protocol)) ?? port;
  return text.includes(':') ? `[${host}]:${number}` : `${host}:${number}`;
}

/** The options of a service besides its identity. */
export function serviceRule(service: ServiceSpec): string {
  const { scheduler = DEFAULT_SCHEDULER, schedulerFlags = [], persistence, onePacket } = service;
  let rule = ` -s ${word('service.scheduler', scheduler)}`;
  if (persistence !== undefined) {
    const { timeout = DEFAULT_PERSISTENCE } = persistence;
    rule += ` -p ${validateInteger('service.persistence.timeout', timeout, 1, MAX_TIMEOUT)}`;
    checkGranularity(persistence.granularity);
    const six = isIpv6Service(service);
    const mask = granularityText(persistence.granularity, six);
    if (mask !== undefined) rule += ` -M ${mask}`;
    if (persistence.engine !== undefined)
      rule += ` --pe ${word('service.persistence.engine', persistence.engine)}`;
  }
  if (onePacket === true) rule += ' -o';
  flagBits('service.schedulerFlags', scheduler, schedulerFlags);
  if (schedulerFlags.length > 0) rule += ` -b ${schedulerFlags.join(',')}`;
  return rule;
}

/** A word of the language; a name with blanks or quotes would come back as another. */
function word(field: string, text: string): string {
  if (!/^[^\s"'#\\]+$/.test(text)) throw wrongValue(field, 'be one word', text);
  return text;
}

/** Netmasks with holes can be in the kernel; the language has none. */
function checkGranularity(granularity: unknown): void {
  if (granularity === undefined || typeof granularity === 'number') return;
  const mask = typeof granularity === 'string' ? parseIpv4(granularity) : undefined;
  if (mask === undefined || prefixOfMask(mask) === undefined) {
    const rule = 'be a prefix length, or a netmask of contiguous bits such as 255.255.255.0';
    throw wrongValue('service.persistence.granularity', rule, granularity);
  }
}

/** A granularity as ipvsadm writes it; undefined when each address stands for itself. */
export function granularityText(granularity: number | string | undefined, six: boolean): string | undefined {
  if (six) return granularity === undefined || granularity === 128 ? undefined : String(granularity);
  const mask = typeof granularity === 'string' ? granularity : dottedMask(maskOfPrefix(granularity ?? 32));
  return mask === '255.255.255.255' ? undefined : mask;
}

/** A destination with its options, as it stands behind `-r`. */
export function destinationRule(
  destination: DestinationSpec,
  { protocol }: ServiceId,
  naming: NameFormatter | undefined,
): string {
  const { address, port, forwarding = 'direct', tunnel, weight = 1 } = destination;
  const { upperThreshold = 0, lowerThreshold = 0 } = destination;
  const endpoint = endpointText(
    address,
    validateInteger('destination.port', port, 0, 65_535),
    protocol,
    naming,
  );
  let rule = `${endpoint} ${forwardingOption(forwarding)} -w ${validateInteger('destination.weight', weight, 0, MAX_WEIGHT)}`;
  if (forwarding === 'tunnel') rule += ` ${tunnelRule(tunnel ?? { type: 'ipip' })}`;
  if (upperThreshold !== 0) {
    rule += ` -x ${validateInteger('destination.upperThreshold', upperThreshold, 0, MAX_THRESHOLD)}`;
  }
  if (lowerThreshold !== 0) {
    rule += ` -y ${validateInteger('destination.lowerThreshold', lowerThreshold, 0, MAX_THRESHOLD)}`;
  }
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
  const port =
    tunnel.type === 'gue'
      ? ` --tun-port ${validateInteger('destination.tunnel.port', tunnel.port, 1, 65_535)}`
      : '';
  const checksum = checksumOptions[tunnel.checksum ?? 'none'];
  if (checksum === undefined) {
    throw wrongValue('destination.tunnel.checksum', "be 'none', 'csum' or 'remcsum'", tunnel.checksum);
  }
  return `--tun-type ${tunnel.type}${port} ${checksum}`;
}
