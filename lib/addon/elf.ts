import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** What an ELF file's header and its table of segments tell. */
export interface Elf {
  /** `e_machine`: 62 is x86-64, 183 is AArch64. */
  readonly machine: number;
  /** The dynamic linker that a program asks for. */
  readonly interpreter: string | undefined;
  /**
   * Whether the file ends before a segment does. The dynamic linker maps such a file, and the process ends by
   * SIGBUS.
   */
  readonly truncated: boolean;
}

/** What is read at once: linkers put the table of segments behind the header. */
const HEAD_BYTES = 1024;

const PT_LOAD = 1;
const PT_INTERP = 3;

/**
 * Reads the head of a 64-bit little-endian ELF file; undefined for any other file, or one that cannot be
 * read.
 */
export function readElf(path: string): Elf | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    const head = read(fd, 0, HEAD_BYTES);
    const header = head.subarray(0, 64);
    if (header.length < 64 || header.readUInt32BE(0) !== 0x7f454c46) return undefined;
    const [is64, isLittleEndian] = [header[4] === 2, header[5] === 1];
    if (!is64 || !isLittleEndian) return undefined;
    const size = header.readUInt16LE(54);
    const length = size * header.readUInt16LE(56);
    const start = Number(header.readBigUInt64LE(32));
    const segments =
      start + length <= head.length ? head.subarray(start, start + length) : read(fd, start, length);
    const fileSize = fstatSync(fd).size;
    let truncated = segments.length < length;
    let interpreter: string | undefined;
    for (let at = 0; at + 56 <= segments.length; at += size) {
      const type = segments.readUInt32LE(at);
      const offset = Number(segments.readBigUInt64LE(at + 8));
      const bytes = Number(segments.readBigUInt64LE(at + 32));
      if (type === PT_LOAD && offset + bytes > fileSize) truncated = true;
      if (type === PT_INTERP) interpreter = read(fd, offset, bytes).toString('latin1').replace(/\0.*$/s, '');
    }
    return { machine: header.readUInt16LE(18), interpreter, truncated };
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}

/** The bytes at an offset, fewer at the file's end. No path or table of segments is longer than 64 KiB. */
function read(fd: number, offset: number, length: number): Buffer {
  const buffer = Buffer.alloc(Math.min(length, 1 << 16));
  return buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, offset));
}
