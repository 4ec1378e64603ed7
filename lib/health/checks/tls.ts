import { isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import {
  validateBoolean,
  validateInteger,
  validateString,
  wrongType,
  wrongValue,
} from '../../model/arguments.ts';
import type { CheckAnswer, NamedCheck } from '../types.ts';
import { portRule, portText, validateStrings } from './fields.ts';
import { type OptionSet, optional, readOptions, required } from './options.ts';
import { keyOf } from './pattern.ts';

/** How TLS is spoken to a target. */
export interface TlsOptions {
  /** The name that is asked for (SNI) and that the certificate must have; no address. Default: none is asked for. */
  readonly servername?: string | undefined;
  /**
   * Whether the certificate must be signed by a known authority and have the name or, without `servername`,
   * the target's address. Default true.
   */
  readonly verify?: boolean | undefined;
  /** Certificates of authorities, in PEM, in place of those that Node.js knows. */
  readonly ca?: string | undefined;
  /** A certificate to show, in PEM, with its chain. */
  readonly cert?: string | undefined;
  /** The private key of `cert`, in PEM. */
  readonly key?: string | undefined;
  /** Protocols to offer (ALPN); the target must choose one of them. */
  readonly alpn?: readonly string[] | undefined;
  /** For how many days the certificate must still be valid, 0 to 36500. Default: it must not have expired. */
  readonly minDays?: number | undefined;
}

/** What a TLS check asks for. */
export interface TlsCheckOptions extends TlsOptions {
  /** Checks this port. Default: the target's. */
  readonly port?: number | undefined;
}

/** What says how TLS is spoken. */
export const tlsOptions: OptionSet<TlsOptions> = {
  servername: optional(validateServername),
  verify: optional(validateBoolean),
  ca: optional(validatePem),
  cert: required((field, value, { key }) => validatePemWith(key, field, value)),
  key: required((field, value, { cert }) => validatePemWith(cert, field, value)),
  alpn: optional((field, value) => {
    if (validateStrings(field, value).length === 0) throw wrongValue(field, 'not be empty', value);
  }),
  minDays: optional((field, value) => validateInteger(field, value, 0, 36_500)),
};

/** What a TLS check takes. */
export const tlsCheckOptions: OptionSet<TlsCheckOptions> = {
  ...tlsOptions,
  port: portRule,
};

const DAY = 86_400_000;

/**
 * A target is healthy that shakes hands and shows a right certificate. Its answer's `detail` says for how
 * many days that is still valid.
 *
 * Throws an `InvalidArgumentError` for a wrong option.
 *
 * @example
 * ```ts
 * const valid = tlsCheck({ servername: 'www.example.com', minDays: 14 });
 * const speaks = tlsCheck({ verify: false });
 * ```
 */
export function tlsCheck(options: TlsCheckOptions = {}): NamedCheck {
  const given = readOptions(tlsCheckOptions, options);
  const { port, ...tls } = given;
  return {
    name: ['tls', tls.servername, portText(port).trim()].filter(Boolean).join(' '),
    key: keyOf('tls', given),
    heedsService: false,
    needsPort: port === undefined,
    async check(_, { dial, signal }) {
      const socket = await dial(port === undefined ? {} : { port });
      const { secure, answer } = await shakeHands(socket, tls, signal);
      secure.destroy();
      return answer;
    },
  };
}

function validateServername(field: string, value: unknown): void {
  const name = validateString(field, value);
  if (name === '' || isIP(name) !== 0) throw wrongValue(field, 'be a name', value);
}

function validatePem(field: string, value: unknown): void {
  if (!validateString(field, value).includes('-----BEGIN ')) throw wrongValue(field, 'be in PEM', value);
}

/** Throws unless PEM is given with the other of two that go together, or neither of them is. */
function validatePemWith(other: unknown, field: string, value: unknown): void {
  if (value !== undefined) validatePem(field, value);
  else if (other !== undefined) throw wrongType(field, 'given with the other of the two', value);
}

/**
 * Speaks TLS over a connected socket. Rejects with what is wrong with the certificate, or when the signal is
 * aborted.
 */
export function shakeHands(
  socket: Socket,
  { servername, verify = true, ca, cert, key, alpn, minDays }: TlsOptions,
  signal: AbortSignal,
): Promise<{ readonly secure: TLSSocket; readonly answer: CheckAnswer }> {
  const options: ConnectionOptions = {
    socket,
    rejectUnauthorized: verify,
    ...(servername === undefined ? { host: socket.remoteAddress } : { servername }),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert, key }),
    ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }),
  };
  return new Promise((resolve, reject) => {
    const secure = connect(options);
    const fail = (reason: unknown) => {
      signal.removeEventListener('abort', onAbort);
      secure.destroy();
      reject(reason);
    };
    const onAbort = () => fail(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    secure.on('error', fail);
    secure.on('close', () => fail(new Error('closed before the end of the handshake')));
    secure.on('secureConnect', () => {
      const expires = Date.parse(secure.getPeerCertificate().valid_to);
      const days = Math.floor((expires - Date.now()) / DAY);
      if (minDays !== undefined && !(days >= minDays)) {
        fail(new Error(`the certificate ends in ${days} days, fewer than ${minDays}`));
      } else if (alpn !== undefined && secure.alpnProtocol === false) {
        fail(new Error(`none of the protocols ${alpn.join(', ')} was chosen`));
      } else {
        signal.removeEventListener('abort', onAbort);
        resolve({ secure, answer: Number.isNaN(days) ? {} : { detail: `certificate ends in ${days} days` } });
      }
    });
  });
}
