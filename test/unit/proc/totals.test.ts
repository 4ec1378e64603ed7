import { expect, test } from 'vitest';
import { parseTotals } from '../../../lib/proc/totals.ts';

test('totals are read from hexadecimal numbers, as bigints or as numbers', () => {
  const content = `   Total Incoming Outgoing         Incoming         Outgoing
   Conns  Packets  Packets            Bytes            Bytes
      1F       A0       B0  FFFFFFFFFFFFFFFF              C0D

 Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s
       1        2        3                4                A
`;
  expect(parseTotals<bigint>(content, true)).toEqual({
    connections: 0x1fn,
    inPackets: 0xa0n,
    outPackets: 0xb0n,
    inBytes: 2n ** 64n - 1n,
    outBytes: 0xc0dn,
    rates: { connections: 1n, inPackets: 2n, outPackets: 3n, inBytes: 4n, outBytes: 10n },
  });
  expect(parseTotals<number>(content, false).rates.outBytes).toBe(10);
});
