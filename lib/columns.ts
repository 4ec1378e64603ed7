import type { NativeBlock } from './native.ts';
import type { ReadCounter } from './stats.ts';

const COUNTERS = 10;
const ADDRESS_BYTES = 16;

/** The 32-bit columns of a service, in their order (native/columns.h). */
export const ServiceColumn = {
  family: 0,
  protocol: 1,
  fwmark: 2,
  port: 3,
  flags: 4,
  timeout: 5,
  netmask: 6,
  scheduler: 7,
  engine: 8,
  count: 9,
} as const;

/** The 32-bit columns of a destination, in their order. */
export const DestinationColumn = {
  service: 0,
  family: 1,
  port: 2,
  forwarding: 3,
  weight: 4,
  upperThreshold: 5,
  lowerThreshold: 6,
  activeConnections: 7,
  inactiveConnections: 8,
  persistentConnections: 9,
  tunnelType: 10,
  tunnelPort: 11,
  tunnelFlags: 12,
  count: 13,
} as const;

/** A list as the addon delivers it: 64-bit counters, then 32-bit words, then addresses; each column contiguous. */
export interface List {
  readonly rows: number;
  word(column: number, row: number): number;
  readonly addresses: Uint8Array;
  readonly counter: ReadCounter<number>;
  readonly bigCounter: ReadCounter<bigint>;
}

/** Views a block as a list, copying nothing. `words` is the number of 32-bit columns. */
export function viewList({ rows, buffer }: NativeBlock, words: number): List {
  const counterBytes = rows * COUNTERS * 8;
  const wordView = new Uint32Array(buffer, counterBytes, rows * words);
  const halves = new Uint32Array(buffer, 0, rows * COUNTERS * 2);
  const addresses = new Uint8Array(buffer, counterBytes + rows * words * 4, rows * ADDRESS_BYTES);
  const big = new BigUint64Array(buffer, 0, rows * COUNTERS);
  // Two halves instead of a bigint: several times cheaper. Linux's big-endian machines have the high half first.
  const [low, high] = littleEndian ? [0, 1] : [1, 0];
  return {
    rows,
    word: (column, row) => wordView[column * rows + row]!,
    addresses,
    counter: (column, row) => {
      const at = (column * rows + row) * 2;
      return halves[at + high]! * 4_294_967_296 + halves[at + low]!;
    },
    bigCounter: (column, row) => big[column * rows + row]!,
  };
}

const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
