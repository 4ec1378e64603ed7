import { canonicalAddress } from '../../model/address.ts';
import { misuse } from '../arguments.ts';

/** Where the exporter listens. */
export interface Endpoint {
  /** undefined: on all addresses. */
  readonly host: string | undefined;
  readonly port: number;
}

/** The port where none is named. */
const DEFAULT_PORT = 9918;

/** Reads `ADDRESS`, `ADDRESS:PORT`, `[ADDRESS]:PORT` or `:PORT`; throws at anything else. */
export function readEndpoint(text: string): Endpoint {
  const bare = canonicalAddress(text);
  if (bare !== undefined) return { host: bare, port: DEFAULT_PORT };
  const [, ipv6, ipv4, digits] = /^(?:\[(.+)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = ipv6 ?? ipv4;
  const port = digits === undefined ? DEFAULT_PORT : Number(digits);
  const address = host === undefined || host === '' ? undefined : canonicalAddress(host);
  const isAll = host === '' && digits !== undefined;
  const fits = address !== undefined && address.includes(':') === (ipv6 !== undefined);
  if ((isAll || fits) && port <= 65_535) return { host: address, port };
  throw misuse(
    `--listen takes an address, with a port or without, such as 127.0.0.1:${DEFAULT_PORT}, not '${text}'`,
  );
}
