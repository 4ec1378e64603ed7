import { isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import {
  validateBoolean,
  validateInteger,
  validateObject,
  validateString,
  wrongType,
  wrongValue,
} from '../../model/arguments.ts';
import { keysOf } from '../../model/numbers.ts';
import type { CheckAnswer, NamedCheck } from '../types.ts';
import { portText, validatePort, validateStrings } from './fields.ts';
import { keyOf } from './pattern.ts';

/** How TLS is spoken to a target. */
export interface TlsOptions {
  /** The name that is asked for (SNI) and that the certificate must have. Default: none is asked for. */
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

const tlsOptions = {
  servername: true,
  verify: true,
  ca: true,
  cert: true,
  key: true,
  alpn: true,
  minDays: true,
} as const;

/** The names of options of TLS. */
export const tlsKeys = keysOf<TlsOptions>(tlsOptions);
const optionKeys = keysOf<TlsCheckOptions>({ ...tlsOptions, port: true });

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
  validateObject('options', options, optionKeys);
  const { port, ...tls } = options;
  validatePort(port);
  validateTls(tls);
  return {
    name: ['tls', tls.servername, portText(port).trim()].filter(Boolean).join(' '),
    key: keyOf('tls', options),
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

/** Throws an `InvalidArgumentError` that names the wrong field, behind `prefix`. */
export function validateTls(
  { servername, verify, ca, cert, key, alpn, minDays }: TlsOptions,
  prefix: 'tls.' | '' = '',
): void {
  const field = (name: keyof TlsOptions) => `${prefix}${name}`;
  if (
    servername !== undefined &&
    (validateString(field('servername'), servername) === '' || isIP(servername) !== 0)
  ) {
    throw wrongValue(field('servername'), 'be a name', servername);
  }
  if (verify !== undefined) validateBoolean(field('verify'), verify);
  for (const [name, pem] of Object.entries({ ca, cert, key })) {
    if (pem !== undefined && !validateString(`${prefix}${name}`, pem).includes('-----BEGIN ')) {
      throw wrongValue(`${prefix}${name}`, 'be in PEM', pem);
    }
  }
  if ((cert === undefined) !== (key === undefined)) {
    const missing = field(cert === undefined ? 'cert' : 'key');
    throw wrongType(missing, 'given with the other of the two', undefined);
  }
  if (alpn !== undefined && validateStrings(field('alpn'), alpn).length === 0) {
    throw wrongValue(field('alpn'), 'not be empty', alpn);
  }
  if (minDays !== undefined) validateInteger(field('minDays'), minDays, 0, 36_500);
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
