import { wrongType, wrongValue } from '../model/arguments.ts';
import { isName, MAX_NAME } from '../model/constants.ts';
import { Layout, NAME_BYTES, type Operation } from './layout.ts';

/** Where a record stands among others. */
export interface Place {
  readonly words: Uint32Array;
  /** The word it starts at. */
  readonly at: number;
}

/** One record while it is written. */
export interface Slot extends Place {
  /** All of the record's memory, and nothing else. */
  readonly memory: ArrayBuffer;
  readonly bytes: Uint8Array;
  readonly at: 0;
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
  if (!isName(name)) {
    throw wrongValue(field, `be a name of 1 to ${MAX_NAME} ASCII characters without spaces`, name);
  }
  for (let i = 0; i < name.length; i++) slot.bytes[offset + i] = name.charCodeAt(i);
}

/** Reads back a name of the record; undefined where there is none. */
export function getName(slot: Slot, offset: number): string | undefined {
  const name = slot.bytes.subarray(offset, offset + NAME_BYTES);
  const end = name.indexOf(0);
  return end === 0 ? undefined : String.fromCharCode(...(end === -1 ? name : name.subarray(0, end)));
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
  /**
   * Adds a record to the batch, and ends its use. Returns the word it starts at; `words` has it, and keeps it.
   */
  commit(slot: Slot): number;
  /** The records' memory. Another one when a batch has outgrown it, or was taken. */
  readonly words: Uint32Array;
  /** The records so far; the batch is empty afterwards. */
  take(): Uint8Array;
}

/** A copy of a record that stands among others. */
export function copyRecord({ words, at }: Place): Slot {
  const slot = createSlot();
  slot.words.set(words.subarray(at, at + RECORD_WORDS));
  return slot;
}

/** Reads records that stand in a row. A slot is to be read before the next is asked for. */
export function createRecordReader(words: Uint32Array): (record: number) => Slot {
  const slot = createSlot();
  return record => {
    const start = record * RECORD_WORDS;
    for (let i = 0; i < RECORD_WORDS; i++) slot.words[i] = words[start + i]!;
    return slot;
  };
}

/** The words of a record. */
export const RECORD_WORDS = Layout.bytes / Uint32Array.BYTES_PER_ELEMENT;

/** Records that a batch has room for at first. */
const FIRST_ROOM = 16;

const noWords = new Uint32Array();

/** A record by itself, zeroed. */
export function createSlot(): Slot {
  const words = new Uint32Array(RECORD_WORDS);
  return { memory: words.buffer, bytes: new Uint8Array(words.buffer), words, at: 0 };
}

/** `expected`: how many records there will be, where that is known. */
export function createBatch(expected = FIRST_ROOM): Batch {
  let words = noWords;
  let room = expected * RECORD_WORDS;
  let count = 0;
  let idle: Slot | undefined;

  /** Makes room for one more record behind those there are, and returns the word it starts at. */
  function reserve(): number {
    const start = count * RECORD_WORDS;
    if (start === words.length) {
      const longer = new Uint32Array(start === 0 ? room : 2 * start);
      longer.set(words);
      words = longer;
    }
    return start;
  }

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
      const start = reserve();
      words.set(slot.words, start);
      count++;
      idle = slot;
      return start;
    },
    get words() {
      return words;
    },
    take() {
      const records = new Uint8Array(words.buffer, 0, count * Layout.bytes);
      // The memory goes with its records. The next batch is taken for one as long as this.
      room = Math.max(FIRST_ROOM, count) * RECORD_WORDS;
      words = noWords;
      count = 0;
      return records;
    },
  };
}
