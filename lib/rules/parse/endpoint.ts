import { canonicalAddress, dottedMask } from '../../model/address.ts';
import { MAX_PROTOCOL, ProtocolNumber } from '../../model/constants.ts';
import type { Protocol, ServiceId } from '../../model/identity.ts';
import { nameOf } from '../../model/numbers.ts';
import { written } from '../grammar/lookup.ts';
import type { Values } from '../grammar/options.ts';
import { complain, complainUnresolved, type Findings, show, warn } from '../problem.ts';
import type { NameResolver } from '../types.ts';
import { parseAnyIpv4, parseNumber } from './numbers.ts';

/** What a line is built with. */
export interface Builder {
  readonly values: Values;
  readonly findings: Findings;
  readonly names: NameResolver | undefined;
}

const protocols = { 'tcp-service': 'tcp', 'udp-service': 'udp', 'sctp-service': 'sctp' } as const;

/** The service that a line is about. */
export function buildServiceId(builder: Builder): ServiceId | undefined {
  const { values } = builder;
  const fwmark = values['fwmark-service'];
  if (fwmark !== undefined) return { fwmark, family: values.ipv6 === true ? 'ipv6' : 'ipv4' };
  for (const option of ['tcp-service', 'udp-service', 'sctp-service'] as const) {
    const text = values[option];
    if (text === undefined) continue;
    const protocol = protocols[option];
    const endpoint = readEndpoint(builder, written(option), text, protocol);
    return endpoint && { protocol, address: endpoint.address, port: endpoint.port ?? 0 };
  }
  return values['ip-service'] === undefined ? undefined : readIpService(builder, values['ip-service']);
}

/** Reads protocol/host[:port]; undefined after a complaint. */
function readIpService(builder: Builder, text: string): ServiceId | undefined {
  const slash = text.indexOf('/');
  const number = slash === -1 ? undefined : parseNumber(text.slice(0, slash));
  if (number === undefined || number < 0 || number > MAX_PROTOCOL) {
    const rule = `expected a protocol's number, a slash and host[:port], such as 50/10.0.0.1:80`;
    complain(builder.findings, '--ip-service', `${rule}, not ${show(text)}`);
    return undefined;
  }
  const endpoint = readEndpoint(builder, '--ip-service', text.slice(slash + 1), undefined);
  const protocol = nameOf(ProtocolNumber, number);
  return endpoint && { protocol, address: endpoint.address, port: endpoint.port ?? 0 };
}

/** host[:port] */
export interface Endpoint {
  readonly address: string;
  /** Absent: not written. */
  readonly port: number | undefined;
}

const NAME = /^(?![0-9]*$)[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252}[A-Za-z0-9_.])?$/;

/**
 * Reads an option's host[:port]; undefined after a complaint. IPv6 stands in brackets, or alone and then has
 * no port. (ipvsadm wants a port after brackets, against its manual, and takes IPv4 in brackets only to
 * forget the port.)
 */
export function readEndpoint(
  builder: Builder,
  option: string,
  text: string,
  protocol: Protocol | undefined,
): Endpoint | undefined {
  const { findings } = builder;
  let host = text;
  let port: string | undefined;
  if (text.startsWith('[')) {
    const close = text.indexOf(']');
    const after = text.slice(close + 1);
    if (close === -1 || (after !== '' && !after.startsWith(':'))) {
      complain(findings, option, `expected [address]:port, not ${show(text)}`);
      return undefined;
    }
    host = text.slice(1, close);
    if (after !== '') port = after.slice(1);
    if (!host.includes(':')) {
      complain(findings, option, `brackets are for IPv6 addresses, not ${show(host)}`);
      return undefined;
    }
  } else if (text.indexOf(':') === text.lastIndexOf(':')) {
    const colon = text.indexOf(':');
    if (colon !== -1) {
      host = text.slice(0, colon);
      port = text.slice(colon + 1);
    }
  }
  const address = readHost(builder, option, host, text);
  if (address === undefined) return undefined;
  if (port === undefined) return { address, port };
  const number = readPort(builder, option, port, protocol);
  return number === undefined ? undefined : { address, port: number };
}

function readHost(
  { findings, names }: Builder,
  option: string,
  host: string,
  text: string,
): string | undefined {
  const address = canonicalAddress(host);
  if (address !== undefined) return address;
  // A number alone is no host: it is a port whose address was forgotten.
  const word = /^[0-9]+$/.test(text) ? undefined : parseAnyIpv4(host);
  if (word !== undefined) {
    const dotted = dottedMask(word);
    if (/(?:^|\.)0[0-7]/.test(host)) {
      warn(findings, option, `${show(host)} is ${dotted}: a number with a leading zero is octal`);
    }
    return dotted;
  }
  if (names !== undefined && NAME.test(host)) {
    const found = names.host(host);
    if (found === undefined)
      complainUnresolved(findings, option, `no IPv4 address is known for ${show(host)}`);
    return found;
  }
  const kinds =
    names === undefined
      ? 'an IPv4 address or an IPv6 address in brackets'
      : 'an address or the name of a host';
  complain(findings, option, `expected ${kinds}, with or without :port, not ${show(text)}`);
  return undefined;
}

function readPort(
  { findings, names }: Builder,
  option: string,
  text: string,
  protocol: Protocol | undefined,
): number | undefined {
  const number = parseNumber(text);
  if (number !== undefined && number >= 0 && number <= 65_535) return number;
  if (number === undefined && protocol !== undefined && names !== undefined && NAME.test(text)) {
    const found = names.port(text, protocol);
    if (found === undefined) {
      complainUnresolved(findings, option, `no ${protocol} port is known by the name ${show(text)}`);
    }
    return found;
  }
  const orName = names === undefined ? '' : ' or its name';
  complain(findings, option, `expected a port from 0 to 65535${orName}, not ${show(text)}`);
  return undefined;
}
