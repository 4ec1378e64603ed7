import { expect, test } from 'vitest';
import { dottedMask } from '../../../lib/model/address.ts';
import { parseAnyIpv4, parseNumber } from '../../../lib/rules/parse/numbers.ts';

test.each([
  ['7', 7],
  [' \t\n\v\f\r7', 7],
  ['+7', 7],
  ['-7', -7],
  ['007', 7],
  ['00000000000000000000000000000007', 7],
  ['-0', 0],
  ['18446744073709551616', 2 ** 64],
  ['', undefined],
  [' ', undefined],
  ['+', undefined],
  ['+-7', undefined],
  ['- 7', undefined],
  ['7 ', undefined],
  ['7x', undefined],
  ['0x7', undefined],
  ['\u00a07', undefined],
])('strtol() reads the text %j as %j', (text, number) => {
  expect(parseNumber(text)).toBe(number);
});

// The results are those of glibc's inet_aton().
test.each([
  ['255.255.255.0', '255.255.255.0'],
  ['0xffffff00', '255.255.255.0'],
  ['0XFFFFFF00', '255.255.255.0'],
  ['4294967040', '255.255.255.0'],
  ['255.16776960', '255.255.255.0'],
  ['255.255.65280', '255.255.255.0'],
  ['0377.0377.0.0', '255.255.0.0'],
  ['255.0', '255.0.0.0'],
  ['24', '0.0.0.24'],
  ['0', '0.0.0.0'],
  ['010.0.0.1', '8.0.0.1'],
  ['255.0.0.0 ', '255.0.0.0'],
  [' 255.0.0.0', undefined],
  ['', undefined],
  ['0x', undefined],
  ['08', undefined],
  ['256.0.0.0', undefined],
  ['255.16777216', undefined],
  ['255.255.65536', undefined],
  ['4294967296', undefined],
  ['0x100000000', undefined],
  ['1.2.3.4.5', undefined],
  ['1.2.3.', undefined],
  ['.1', undefined],
  ['1e3', undefined],
  ['-1', undefined],
])('inet_aton() reads the text %j as %j', (text, address) => {
  const word = parseAnyIpv4(text);
  expect(word === undefined ? undefined : dottedMask(word)).toBe(address);
});
