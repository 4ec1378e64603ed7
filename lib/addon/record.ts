import { wrongType, wrongValue } from '../model/arguments.ts';
import type { Operation } from '../model/constants.ts';
import { MAX_NAME } from '../model/constants.ts';

/**
 * Byte offsets in native/codec/record.h's CallRecord: what one call carries to the native thread. All numbers are 32-bit words in host
 * order; the codec knows the kernel's widths and byte orders.
 */
export const Layout = {
  bytes: 144,
  operation: 0,
  fields: 4,
  service: {
    family: 8,
    protocol: 12,
    fwmark: 16,
    port: 20,
    address: 24,
    flags: 40,
    flagsMask: 44,
    timeout: 48,
    netmask: 52,
    scheduler: 56,
    engine: 72,
  },
  destination: {
    family: 88,
    port: 92,
    address: 96,
    forwarding: 112,
    weight: 116,
    upperThreshold: 120,
    lowerThreshold: 124,
    tunnelType: 128,
    tunnelPort: 132,
    tunnelFlags: 136,
  },
  daemon: {
    role: 88,
    syncId: 92,
    maxLength: 96,
    groupFamily: 100,
    port: 104,
    ttl: 108,
    group: 112,
    interface: 128,
    /** The size of the DaemonRecord alone, as `daemons()` gets it back; its offsets then count from `role`. */
    bytes: 56,
  },
  timeouts: { tcp: 88, tcpFin: 92, udp: 96 },
} as const;

/** Bits of CallRecord.fields: which fields an update names (native/codec/record.h, ServiceField and DestinationField). */
export const ServiceField = { scheduler: 1, timeout: 2, netmask: 4, engine: 8 } as const;
export const DestinationField = {
  forwarding: 1,
  weight: 2,
  upperThreshold: 4,
  lowerThreshold: 8,
  tunnel: 16,
  all: 31,
} as const;

/** One record being written: the views of a buffer of many, and where it starts. */
export interface Slot {
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  /** In bytes; a multiple of four. */
  readonly start: number;
}

/** Writes one 32-bit word at a byte offset of the record. */
export function putWord(slot: Slot, offset: number, value: number): void {
  slot.words[(slot.start + offset) >> 2] = value;
}

/** Reads back a word of the record. */
export function getWord(slot: Slot, offset: number): number {
  return slot.words[(slot.start + offset) >> 2]!;
}

/** Writes a name of 1 to 15 ASCII characters without spaces, or throws. The rest of its 16 bytes is zero already. */
export function putName(slot: Slot, offset: number, field: string, name: unknown): void {
  if (typeof name !== 'string') throw wrongType(field, 'a string', name);
  if (name.length === 0 || name.length > MAX_NAME || !/^[!-~]+$/.test(name)) {
    throw wrongValue(field, `be a name of 1 to ${MAX_NAME} ASCII characters without spaces`, name);
  }
  let at = slot.start + offset;
  for (let i = 0; i < name.length; i++) slot.bytes[at++] = name.charCodeAt(i);
}

/** Records in a row, ready to be handed over together. Grows; never shrinks. */
export interface Batch {
  readonly count: number;
  /** A zeroed slot behind the last record. It becomes part of the batch only with `commit`, so an encoder may throw. */
  open(operation: Operation): Slot;
  commit(): void;
  /** The records so far; the batch is empty afterwards. Valid until the next `open`. */
  take(): Uint8Array;
}

export function createBatch(): Batch {
  let bytes = new Uint8Array(16 * Layout.bytes);
  let words = new Uint32Array(bytes.buffer);
  let count = 0;

  return {
    get count() {
      return count;
    },
    open(operation) {
      const start = count * Layout.bytes;
      if (start === bytes.length) {
        const longer = new Uint8Array(bytes.length * 2);
        longer.set(bytes);
        bytes = longer;
        words = new Uint32Array(longer.buffer);
      }
      words.fill(0, start >> 2, (start + Layout.bytes) >> 2);
      words[start >> 2] = operation;
      return { bytes, words, start };
    },
    commit() {
      count++;
    },
    take() {
      const records = bytes.subarray(0, count * Layout.bytes);
      count = 0;
      return records;
    },
  };
}
