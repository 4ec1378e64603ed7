import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DestinationColumn, ServiceColumn } from '../../../lib/addon/layout.ts';
import { native } from '../../../lib/addon/load.ts';
import type { NativeBlock, NativeTable } from '../../../lib/addon/native.ts';
import { formatServices } from '../../../lib/cli/execute/listing.ts';
import type { DestinationId, ServiceId } from '../../../lib/index.ts';
import { addressWords, canonicalAddress } from '../../../lib/model/address.ts';
import { Family, ProtocolNumber } from '../../../lib/model/constants.ts';
import { endpointText } from '../../../lib/rules/format/naming.ts';
import { sortDestinations, sortServices } from '../../../lib/rules/format/order.ts';
import type { ListOptions } from '../../../lib/rules/types.ts';
import { propertyRuns } from '../../support/property-runs.ts';

interface Row {
  readonly words: Readonly<Record<number, number>>;
  readonly address?: string | undefined;
  readonly counters?: readonly bigint[];
}

/** A block of rows laid out in columns, as the addon delivers it. */
function block(rows: readonly Row[], words: number): NativeBlock {
  const buffer = new ArrayBuffer(rows.length * (80 + words * 4 + 16));
  const counters = new BigUint64Array(buffer, 0, rows.length * 10);
  const columns = new Uint32Array(buffer, counters.byteLength, rows.length * words);
  const addresses = new DataView(buffer, counters.byteLength + columns.byteLength);
  rows.forEach((row, i) => {
    for (const [c, counter] of (row.counters ?? []).entries()) counters[c * rows.length + i] = counter;
    for (const [column, word] of Object.entries(row.words)) columns[Number(column) * rows.length + i] = word;
    if (row.address === undefined) return;
    for (const [w, word] of addressWords(row.address).entries()) addresses.setUint32(i * 16 + w * 4, word);
  });
  return { rows: rows.length, buffer };
}

function familyOf(address: string): number {
  return address.includes(':') ? Family.ipv6 : Family.ipv4;
}

function serviceRow({ fwmark, family, protocol, address, port }: ServiceId): Row {
  const at = ServiceColumn;
  return fwmark === undefined
    ? {
        words: {
          [at.family]: familyOf(address),
          [at.protocol]: ProtocolNumber[protocol] ?? Number(protocol),
          [at.port]: port,
        },
        address,
      }
    : { words: { [at.family]: Family[family], [at.fwmark]: fwmark } };
}

function destinationRow({ address, port }: DestinationId, service: number): Row {
  const at = DestinationColumn;
  return { words: { [at.service]: service, [at.family]: familyOf(address), [at.port]: port }, address };
}

/** A table of these services. Each has its destinations in the order in which they were added. */
function tableOf(
  services: readonly { readonly id: ServiceId; readonly destinations: readonly DestinationId[] }[],
): NativeTable {
  return {
    names: ['wlc', ''],
    services: block(
      services.map(({ id }) => serviceRow(id)),
      ServiceColumn.count,
    ),
    destinations: block(
      services.flatMap(({ destinations }, i) => destinations.toReversed().map(id => destinationRow(id, i))),
      DestinationColumn.count,
    ),
  };
}

const show: ListOptions = { numeric: true, columns: 'stats', exact: false, sort: true };

function lines(table: NativeTable, options: Partial<ListOptions> = {}): string[] {
  const text = Buffer.from(formatServices(table, { ...show, ...options }, undefined)).toString();
  return text.split('\n').slice(2, -1);
}

/** The names of the rows: what stands before the numbers. */
function names(table: NativeTable, options: Partial<ListOptions> = {}): string[] {
  return lines(table, options).map(line => line.replace(/( +\d+[KMGT]?){5}$/, '').trim());
}

