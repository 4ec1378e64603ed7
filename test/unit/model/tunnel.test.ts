import { expect, test } from 'vitest';
import { checksumBits } from '../../../lib/model/tunnel.ts';

test.each([
  ['none', 0],
  ['csum', 1],
  ['remcsum', 2],
  ['0x3', 3],
  ['0xffff', 0xffff],
])('the checksum %s of a tunnel has the bits %i', (checksum, bits) => {
  expect(checksumBits('tunnel.checksum', checksum)).toBe(bits);
});

test.each(['0x1', '0x10000', '3', '0X3', '0x03', '-0x3', '', 'all'])(
  'the text "%s" is no checksum of a tunnel, and the error names the field',
  checksum => {
    expect(() => checksumBits('tunnel.checksum', checksum)).toThrow(/^tunnel\.checksum must be 'none'/);
  },
);
