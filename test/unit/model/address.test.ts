import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { destinationKey, serviceKey } from '../../../lib/index.ts';
import {
  addressWords,
  canonicalAddress,
  maskOfPrefix,
  parseIpv4,
  prefixOfMask,
  readAddress,
  validateAddress,
  writeAddress,
} from '../../../lib/model/address.ts';
import { Family } from '../../../lib/model/constants.ts';

/** The text that libuv's inet_pton() and inet_ntop() make of an IPv6 address, the same on every platform. */
function libuvText(text: string): string {
  return new SocketAddress({ address: text, family: 'ipv6' }).address;
}

const group = fc.oneof(fc.constantFrom(0, 1, 0xffff), fc.integer({ min: 0, max: 0xffff }));
const groups = fc.array(group, { minLength: 8, maxLength: 8 });
/** IPv6 addresses with one piece too many somewhere. */
const nearlyIpv6 = fc
  .tuple(
    fc.ipV6(),
    fc.nat(40),
    fc.constantFrom(':', '::', '0', 'ab', 'FFFF', 'g', '.', '1.2.3.4', '%lo', ' '),
  )
  .map(([text, at, piece]) => text.slice(0, at) + piece + text.slice(at));
const nearlyIpv4 = fc
  .array(fc.constantFrom('.', '0', '1', '9', '25', '255', '256', '00', 'a', ' ', '-1'), { maxLength: 9 })
  .map(parts => parts.join(''));

describe('addresses', () => {
  test('a text is an IPv4 address where net.isIPv4() says so, and is its own canonical text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV4Extended(), nearlyIpv4, fc.string()), text => {
        if (isIPv4(text)) expect(canonicalAddress(text)).toBe(text);
        else expect(parseIpv4(text)).toBeUndefined();
      }),
      { numRuns: 3000 },
    );
  });

  test('a text is an IPv6 address where net.isIPv6() says so and it names no scope', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV6(), nearlyIpv6, fc.string()), text => {
        fc.pre(!isIPv4(text));
        expect(canonicalAddress(text) !== undefined).toBe(isIPv6(text) && !text.includes('%'));
      }),
      { numRuns: 10_000 },
    );
  });

  test('an IPv6 address has the canonical text that libuv writes, however it was written', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV6(), nearlyIpv6.filter(isIPv6), groups.map(textOf)), text => {
        fc.pre(!text.includes('%'));
        expect(canonicalAddress(text)).toBe(libuvText(text));
      }),
      { numRuns: 3000 },
    );
  });

  test('an IPv6 address’s canonical text reads back as the same bytes', () => {
    fc.assert(
      fc.property(groups, fc.nat(8), (numbers, offset) => {
        const bytes = new Uint8Array(offset + 16 + 1).fill(0xaa);
        const view = new DataView(bytes.buffer, offset);
        for (const [i, number] of numbers.entries()) view.setUint16(2 * i, number);
        const written = new Uint8Array(bytes.length).fill(0xaa);
        const family = writeAddress(written, offset, 'address', readAddress(bytes, offset, Family.ipv6));
        expect(family).toBe(Family.ipv6);
        expect(written).toEqual(bytes);
      }),
      { numRuns: 3000 },
    );
  });

  test.each([
    ['0:0::1', '::1'],
    ['FD00:0::1', 'fd00::1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:0:0:2:3:0:0:4', '1::2:3:0:0:4'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    // The C library's dots, where musl's would write ::1:0.
    ['::1:0', '::0.1.0.0'],
    ['::ffff:a00:1', '::ffff:10.0.0.1'],
    ['64:ff9b::10.0.0.1', '64:ff9b::a00:1'],
  ])('the canonical text of %s is %s', (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical);
  });

  test.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '::g',
    ':',
    ':1::2',
    ':::',
    '::1:',
    '1:2:3:4:5:6:7:8:',
    '1::2::3',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '1:2:3:4:5:6:7:1.2.3.4',
    '::1.2.3.4:5',
    'fe80::1%lo',
    'localhost',
    ' 1.2.3.4',
  ])('the text %j is no address, and the error names the field', text => {
    expect(canonicalAddress(text)).toBeUndefined();
    expect(() => validateAddress('service.address', text)).toThrow(
      `service.address must be an IPv4 or IPv6 address, not '${text}'`,
    );
  });

  test.each([undefined, null, 7, 2130706433, {}])(
    'the value %j is no address, and the error names the field',
    value => {
      expect(() => validateAddress('service.address', value)).toThrow(TypeError);
      expect(() => writeAddress(new Uint8Array(16), 0, 'service.address', value)).toThrow(
        'service.address must be an IPv4 or IPv6 address',
      );
    },
  );

  test('an address too long for its 16 bytes touches no byte behind them', () => {
    for (const text of ['1:2:3:4:5:6:7:1.2.3.4', '1:2:3:4:5:6:7:8:9:a', '1:2:3:4:5:6:7:8::']) {
      const bytes = new Uint8Array(24);
      expect(() => writeAddress(bytes, 0, 'address', text)).toThrow();
      expect(bytes.subarray(16)).toEqual(new Uint8Array(8));
    }
  });

  test('an address’s words are in network order', () => {
    expect(parseIpv4('10.0.0.1')).toBe(0x0a000001);
    expect(parseIpv4('255.255.255.255')).toBe(0xffffffff);
    expect(addressWords('10.0.0.1')).toEqual([0x0a000001, 0, 0, 0]);
    expect(addressWords('fd00:1::8000:2')).toEqual([0xfd000001, 0, 0, 0x80000002]);
  });
});

function textOf(numbers: readonly number[]): string {
  return numbers.map(number => number.toString(16)).join(':');
}

describe('netmasks', () => {
  test('every prefix length has a netmask, which has that prefix length', () => {
    for (let length = 0; length <= 32; length++) expect(prefixOfMask(maskOfPrefix(length))).toBe(length);
    expect(maskOfPrefix(24)).toBe(0xffffff00);
  });

  test('a netmask with holes has no prefix length', () => {
    for (const mask of [0xff00ff00, 1, 0x7fffffff, 0xfffffffd]) expect(prefixOfMask(mask)).toBeUndefined();
  });
});

test('an identity’s key is the same however its address is written', () => {
  expect(serviceKey({ protocol: 'tcp', address: '10.0.0.1', port: 80 })).toBe('tcp 10.0.0.1:80');
  expect(serviceKey({ protocol: 'udp', address: 'FD00:0::1', port: 53 })).toBe('udp [fd00::1]:53');
  expect(serviceKey({ fwmark: 7, family: 'ipv6' })).toBe('fwmark 7 ipv6');
  expect(destinationKey({ address: '0:0::1', port: 80 })).toBe('[::1]:80');
});
