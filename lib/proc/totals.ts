import { type Stats, toStats } from '../model/stats.ts';

/** Statistics of a whole network namespace. Opened by a thread that is in it. */
export const TOTALS_FILE = '/proc/thread-self/net/ip_vs_stats';

/** Reads the file's two rows of hexadecimal numbers: totals, then rates (ip_vs_stats_show in ip_vs_ctl.c). */
export function parseTotals<T extends number | bigint>(content: string, bigint: boolean): Stats<T> {
  const rows = content.split('\n').filter(line => /^[\s\dA-F]*[\dA-F][\s\dA-F]*$/.test(line));
  const numbers = rows.flatMap(line => line.trim().split(/\s+/));
  const read = (column: number) =>
    bigint ? BigInt(`0x${numbers[column]}`) : Number.parseInt(numbers[column]!, 16);
  return toStats<number | bigint>(read) as Stats<T>;
}
