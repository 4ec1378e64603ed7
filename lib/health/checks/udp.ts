import { validateInteger, validateObject } from '../../model/arguments.ts';
import { keysOf } from '../../model/numbers.ts';
import type { NamedCheck } from '../types.ts';
import { exchange } from './datagrams.ts';
import { portText, validatePort } from './fields.ts';
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

const optionKeys = keysOf<UdpCheckOptions>({ payload: true, expect: true, quiet: true, port: true });

/** Leaves room for the headers of tunnels in the 1500 bytes that Ethernet carries. */
const LONGEST_PAYLOAD = 1400;

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
  validateObject('options', options, optionKeys);
  const { payload = '', expect, quiet = 500, port } = options;
  const bytes = bytesOf('payload', payload);
  validateInteger('payload.length', bytes.length, 0, LONGEST_PAYLOAD);
  const matcher = expect === undefined ? undefined : matcherOf('expect', expect);
  validateInteger('quiet', quiet, 1, 86_400_000);
  validatePort(port);
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
