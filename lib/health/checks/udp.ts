import { validateInteger } from '../../model/arguments.ts';
import type { NamedCheck } from '../types.ts';
import { exchange } from './datagrams.ts';
import { portRule, portText, validateMilliseconds } from './fields.ts';
import { type OptionSet, optional, readOptions } from './options.ts';
import { bytesOf, keyOf, matcherOf, type Pattern } from './pattern.ts';

/** What a UDP check sends and wants back. */
export interface UdpCheckOptions {
  /** What the datagram holds: a text (UTF-8) or bytes, at most 1400. Default: nothing. */
  readonly payload?: string | Uint8Array | undefined;
  /** What an answer must have in it; others are passed over. Default: see `quiet`. */
  readonly expect?: Pattern | undefined;
  /**
   * Without `expect`: milliseconds without a refusal (ICMP: port unreachable) after which a target is
   * healthy, 1 to 86400000; any answer ends the wait. Must be less than the policy's `timeout`. Default 500.
   */
  readonly quiet?: number | undefined;
  /** Checks this port. Default: the target's. */
  readonly port?: number | undefined;
}

/** Leaves room for the headers of tunnels in the 1500 bytes that Ethernet carries. */
const LONGEST_PAYLOAD = 1400;

/** What a UDP check takes. */
export const udpOptions: OptionSet<UdpCheckOptions> = {
  payload: optional((field, value) =>
    validateInteger(`${field}.length`, bytesOf(field, value).length, 0, LONGEST_PAYLOAD),
  ),
  expect: optional(matcherOf),
  quiet: optional(validateMilliseconds),
  port: portRule,
};

/**
 * A target is healthy that answers a datagram or, if no answer is expected, doesn't refuse it. A host that is
 * dead refuses nothing: without `expect` it is healthy.
 *
 * Throws an `InvalidArgumentError` for a wrong option.
 *
 * @example
 * ```ts
 * const answers = udpCheck({ payload: 'ping', expect: 'pong' });
 * const listens = udpCheck({ port: 514, payload: '<15>check', quiet: 300 });
 * ```
 */
export function udpCheck(options: UdpCheckOptions = {}): NamedCheck {
  const { payload = '', expect, quiet = 500, port } = readOptions(udpOptions, options);
  const bytes = bytesOf('payload', payload);
  const matcher = expect === undefined ? undefined : matcherOf('expect', expect);
  return {
    name: `udp${portText(port)}${matcher === undefined ? '' : ` ${matcher.text}`}`,
    key: keyOf('udp', { payload: bytes, expect, quiet, port }),
    heedsService: false,
    needsPort: port === undefined,
    async check(_, { dial, signal }) {
      const socket = await dial({ protocol: 'udp', ...(port === undefined ? {} : { port }) });
      if (matcher !== undefined) {
        await exchange(socket, bytes, answer => matcher.matches(answer) || undefined, signal);
        return;
      }
      let timer: NodeJS.Timeout | undefined;
      const silence = new Promise<void>(resolve => {
        timer = setTimeout(resolve, quiet);
      });
      try {
        await Promise.race([silence, exchange(socket, bytes, () => true, signal)]);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
