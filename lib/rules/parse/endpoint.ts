import { canonicalAddress } from '../../model/address.ts';
import type { Protocol, ServiceId } from '../../model/identity.ts';
import { written } from '../grammar/lookup.ts';
import type { Values } from '../grammar/options.ts';
import { complain, type Problems, show } from '../problem.ts';
import type { NameResolver } from '../types.ts';
import { parseNumber } from './popt.ts';

/** What a line is built with. */
export interface Builder {
  readonly values: Values;
  readonly problems: Problems;
  readonly names: NameResolver | undefined;
}

const protocols = { 'tcp-service': 'tcp', 'udp-service': 'udp', 'sctp-service': 'sctp' } as const;

/** The service that a line is about. */
export function buildServiceId({ values, problems, names }: Builder): ServiceId | undefined {
  const fwmark = values['fwmark-service'];
  if (fwmark !== undefined) return { fwmark, family: values.ipv6 === true ? 'ipv6' : 'ipv4' };
  for (const option of ['tcp-service', 'udp-service', 'sctp-service'] as const) {
    const text = values[option];
    if (text === undefined) continue;
    const protocol = protocols[option];
    const endpoint = parseEndpoint(text, protocol, names);
    if (typeof endpoint === 'string') {
      complain(problems, written(option), endpoint);
      return undefined;
    }
    return { protocol, address: endpoint.address, port: endpoint.port ?? 0 };
  }
  return undefined;
}

interface Endpoint {
  readonly address: string;
  /** Absent: not written. */
  readonly port: number | undefined;
}

const NAME = /^(?![0-9]*$)[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252}[A-Za-z0-9_.])?$/;

/**
 * Reads host[:port], or says what is wrong with it. IPv6 stands in brackets, or alone and then has no port. (ipvsadm wants a port after
 * brackets, against its manual, and takes IPv4 in brackets only to forget the port.)
 */
export function parseEndpoint(
  text: string,
  protocol: Protocol | undefined,
  names: NameResolver | undefined,
): Endpoint | string {
  let host = text;
  let port: string | undefined;
  if (text.startsWith('[')) {
    const close = text.indexOf(']');
    const after = text.slice(close + 1);
    if (close === -1 || (after !== '' && !after.startsWith(':'))) {
      return `expected [address]:port, not ${show(text)}`;
    }
    host = text.slice(1, close);
    if (after !== '') port = after.slice(1);
    if (!host.includes(':')) return `brackets are for IPv6 addresses, not ${show(host)}`;
  } else if (text.indexOf(':') === text.lastIndexOf(':')) {
    const colon = text.indexOf(':');
    if (colon !== -1) {
      host = text.slice(0, colon);
      port = text.slice(colon + 1);
    }
  }
  const address =
    canonicalAddress(host) ?? (NAME.test(host) && !text.startsWith('[') ? names?.host(host) : undefined);
  if (address === undefined) {
    const what =
      names === undefined
        ? 'an IPv4 address or an IPv6 address in brackets'
        : 'an address or the name of a host';
    return `expected ${what}, with or without :port, not ${show(text)}`;
  }
  if (port === undefined) return { address, port };
  const number = parseNumber(port);
  if (number !== undefined && number <= 65_535) return { address, port: number };
  const named =
    number === undefined && protocol !== undefined && NAME.test(port)
      ? names?.port(port, protocol)
      : undefined;
  if (named !== undefined) return { address, port: named };
  return `expected a port from 0 to 65535${names === undefined ? '' : ' or its name'}, not ${show(port)}`;
}
