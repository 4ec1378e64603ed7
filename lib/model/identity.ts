import { type AddressFamily, validateAddress } from './address.ts';
import { wrongType } from './arguments.ts';
import { keysOf } from './numbers.ts';

/**
 * The transport protocols IPVS balances. The kernel takes services of any other from netlink, up to 65535,
 * and schedules nothing for them. Such a row has the digits of the number, `'50'`, and every method takes
 * those: they are not in this type, so that a table of these three is enough for programs whose rows are
 * their own.
 */
export type Protocol = 'tcp' | 'udp' | 'sctp';

/** A service by the address that clients connect to. */
export interface AddressServiceId {
  /** The same address and port may be a service for each. */
  readonly protocol: Protocol;
  /** The virtual IP, IPv4 or IPv6. */
  readonly address: string;
  /** 1 to 65535; 0 is every port, which the kernel schedules only for a persistent service. */
  readonly port: number;
  readonly fwmark?: undefined;
  readonly family?: undefined;
}

/** A service by the mark that netfilter puts on packets: several addresses, ports and protocols as one. */
export interface FwmarkServiceId {
  /** 1 to 4294967295. */
  readonly fwmark: number;
  /** A mark is one service for IPv4 packets and another for IPv6. */
  readonly family: AddressFamily;
  readonly protocol?: undefined;
  readonly address?: undefined;
  readonly port?: undefined;
}

/** What makes a service that service. It cannot be changed. */
export type ServiceId = AddressServiceId | FwmarkServiceId;

/** What makes a destination that destination within its service. It cannot be changed. */
export interface DestinationId {
  /** The real server's address. Of the service's family, or the other one through a tunnel. */
  readonly address: string;
  /**
   * 0 to 65535. Only 'masquerade' rewrites ports: any other forwarding wants the service's own. For a
   * firewall-mark service 0 means the port that the client connected to.
   */
  readonly port: number;
}

export const serviceIdKeys = keysOf<ServiceId>({
  protocol: true,
  address: true,
  port: true,
  fwmark: true,
  family: true,
});

export const destinationIdKeys = keysOf<DestinationId>({ address: true, port: true });

/**
 * The one text for a service, whatever way its address is written: `tcp 10.0.0.1:80`, `udp [::1]:53`, `fwmark
 * 7 ipv6`. Throws a TypeError when the address is none.
 *
 * @example
 * ```ts
 * serviceKey({ protocol: 'tcp', address: 'FD00:0::1', port: 80 }); // 'tcp [fd00::1]:80'
 * serviceKey({ fwmark: 7, family: 'ipv6' }); // 'fwmark 7 ipv6'
 * ```
 */
export function serviceKey(service: ServiceId): string {
  validateIdentity('service', service);
  if (service.fwmark !== undefined) return `fwmark ${service.fwmark} ${service.family}`;
  return `${service.protocol} ${endpointKey('service.address', service.address, service.port)}`;
}

/**
 * The one text for a destination within its service: `10.0.0.2:80`, `[fd00::2]:80`. Throws a TypeError when
 * the address is none.
 *
 * @example
 * ```ts
 * const rows = await ipvs.destinations(web);
 * const byKey = new Map(rows.map(row => [destinationKey(row), row]));
 * console.log(byKey.get('172.16.120.11:80')?.weight);
 * ```
 */
export function destinationKey(destination: DestinationId): string {
  validateIdentity('destination', destination);
  return endpointKey('destination.address', destination.address, destination.port);
}

/** Throws at what can have no fields. */
function validateIdentity(field: string, id: unknown): void {
  if (typeof id !== 'object' || id === null) throw wrongType(field, 'an object', id);
}

function endpointKey(field: string, text: string, port: number): string {
  const address = validateAddress(field, text);
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}

/** Whether a service's packets are IPv6. */
export function isIpv6Service({ fwmark, family, address }: ServiceId): boolean {
  return fwmark === undefined ? address.includes(':') : family === 'ipv6';
}

/** A copy of a service's identity alone, for errors: the caller may change or drop the object afterwards. */
export function copyServiceId(service: ServiceId): ServiceId {
  const { fwmark, family, protocol, address, port } = service ?? {};
  return (fwmark === undefined ? { protocol, address, port } : { fwmark, family }) as ServiceId;
}

/**
 * A copy of a destination's identity alone, for errors: the caller may change or drop the object afterwards.
 */
export function copyDestinationId(destination: DestinationId): DestinationId {
  const { address, port } = destination ?? {};
  return { address, port };
}