/** A few addresses, among them some that ipvsadm's comparisons contradict one another about. */
const address = fc.constantFrom(
  '10.0.0.1',
  '10.0.0.2',
  '100.0.0.1',
  '192.0.2.1',
  '255.255.255.255',
  '2001:db8::1',
  '2001:db8::2',
  'a00::1',
  'fe80::1',
);
const port = fc.constantFrom(0, 1, 80, 443, 65_535);
const destinations = fc.uniqueArray(fc.record({ address, port }), {
  maxLength: 12,
  selector: ({ address, port }) => `${address} ${port}`,
});
const serviceId: fc.Arbitrary<ServiceId> = fc.oneof(
  fc.record({ protocol: fc.constantFrom('tcp' as const, 'udp' as const, 'sctp' as const), address, port }),
  fc.record({
    fwmark: fc.constantFrom(1, 2, 2 ** 31, 2 ** 32 - 1),
    family: fc.constantFrom('ipv4' as const, 'ipv6' as const),
  }),
);
const services = fc.uniqueArray(fc.record({ id: serviceId, destinations }), {
  maxLength: 12,
  selector: ({ id }) => JSON.stringify(id),
});

function serviceName({ fwmark, family, protocol, address, port }: ServiceId): string {
  if (fwmark !== undefined) return `FWM  ${fwmark}${family === 'ipv6' ? ' IPv6' : ''}`;
  return `${protocol.toUpperCase().padEnd(4)} ${endpointText(address, port, protocol, undefined)}`;
}

function destinationName({ address, port }: DestinationId): string {
  return `-> ${endpointText(address, port, undefined, undefined)}`;
}

describe('the order of a listing', () => {
  test('a listing sorts rows as formatRules() sorts specs', () => {
    fc.assert(
      fc.property(services, given => {
        const expected = sortServices(given.map(({ id }) => id)).flatMap(id => [
          serviceName(id),
          ...sortDestinations(given.find(service => service.id === id)!.destinations).map(destinationName),
        ]);
        expect(names(tableOf(given))).toEqual(expected);
      }),
      propertyRuns(1000),
    );
  });

  test('a listing without sorting keeps the kernel’s order', () => {
    fc.assert(
      fc.property(services, given => {
        const expected = given.flatMap(({ id, destinations }) => [
          serviceName(id),
          ...destinations.map(destinationName).toReversed(),
        ]);
        expect(names(tableOf(given), { sort: false })).toEqual(expected);
      }),
    );
  });

  test('a listing names a protocol without a name by its number', () => {
    const id = { protocol: '50000' as 'tcp', address: '10.0.0.1', port: 80 };
    expect(names(tableOf([{ id, destinations: [] }]))).toEqual(['50000 10.0.0.1:80']);
  });

  test('a listing of an empty table has no rows', () => {
    expect(lines(tableOf([]))).toEqual([]);
  });
});

test('a listing writes every IPv6 address as the rest of the library does', () => {
  const group = fc.oneof(fc.constantFrom(0, 1, 0xffff), fc.integer({ min: 0, max: 0xffff }));
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), groups => {
      const text = groups.map(value => value.toString(16)).join(':');
      const table = tableOf([{ id: { protocol: 'tcp', address: text, port: 80 }, destinations: [] }]);
      expect(names(table)).toEqual([`TCP  [${canonicalAddress(text)}]:80`]);
    }),
    propertyRuns(2000),
  );
});

describe('the numbers of a listing', () => {
  const shown = (numbers: readonly bigint[], exact: boolean) => {
    const at = ServiceColumn;
    const table = {
      ...tableOf([]),
      services: block(
        numbers.map((number, i) => ({
          words: { [at.family]: Family.ipv4, [at.protocol]: ProtocolNumber.tcp, [at.port]: i },
          address: '10.0.0.1',
          counters: [number],
        })),
        at.count,
      ),
    };
    return lines(table, { exact }).map(line => line.slice(33, -36));
  };

  test('a listing writes numbers in nine places, with K, M, G and T', () => {
    expect(
      shown([0n, 99_999_999n, 100_000_000n, 999_999_999n, 10n ** 9n, 10n ** 11n - 1n, 10n ** 11n], false),
    ).toEqual(['        0', ' 99999999', '  100000K', '  999999K', '    1000M', '   99999M', '     100G']);
    expect(shown([10n ** 14n - 1n, 10n ** 14n, 2n ** 64n - 1n], false)).toEqual([
      '   99999G',
      '     100T',
      '18446744T',
    ]);
  });

  test('a listing with --exact writes numbers in as many places as they take', () => {
    expect(shown([0n, 99_999_999n, 100_000_000n, 2n ** 64n - 1n], true)).toEqual([
      '        0',
      ' 99999999',
      ' 100000000',
      ' 18446744073709551615',
    ]);
  });
});

