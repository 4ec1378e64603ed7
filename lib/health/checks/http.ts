import {
  type IncomingMessage,
  type RequestOptions,
  request,
  validateHeaderName,
  validateHeaderValue,
} from 'node:http';
import type { Duplex } from 'node:stream';
import {
  contradiction,
  type InvalidArgumentError,
  validateString,
  wrongType,
  wrongValue,
} from '../../model/arguments.ts';
import type { Fields } from '../../model/fields.ts';
import type { CheckAnswer, NamedCheck } from '../types.ts';
import { maxBytesRule, portRule, portText, USUAL_BYTES } from './fields.ts';
import { named, nested, type OptionSet, optional, readOptions } from './options.ts';
import { keyOf, type Matcher, matcherOf, type Pattern } from './pattern.ts';
import { shakeHands, type TlsOptions, tlsOptions } from './tls.ts';

/** What an HTTP check asks for, and which answer is right. HTTP/1.1, a new connection each time. */
export interface HttpCheckOptions {
  /** Default 'GET'. */
  readonly method?: string | undefined;
  /** With its query. Default '/'. */
  readonly path?: string | undefined;
  /** The virtual host. Default: `servername` of `tls`, else the target's address and port. */
  readonly host?: string | undefined;
  /** Other headers, by name. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * Which statuses are right, 100 to 599: numbers, and ranges of a first and a last one. A redirect is not
   * followed: it is an answer like others. Default `[[200, 299]]`.
   */
  readonly statuses?: readonly (number | readonly [number, number])[] | undefined;
  /** What the body must have in it; not with 'HEAD'. Default: the body is not read. */
  readonly body?: Pattern | undefined;
  /** How many bytes a body that is looked at may have, 1 to 1048576. Default 65536. */
  readonly maxBytes?: number | undefined;
  /** Checks this port. Default: the target's. */
  readonly port?: number | undefined;
}

/** What an HTTPS check asks for: in addition, options of TLS. */
export interface HttpsCheckOptions extends HttpCheckOptions {
  /** How TLS is spoken. Default: as `TlsOptions` says. */
  readonly tls?: TlsOptions | undefined;
}

/** What an HTTP check takes. */
export const httpOptions: OptionSet<HttpCheckOptions> = {
  method: optional(validateMethod),
  path: optional(validatePath),
  host: optional(validateHost),
  headers: named(validateHeader),
  statuses: optional(statusesOf),
  body: optional(validateBody),
  maxBytes: maxBytesRule,
  port: portRule,
};

/** What an HTTPS check takes. */
export const httpsOptions: OptionSet<HttpsCheckOptions> = {
  ...httpOptions,
  tls: nested(tlsOptions),
};

/**
 * A target is healthy that answers a request with a right status and, if asked for, a right body.
 *
 * Throws an `InvalidArgumentError` for a wrong option.
 *
 * @example
 * ```ts
 * const healthy = httpCheck({ path: '/health', host: 'www.example.com', body: /^ok$/m });
 * const redirects = httpCheck({ method: 'HEAD', statuses: [301, [307, 308]] });
 * ```
 */
export function httpCheck(options: HttpCheckOptions = {}): NamedCheck {
  return makeCheck('http', readOptions(httpOptions, options), undefined);
}

/**
 * As `httpCheck()`, over TLS. The target's certificate counts, too: `detail` says for how many days it is
 * still valid.
 *
 * Throws an `InvalidArgumentError` for a wrong option.
 *
 * @example
 * ```ts
 * const healthy = httpsCheck({ path: '/health', tls: { servername: 'www.example.com' } });
 * const unnamed = httpsCheck({ port: 8443, tls: { verify: false } });
 * ```
 */
export function httpsCheck(options: HttpsCheckOptions = {}): NamedCheck {
  const { tls = {}, ...rest } = readOptions(httpsOptions, options);
  return makeCheck('https', rest, tls);
}

