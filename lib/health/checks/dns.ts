import { randomInt } from 'node:crypto';
import { addAbortSignal, type Duplex } from 'node:stream';
import { canonicalAddress } from '../../model/address.ts';
import {
  validateChoice,
  validateObject,
  validateString,
  wrongType,
  wrongValue,
} from '../../model/arguments.ts';
import { keysOf } from '../../model/numbers.ts';
import type { NamedCheck } from '../types.ts';
import { exchange } from './datagrams.ts';
import { type DnsType, decodeAnswer, dnsTypes, encodeQuestion } from './dns-message.ts';
import { portText, validatePort } from './fields.ts';
import { keyOf } from './pattern.ts';

export type { DnsType } from './dns-message.ts';

/** What a DNS check asks, and which answer is right. */
export interface DnsCheckOptions {
  /** The name that is asked for, `.` for the root. */
  readonly name: string;
  /** Default 'A'. */
  readonly type?: DnsType | undefined;
  /**
   * What one of the records must be: an address, a name in lower case without its last dot, `10 mail.example`
   * (MX), `0 5 5060 sip.example` (SRV), the text (TXT), the first server's name (SOA); or an expression that
   * matches one. Default: any record of the type is right.
   */
  readonly answer?: string | RegExp | undefined;
  /** Checks this port. Default: the target's. */
  readonly port?: number | undefined;
}

const optionKeys = keysOf<DnsCheckOptions>({ name: true, type: true, answer: true, port: true });

/** The bytes of a message's length over TCP. */
const LENGTH_BYTES = 2;

/** What servers say instead of an answer (RFC 1035, section 4.1.1). */
const rcodes = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];

/**
 * A target is healthy that answers a question over UDP without an error, and with a record of the type that
 * was asked for. An answer that was cut off because it is too long for UDP is asked for again over TCP.
 *
 * Throws an `InvalidArgumentError` for a wrong option.
 *
 * @example
 * ```ts
 * const serves = dnsCheck({ name: 'example.com', type: 'SOA' });
 * const knows = dnsCheck({ name: 'www.example.com', answer: '192.0.2.80' });
 * ```
 */
export function dnsCheck(options: DnsCheckOptions): NamedCheck {
  validateObject('options', options, optionKeys);
  const { type = 'A', answer, port } = options;
  const name = validateName(options.name);
  validateChoice('type', type, dnsTypes);
  if (answer !== undefined && typeof answer !== 'string' && !(answer instanceof RegExp)) {
    throw wrongType('answer', 'a string or a regular expression', answer);
  }
  validatePort(port);
  const isRight = recordTest(answer, type);
  return {
    name: `dns ${type} ${name === '' ? '.' : name}${portText(port)}`,
    key: keyOf('dns', { name, type, answer, port }),
    heedsService: false,
    needsPort: port === undefined,
    async check(_, { dial, signal }) {
      const place = port === undefined ? {} : { port };
      const id = randomInt(0x1_0000);
      const question = encodeQuestion(id, name, type);
      const take = (bytes: Buffer) => decodeAnswer(bytes, id, type);
      const short = await exchange(await dial({ ...place, protocol: 'udp' }), question, take, signal);
      const whole = short.isCut ? await exchangeOverTcp(await dial(place), question, signal) : undefined;
      const { rcode, records } = whole === undefined ? short : (take(whole) ?? noAnswer());
      if (rcode !== 0) throw new Error(`answered ${rcodes[rcode] ?? `rcode ${rcode}`}`);
      if (records.length === 0) throw new Error(`answered without a record ${type}`);
      if (!records.some(isRight)) throw new Error(`answered ${records.slice(0, 5).join(', ')}`);
    },
  };
}

/** Sends a message over TCP, where its length goes before it (RFC 1035, section 4.2.2), and returns the answer. */
async function exchangeOverTcp(stream: Duplex, message: Buffer, signal: AbortSignal): Promise<Buffer> {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt16BE(message.length);
  stream.write(Buffer.concat([length, message]));
  let received = Buffer.alloc(0);
  for await (const chunk of addAbortSignal(signal, stream) as AsyncIterable<Buffer>) {
    received = Buffer.concat([received, chunk]);
    if (received.length < LENGTH_BYTES) continue;
    const end = LENGTH_BYTES + received.readUInt16BE();
    if (received.length >= end) return received.subarray(LENGTH_BYTES, end);
  }
  throw new Error('closed before a whole answer over TCP');
}

function noAnswer(): never {
  throw new Error('the answer over TCP is that to another question');
}

/** Returns a name without its last dot; throws for what is none. */
function validateName(value: unknown): string {
  const name = validateString('name', value).replace(/\.$/, '');
  const isName = name.split('.').every(label => /^[!-~]{1,63}$/.test(label)) && name.length <= 253;
  if (value === '.') return '';
  if (!isName) throw wrongValue('name', 'have labels of 1 to 63 characters, 253 in all', value);
  return name;
}

function recordTest(answer: string | RegExp | undefined, type: DnsType): (record: string) => boolean {
  if (answer === undefined) return () => true;
  if (answer instanceof RegExp) {
    const expression = new RegExp(answer.source, answer.flags.replace(/[gy]/g, ''));
    return record => expression.test(record);
  }
  const isAddress = type === 'A' || type === 'AAAA';
  const wanted = isAddress ? canonicalAddress(answer) : answer;
  if (wanted === undefined) throw wrongValue('answer', 'be an address', answer);
  return record => record === wanted;
}
