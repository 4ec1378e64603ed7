import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalAddress, parseIpv4 } from '../../lib/model/address.ts';
import { addressWords, canonical, formatIpv6, parseIpv6 } from '../../lib/rules/address.ts';

test('IPv6 is written as the C library writes it', () => {
  const group = fc.oneof(fc.constant(0), fc.constant(0xffff), fc.integer({ min: 0, max: 0xffff }));
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), groups => {
      const full = groups.map(value => value.toString(16)).join(':');
      expect(formatIpv6(groups)).toBe(canonicalAddress('address', full));
      expect(parseIpv6(formatIpv6(groups))).toEqual(groups);
    }),
    { numRuns: 1000 },
  );
});

test('what is an address is one for the library too', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV4Extended(), fc.ipV6(), fc.string()), text => {
      let known: string | undefined;
      try {
        known = canonicalAddress('address', text);
      } catch {}
      expect(canonical(text)).toBe(known);
    }),
    { numRuns: 1000 },
  );
});

test('words are in network order', () => {
  expect(parseIpv4('10.0.0.1')).toBe(0x0a000001);
  expect(parseIpv4('255.255.255.255')).toBe(0xffffffff);
  expect(addressWords('fd00:1::8000:2')).toEqual([0xfd000001, 0, 0, 0x80000002]);
});
