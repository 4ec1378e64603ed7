import { wrongType, wrongValue } from '../model/arguments.ts';
import { MAX_NAME } from '../model/constants.ts';
import { Layout, type Operation } from './layout.ts';

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

/** Makes the record one of another operation than its slot was opened for. */
export function setOperation(slot: Slot, operation: Operation): void {
  putWord(slot, Layout.operation, operation);
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