function makeCheck(
  scheme: 'http' | 'https',
  options: HttpCheckOptions,
  tls: TlsOptions | undefined,
): NamedCheck {
  const { method = 'GET', path = '/', host, headers = {}, statuses = [[200, 299]], body, port } = options;
  const { maxBytes = USUAL_BYTES } = options;
  const isRight = statusesOf('statuses', statuses);
  const matcher = body === undefined ? undefined : matcherOf('body', body);
  const given = host ?? tls?.servername;
  return {
    name: `${scheme} ${method} ${path}${portText(port)}`,
    key: keyOf(scheme, { method, path, given, headers, statuses, body, maxBytes, port, ...tls }),
    heedsService: false,
    needsPort: port === undefined,
    async check(target, { dial, signal }) {
      const socket = await dial(port === undefined ? {} : { port });
      const secured = tls === undefined ? undefined : await shakeHands(socket, tls, signal);
      const asked = port ?? target.port;
      const named = target.address.includes(':') ? `[${target.address}]` : target.address;
      const answer = await ask(secured?.secure ?? socket, {
        method,
        path,
        headers: { Host: given ?? `${named}:${asked}`, 'User-Agent': 'ipvs', ...headers },
        signal,
      });
      if (!isRight(answer.statusCode ?? 0)) throw new Error(`status ${answer.statusCode}`);
      if (matcher !== undefined) await readBody(answer, matcher, maxBytes);
      answer.destroy();
      return secured?.answer satisfies CheckAnswer | undefined;
    },
  };
}

/** Sends a request over a connected stream, and resolves with the answer once its headers have come. */
function ask(stream: Duplex, options: RequestOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request({ ...options, setHost: false, createConnection: () => stream }, resolve);
    sent.on('error', reject);
    // Some answer with a protocol of their own: they are no HTTP server.
    sent.on('upgrade', (_, socket) => {
      socket.destroy();
      reject(new Error('status 101'));
    });
    sent.end();
  });
}

/** Rejects unless the body, of `maxBytes` at most, has in it what is looked for. */
async function readBody(answer: IncomingMessage, matcher: Matcher, maxBytes: number): Promise<void> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) throw new Error(`the body has more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  if (!answer.complete) throw new Error('the body was cut short');
  if (!matcher.matches(Buffer.concat(chunks))) throw new Error(`no ${matcher.text} in the body`);
}

function validateMethod(field: string, value: unknown): void {
  if (!/^[A-Z]{1,20}$/.test(validateString(field, value)) || value === 'CONNECT') {
    throw wrongValue(field, "be a method of HTTP's in capitals", value);
  }
}

function validatePath(field: string, value: unknown): void {
  if (!/^\/[!-~]*$/.test(validateString(field, value))) {
    throw wrongValue(field, 'begin with a slash and have no blanks', value);
  }
}

function validateHost(field: string, value: unknown): void {
  if (!/^[!-~]+$/.test(validateString(field, value))) {
    throw wrongValue(field, 'be a name, or a name and a port', value);
  }
}

function validateBody(field: string, value: unknown, { method }: Fields): void {
  if (method === 'HEAD')
    throw contradiction(`${field} does not go with method 'HEAD', whose answer has none`);
  matcherOf(field, value);
}

function validateHeader(field: string, value: unknown, name: string): void {
  const text = validateString(field, value);
  try {
    validateHeaderName(name);
    validateHeaderValue(name, text);
  } catch {
    throw wrongValue(field, "be a header of HTTP's", value);
  }
}

/** Returns what tells whether a status is right; throws for what is no list of statuses. */
function statusesOf(field: string, statuses: unknown): (status: number) => boolean {
  if (!Array.isArray(statuses)) throw wrongType(field, 'a list', statuses);
  if (statuses.length === 0) throw wrongValue(field, 'not be empty', statuses);
  const ranges = statuses.map((entry: unknown): readonly [number, number] => {
    const [first, last] = Array.isArray(entry) ? entry : [entry, entry];
    const isWhole = !Array.isArray(entry) || entry.length === 2;
    if (!isWhole || !isStatus(first) || !isStatus(last) || first > last) throw wrongStatus(field, entry);
    return [first, last];
  });
  return status => ranges.some(([first, last]) => status >= first && status <= last);
}

function isStatus(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 100 && (value as number) <= 599;
}

function wrongStatus(field: string, value: unknown): InvalidArgumentError {
  return wrongValue(field, 'hold numbers from 100 to 599, or ranges of two of them', value);
}
