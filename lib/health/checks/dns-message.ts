import { readAddress } from '../../model/address.ts';
import { Family } from '../../model/constants.ts';

// Messages of DNS (RFC 1035): one question, and the records of its answer.

/** A type of DNS records that can be asked for. */
export type DnsType = 'A' | 'NS' | 'CNAME' | 'SOA' | 'PTR' | 'MX' | 'TXT' | 'AAAA' | 'SRV';

/** Their numbers. */
export const dnsTypes: Readonly<Record<DnsType, number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
};

/** What an answer says. */
export interface DnsAnswer {
  /** 0 is no error, 3 that there is no such name. */
  readonly rcode: number;
  /** The records of the type that was asked for, as text. */
  readonly records: readonly string[];
  /** It was too long for its transport, and its records are not looked at. */
  readonly isCut: boolean;
}

const HEADER_BYTES = 12;
const INTERNET = 1;
const RECURSION_DESIRED = 0x0100;
const TRUNCATED = 0x0200;

/** Writes a question. `name` has labels of 1 to 63 bytes each; an empty one is the root. */
export function encodeQuestion(id: number, name: string, type: DnsType): Buffer {
  const labels = name === '' ? [] : name.split('.').map(label => Buffer.from(label));
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(RECURSION_DESIRED, 2);
  header.writeUInt16BE(1, 4);
  const parts = labels.flatMap(label => [Buffer.from([label.length]), label]);
  return Buffer.concat([header, ...parts, Buffer.from([0, 0, dnsTypes[type], 0, INTERNET])]);
}

/**
 * Reads the answer to a question. Undefined for what is the answer to another; throws where it is no message
 * of DNS.
 */
export function decodeAnswer(bytes: Buffer, id: number, type: DnsType): DnsAnswer | undefined {
  if (bytes.length < HEADER_BYTES) throw malformed();
  const flags = bytes.readUInt16BE(2);
  const isAnswer = (flags & 0x8000) !== 0;
  if (!isAnswer || bytes.readUInt16BE(0) !== id) return undefined;
  const rcode = flags & 0xf;
  if ((flags & TRUNCATED) !== 0) return { rcode, records: [], isCut: true };
  let at = HEADER_BYTES;
  for (let i = bytes.readUInt16BE(4); i > 0; i--) at = readName(bytes, at).end + 4;
  const records: string[] = [];
  for (let i = bytes.readUInt16BE(6); i > 0; i--) {
    const { end } = readName(bytes, at);
    if (end + 10 > bytes.length) throw malformed();
    const start = end + 10;
    at = start + bytes.readUInt16BE(end + 8);
    if (at > bytes.length) throw malformed();
    if (bytes.readUInt16BE(end) === dnsTypes[type] && bytes.readUInt16BE(end + 2) === INTERNET) {
      records.push(recordText(bytes, start, at, type));
    }
  }
  return { rcode, records, isCut: false };
}

function malformed(): Error {
  return new Error('the answer is no message of DNS');
}

/** The text of a record's data, which is from `start` to before `end`. */
function recordText(bytes: Buffer, start: number, end: number, type: DnsType): string {
  const length = end - start;
  const numbers = (count: number) => {
    if (length < 2 * count) throw malformed();
    return Array.from({ length: count }, (_, i) => bytes.readUInt16BE(start + 2 * i)).join(' ');
  };
  switch (type) {
    case 'A':
    case 'AAAA':
      if (length !== (type === 'A' ? 4 : 16)) throw malformed();
      return readAddress(bytes, start, type === 'A' ? Family.ipv4 : Family.ipv6);
    case 'TXT':
      return readStrings(bytes, start, end);
    case 'MX':
      return `${numbers(1)} ${readName(bytes, start + 2).name}`;
    case 'SRV':
      return `${numbers(3)} ${readName(bytes, start + 6).name}`;
    default:
      return readName(bytes, start).name;
  }
}

/** The name at a place, without its last dot, in lower case, and where what follows it begins. */
function readName(bytes: Buffer, from: number): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = from;
  let end: number | undefined;
  // A pointer may lead to another one: in a circle, too.
  for (let hops = 0; hops < 128; hops++) {
    const length = bytes[at];
    if (length === undefined) throw malformed();
    if (length === 0) return { name: labels.join('.'), end: end ?? at + 1 };
    if (length >= 0xc0) {
      if (at + 1 >= bytes.length) throw malformed();
      end ??= at + 2;
      at = bytes.readUInt16BE(at) & 0x3fff;
    } else {
      if (length > 63 || at + 1 + length > bytes.length) throw malformed();
      labels.push(bytes.toString('utf8', at + 1, at + 1 + length).toLowerCase());
      at += 1 + length;
    }
  }
  throw malformed();
}

/** Strings with their lengths before them, as one. */
function readStrings(bytes: Buffer, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at += 1 + bytes[at]!) {
    if (at + 1 + bytes[at]! > end) throw malformed();
    text += bytes.toString('utf8', at + 1, at + 1 + bytes[at]!);
  }
  return text;
}
