import { readAddress } from '../model/address.ts';
import { type Stats, toStats } from '../model/stats.ts';
import { ADDRESS_BYTES, COUNTERS } from './layout.ts';
import type { NativeBlock } from './native.ts';

/**
 * A list as the addon delivers it: 64-bit counters, then 32-bit words, then addresses; each column
 * contiguous.
 */
export interface List {
  readonly rows: number;
  readonly counters: BigUint64Array;
  /** The same counters as pairs of 32-bit words, to read them as numbers without allocating a BigInt each. */
  readonly halves: Uint32Array;
  readonly words: Uint32Array;
  readonly addresses: Uint8Array;
}

/**
 * Views a block as a list, copying nothing. `words` is the number of 32-bit columns; blocks of identities have
 * no counters.
 */
export function viewList({ rows, buffer }: NativeBlock, words: number, columns = COUNTERS): List {
  const counterBytes = rows * columns * 8;
  return {
    rows,
    counters: new BigUint64Array(buffer, 0, rows * columns),
    halves: new Uint32Array(buffer, 0, rows * columns * 2),
    words: new Uint32Array(buffer, counterBytes, rows * words),
    addresses: new Uint8Array(buffer, counterBytes + rows * words * 4, rows * ADDRESS_BYTES),
  };
}

// Linux's big-endian machines have the high half first.
const [LOW, HIGH] = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? [0, 1] : [1, 0];

/** A 32-bit column's value. */
export function wordAt(list: List, column: number, row: number): number {
  return list.words[column * list.rows + row]!;
}

/** The address of a row, as text. */
export function addressAt(list: List, family: number, row: number): string {
  return readAddress(list.addresses, row * ADDRESS_BYTES, family);
}

function counterAt(list: List, column: number, row: number): number {
  const at = (column * list.rows + row) * 2;
  return list.halves[at + HIGH]! * 4_294_967_296 + list.halves[at + LOW]!;
}

function bigCounterAt(list: List, column: number, row: number): bigint {
  return list.counters[column * list.rows + row]!;
}

/** The statistics of a row, whose ten columns are IPVS_STATS_ATTR_CONNS to _OUTBPS. */
export function statsAt(list: List, row: number): Stats {
  return {
    connections: counterAt(list, 0, row),
    inPackets: counterAt(list, 1, row),
    outPackets: counterAt(list, 2, row),
    inBytes: counterAt(list, 3, row),
    outBytes: counterAt(list, 4, row),
    rates: {
      connections: counterAt(list, 5, row),
      inPackets: counterAt(list, 6, row),
      outPackets: counterAt(list, 7, row),
      inBytes: counterAt(list, 8, row),
      outBytes: counterAt(list, 9, row),
    },
  };
}

/** As `statsAt`, exact beyond 2^53. */
export function bigStatsAt(list: List, row: number): Stats<bigint> {
  return toStats(column => bigCounterAt(list, column, row));
}
