import type { NamedCheck } from '../types.ts';
import { maxBytesRule, portRule, portText, USUAL_BYTES } from './fields.ts';
import { type OptionSet, optional, readOptions } from './options.ts';
import { bytesOf, keyOf, matcherOf, type Pattern } from './pattern.ts';
import { readUntil } from './read.ts';

/** What a TCP check says and wants to hear. */
export interface TcpCheckOptions {
  /** Sent once connected: a text (UTF-8) or bytes. Default: nothing. */
  readonly send?: string | Uint8Array | undefined;
  /** What the answer must have in it. Default: to be connected is enough. */
  readonly expect?: Pattern | undefined;
  /** How many bytes are read while `expect` is looked for, 1 to 1048576. Default 65536. */
  readonly maxBytes?: number | undefined;
  /** Checks this port. Default: the target's. */
  readonly port?: number | undefined;
}

/** What a TCP check takes. */
export const tcpOptions: OptionSet<TcpCheckOptions> = {
  send: optional(bytesOf),
  expect: optional(matcherOf),
  maxBytes: maxBytesRule,
  port: portRule,
};

/**
 * A target is healthy that takes a TCP connection and, if something is expected, says it: greetings of SMTP,
 * FTP or Redis, too. The connection is reset after that, so that neither end keeps it in TIME_WAIT.
 *
 * Throws an `InvalidArgumentError` for a wrong option.
 *
 * @example
 * ```ts
 * const connects = tcpCheck();
 * const greets = tcpCheck({ port: 25, expect: /^220 / });
 * const answers = tcpCheck({ send: 'PING\r\n', expect: '+PONG' });
 * ```
 */
export function tcpCheck(options: TcpCheckOptions = {}): NamedCheck {
  const { send, expect, maxBytes = USUAL_BYTES, port } = readOptions(tcpOptions, options);
  const bytes = send === undefined ? undefined : bytesOf('send', send);
  const matcher = expect === undefined ? undefined : matcherOf('expect', expect);
  return {
    name: `tcp${portText(port)}${matcher === undefined ? '' : ` ${matcher.text}`}`,
    key: keyOf('tcp', { send: bytes, expect, maxBytes, port }),
    heedsService: false,
    needsPort: port === undefined,
    async check(_, { dial, signal }) {
      const socket = await dial(port === undefined ? {} : { port });
      if (bytes !== undefined) socket.write(bytes);
      if (matcher !== undefined) await readUntil(socket, matcher, maxBytes, signal);
      else if (bytes !== undefined) await new Promise(resolve => socket.write('', resolve));
      socket.resetAndDestroy();
    },
  };
}
