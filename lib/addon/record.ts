import { wrongType, wrongValue } from '../model/arguments.ts';
import { MAX_NAME } from '../model/constants.ts';
import { Layout, type Operation } from './layout.ts';

/** One record while it is written. */
export interface Slot {
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
}

/** Writes one 32-bit word at a byte offset of the record. */
export function putWord(slot: Slot, offset: number, value: number): void {
  slot.words[offset >> 2] = value;
}

/** Makes the record one of another operation than its slot was opened for. */
export function setOperation(slot: Slot, operation: Operation): void {
  putWord(slot, Layout.operation, operation);
}

/** Reads back a word of the record. */
export function getWord(slot: Slot, offset: number): number {
  return slot.words[offset >> 2]!;
}

/**
 * Writes a name of 1 to 15 ASCII characters without spaces, or throws. The rest of its 16 bytes is zero
 * already.
 */
export function putName(slot: Slot, offset: number, field: string, name: unknown): void {
  if (typeof name !== 'string') throw wrongType(field, 'a string', name);
  if (name.length === 0 || name.length > MAX_NAME || !/^[!-~]+$/.test(name)) {
    throw wrongValue(field, `be a name of 1 to ${MAX_NAME} ASCII characters without spaces`, name);
  }
  for (let i = 0; i < name.length; i++) slot.bytes[offset + i] = name.charCodeAt(i);
}

/** Records in a row, ready to be handed over together. Grows; never shrinks. */
export interface Batch {
  readonly count: number;
  /**
   * A zeroed record, apart from the batch: an encoder may throw, and a getter or Proxy of the caller's may
   * make other calls while its values are read.
   */
  open(operation: Operation): Slot;
  /**
   * Ends a record's use without adding it. One that is never dropped nor committed is left to the garbage
   * collector.
   */
  drop(slot: Slot): void;
  /** Adds a record to the batch, and ends its use. */
  commit(slot: Slot): void;
  /** The records so far; the batch is empty afterwards. Valid until the next `commit`. */
  take(): Uint8Array;
}

function createSlot(): Slot {
  const words = new Uint32Array(Layout.bytes / 4);
  return { bytes: new Uint8Array(words.buffer), words };
}

export function createBatch(): Batch {
  let words = new Uint32Array((16 * Layout.bytes) / 4);
  let count = 0;
  let idle: Slot | undefined;

  return {
    get count() {
      return count;
    },
    open(operation) {
      const slot = idle ?? createSlot();
      idle = undefined;
      slot.words.fill(0);
      putWord(slot, Layout.operation, operation);
      return slot;
    },
    drop(slot) {
      idle = slot;
    },
    commit(slot) {
      const start = (count * Layout.bytes) / 4;
      if (start === words.length) {
        const longer = new Uint32Array(words.length * 2);
        longer.set(words);
        words = longer;
      }
      words.set(slot.words, start);
      count++;
      idle = slot;
    },
    take() {
      const records = new Uint8Array(words.buffer, 0, count * Layout.bytes);
      count = 0;
      return records;
    },
  };
}