test('a listing tells how a service works: scheduler, flags, persistence, one packet', () => {
  const at = ServiceColumn;
  const names = ['wrr', 'sh', 'sip', ''];
  const usual = { [at.family]: Family.ipv4, [at.protocol]: 6, [at.netmask]: 0xffff_ffff, [at.engine]: 3 };
  const rules: readonly (readonly [Readonly<Record<number, number>>, string])[] = [
    [{}, 'wrr'],
    [{ [at.flags]: 0x3a }, 'wrr (flag-1,flag-2,flag-3)'],
    [{ [at.scheduler]: 1, [at.flags]: 0x38 }, 'sh (sh-fallback,sh-port,flag-3)'],
    [{ [at.flags]: 0x8000_0044 }, 'wrr (0x40,0x80000000) ops'],
    [{ [at.flags]: 1, [at.timeout]: 360 }, 'wrr persistent 360'],
    [{ [at.flags]: 1, [at.timeout]: 60, [at.netmask]: 0xff00_ff00 }, 'wrr persistent 60 mask 255.0.255.0'],
    [{ [at.flags]: 5, [at.timeout]: 60, [at.engine]: 2 }, 'wrr persistent 60 pe sip ops'],
    [{ [at.timeout]: 60, [at.netmask]: 0 }, 'wrr'], // kept, but not persistent
    [
      { [at.family]: Family.ipv6, [at.flags]: 1, [at.timeout]: 1, [at.netmask]: 64 },
      'wrr persistent 1 mask 64',
    ],
    [{ [at.family]: Family.ipv6, [at.flags]: 1, [at.timeout]: 1, [at.netmask]: 128 }, 'wrr persistent 1'],
  ];
  for (const [words, rule] of rules) {
    const list = block([{ words: { ...usual, ...words }, address: undefined }], ServiceColumn.count);
    const table = { names, services: list, destinations: block([], DestinationColumn.count) };
    const [line = ''] = lines(table, { columns: 'usual' });
    expect(line.slice(line.indexOf(':0 ') + 3)).toBe(rule);
  }
});

test('formatTable() returns undefined for what is no list', () => {
  const { formatTable } = native();
  const { services: none } = tableOf([]);
  const row = block([destinationRow({ address: '10.0.0.1', port: 80 }, 7)], DestinationColumn.count);
  const texts = { serviceNames: [], destinationNames: [], tunnels: [] };
  const format = (list: unknown, options: unknown = {}, given: unknown = {}) =>
    formatTable(
      none,
      list as typeof none,
      [],
      { show: 1, exact: false, sort: true, ...(options as object) },
      { ...texts, ...(given as object) },
    );
  expect(Buffer.from(format(row)).toString().split('\n')).toHaveLength(3); // the row's service is not there
  for (const wrong of [undefined, {}, { ...row, rows: 2 }, { ...row, rows: -1 }, { ...row, buffer: 'x' }]) {
    expect(format(wrong)).toBeUndefined();
  }
  for (const show of [-1, 6, 'stats', undefined]) expect(format(row, { show })).toBeUndefined();
  for (const wrong of [{ serviceNames: ['a'] }, { destinationNames: ['a', 'b'] }]) {
    expect(format(row, {}, wrong)).toBeUndefined();
  }
  expect(format(row, { show: 5 })).toBeUndefined(); // without a text for its tunnel
  expect(format(row, { show: 5 }, { tunnels: ['n/a'] })).toBeInstanceOf(Uint8Array);
  expect((formatTable as (...args: unknown[]) => unknown)(none, row)).toBeUndefined();
});
