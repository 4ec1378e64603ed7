import { canonicalAddress } from '../../model/address.ts';
import { wrongValue } from '../../model/arguments.ts';
import type { Protocol } from '../../model/identity.ts';

/**
 * Where the names of hosts and ports come from.
 *
 * @example
 * ```ts
 * const naming = { host: () => 'web', port: () => undefined };
 * console.log(formatRules(await ipvs.snapshot(), { naming })); // -A -t web:80 …
 * ```
 */
export interface NameFormatter {
  /** The name of a host; undefined when it has none. */
  host(address: string): string | undefined;
  /** The name of a port; undefined when it has none. */
  port(port: number, protocol: Protocol): string | undefined;
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
