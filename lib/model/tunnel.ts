import { wrongValue } from './arguments.ts';
import { ChecksumNumber, TunnelNumber } from './constants.ts';
import type { Tunnel } from './destination.ts';
import { nameOf } from './numbers.ts';

/**
 * The bits of a tunnel's checksum: of a name, or of a hexadecimal number such as '0x3'; throws at anything
 * else.
 */
export function checksumBits(field: string, checksum: string): number {
  if (typeof checksum === 'string' && Object.hasOwn(ChecksumNumber, checksum)) {
    return ChecksumNumber[checksum as keyof typeof ChecksumNumber];
  }
  const bits = Number(checksum);
  if (!(bits <= 0xffff) || checksumName(bits) !== checksum) {
    throw wrongValue(field, "be 'none', 'csum', 'remcsum', or other bits such as '0x3'", checksum);
  }
  return bits;
}

/** The name of a tunnel's checksum, or its bits in hexadecimal. */
function checksumName(bits: number): NonNullable<Tunnel['checksum']> {
  switch (bits) {
    case ChecksumNumber.none:
      return 'none';
    case ChecksumNumber.csum:
      return 'csum';
    case ChecksumNumber.remcsum:
      return 'remcsum';
    default:
      return `0x${bits.toString(16)}` as 'none'; // other bits are in no type
  }
}

/**
 * A tunnel of the kernel's three numbers, without fields that say nothing; undefined when the destination is
 * not tunnelled and nothing is left of a tunnel.
 */
export function tunnelOf(type: number, port: number, bits: number, isTunnelled: boolean): Tunnel | undefined {
  if (!isTunnelled && (type | port | bits) === 0) return undefined;
  const isGue = type === TunnelNumber.gue;
  return {
    type: nameOf(TunnelNumber, type),
    ...((isGue || port !== 0) && { port }),
    ...((isGue || type === TunnelNumber.gre || bits !== 0) && { checksum: checksumName(bits) }),
  };
}
