import { isIPv4 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { destinationKey, serviceKey } from '../../lib/index.ts';
import { canonicalAddress, maskOfPrefix, prefixOfMask } from '../../lib/model/address.ts';

describe('addresses', () => {
  test('IPv4 comes back as it went in', () => {
    fc.assert(
      fc.property(fc.ipV4(), text => {
        expect(canonicalAddress('address', text)).toBe(text);
      }),
    );
  });

  test('IPv6 has one canonical text, as the URL standard has it', () => {
    fc.assert(
      fc.property(fc.ipV6(), text => {
        // A URL writes an embedded IPv4 address in hex, the C library in dots.
        const canonical = canonicalAddress('address', text);
        expect(new URL(`http://[${canonical}]`).hostname).toBe(new URL(`http://[${text}]`).hostname);
        expect(canonicalAddress('address', canonical)).toBe(canonical);
      }),
    );
  });

  test.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '::g',
    ':::',
    '1::2::3',
    'fe80::1%lo',
    'localhost',
    ' 1.2.3.4',
  ])('%j is none', text => {
    expect(() => canonicalAddress('address', text)).toThrow('address must be an IPv4 or IPv6 address');
  });
});

test('what is IPv4 is what net.isIPv4 says', () => {
  const almost = fc.array(fc.constantFrom('.', '0', '1', '9', '25', '255', '256', '00', 'a', ' ', '-1'), {
    maxLength: 9,
  });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.ipV4(),
        almost.map(parts => parts.join('')),
      ),
      text => {
        if (isIPv4(text)) expect(canonicalAddress('address', text)).toBe(text);
        else expect(() => canonicalAddress('address', text)).toThrow();
      },
    ),
    { numRuns: 2000 },
  );
});

describe('netmasks', () => {
  test('every prefix length has its mask', () => {
    for (let length = 0; length <= 32; length++) expect(prefixOfMask(maskOfPrefix(length))).toBe(length);
    expect(maskOfPrefix(24)).toBe(0xffffff00);
  });

  test('a mask with holes has no prefix length', () => {
    for (const mask of [0xff00ff00, 1, 0x7fffffff, 0xfffffffd]) expect(prefixOfMask(mask)).toBeUndefined();
  });
});

test('keys are the same for the same thing, however it is written', () => {
  expect(serviceKey({ protocol: 'tcp', address: '10.0.0.1', port: 80 })).toBe('tcp 10.0.0.1:80');
  expect(serviceKey({ protocol: 'udp', address: 'FD00:0::1', port: 53 })).toBe('udp [fd00::1]:53');
  expect(serviceKey({ fwmark: 7, family: 'ipv6' })).toBe('fwmark 7 ipv6');
  expect(destinationKey({ address: '0:0::1', port: 80 })).toBe('[::1]:80');
});
