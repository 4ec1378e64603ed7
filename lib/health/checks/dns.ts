import { randomInt } from 'node:crypto';
import { addAbortSignal, type Duplex } from 'node:stream';
import { canonicalAddress } from '../../model/address.ts';
import { validateChoice, validateString, wrongType, wrongValue } from '../../model/arguments.ts';
import type { NamedCheck } from '../types.ts';
import { exchange } from './datagrams.ts';
import { type DnsType, decodeAnswer, dnsTypes, encodeQuestion } from './dns-message.ts';
import { portRule, portText } from './fields.ts';
import { type OptionSet, optional, readOptions, required } from './options.ts';
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

/** What a DNS check takes. */
export const dnsOptions: OptionSet<DnsCheckOptions> = {
  name: required(nameOf),
  type: optional((field, value) => validateChoice(field, value, dnsTypes)),
  answer: optional((field, value, { type }) => recordTest(field, value, type)),
  port: portRule,
};

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
  const { name: given, type = 'A', answer, port } = readOptions(dnsOptions, options);
  const name = nameOf('name', given);
  const isRight = answer === undefined ? () => true : recordTest('answer', answer, type);
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
function nameOf(field: string, value: unknown): string {
  const name = validateString(field, value).replace(/\.$/, '');
  const isName = name.split('.').every(label => /^[!-~]{1,63}$/.test(label)) && name.length <= 253;
  if (value === '.') return '';
  if (!isName) throw wrongValue(field, 'have labels of 1 to 63 characters, 253 in all', value);
  return name;
}

/** Returns what tells whether a record is right; throws for an answer that none of its type can be. */
function recordTest(field: string, answer: unknown, type: unknown = 'A'): (record: string) => boolean {
  if (answer instanceof RegExp) {
    const expression = new RegExp(answer.source, answer.flags.replace(/[gy]/g, ''));
    return record => expression.test(record);
  }
  if (typeof answer !== 'string') throw wrongType(field, 'a string or a regular expression', answer);
  const isAddress = type === 'A' || type === 'AAAA';
  const wanted = isAddress ? canonicalAddress(answer) : answer;
  if (wanted === undefined) throw wrongValue(field, 'be an address', answer);
  return record => record === wanted;
}
