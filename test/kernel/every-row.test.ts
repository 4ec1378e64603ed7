import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import {
  type Destination,
  type DestinationSpec,
  formatRules,
  type Ipvs,
  parseRules,
  type ServiceId,
  type ServiceWithDestinations,
  type Stats,
  serviceKey,
} from '../../lib/index.ts';
import { runCommand } from '../support/run-command.ts';
import { type Attribute, openRawNetlink, type RawNetlink, type RawService } from './raw-netlink.ts';
import { addNamespace, removeNamespace, useBed } from './support.ts';

const bed = useBed();

const RUNS = Number(process.env['IPVS_PROPERTY_RUNS'] ?? 8);

let netns = '';
/** A client of the namespace that tables are copied to. */
let copy: Ipvs;
let raw: { readonly source: RawNetlink; readonly copy: RawNetlink };

beforeAll(() => {
  netns = addNamespace();
  copy = bed.client({ netns });
  raw = { source: openRawNetlink(bed.netns), copy: openRawNetlink(netns) };
});

afterEach(async () => {
  await Promise.all([bed.ipvs.flush(), copy.flush()]);
});

afterAll(async () => {
  await Promise.all([copy.close(), raw.source[Symbol.asyncDispose](), raw.copy[Symbol.asyncDispose]()]);
  removeNamespace(netns);
});

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

function hex(value: number, bytes: number, order: 'host' | 'network'): string {
  const text = value.toString(16).padStart(bytes * 2, '0');
  return order === 'network' || !littleEndian ? text : (text.match(/../g) ?? []).reverse().join('');
}

const u8 = (value: number) => hex(value, 1, 'host');
const u16 = (value: number) => hex(value, 2, 'host');
const u32 = (value: number) => hex(value, 4, 'host');
const be16 = (value: number) => hex(value, 2, 'network');
const be32 = (value: number) => hex(value, 4, 'network');
const name = (text: string) => Buffer.from(`${text}\0`).toString('hex');

const INT_MAX = 0x7fff_ffff;

/** A number of `bits` bits. The ends of its range and `edges` come up more often than others. */
function number(bits: 8 | 16 | 32, ...edges: readonly number[]): fc.Arbitrary<number> {
  const most = 2 ** bits - 1;
  return fc.oneof(
    { arbitrary: fc.constantFrom(0, 1, most >>> 1, (most >>> 1) + 1, most, ...edges), weight: 3 },
    { arbitrary: fc.nat({ max: most }), weight: 1 },
  );
}

/** A number up to INT_MAX, as the kernel takes it, and now and then a larger one, which it refuses. */
const positive = fc.oneof(
  { arbitrary: number(32, 2, 65_535, 65_536, INT_MAX).map(value => value & INT_MAX), weight: 15 },
  { arbitrary: number(32), weight: 1 },
);

const bytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map(array => Buffer.from(array).toString('hex'));

/** The 16 bytes of an address. IPv4 has the first four, and the kernel ignores the others. */
function address(family: number): fc.Arbitrary<string> {
  return family === 10
    ? fc.oneof(
        bytes(16),
        fc.constantFrom(
          '0'.repeat(32),
          `${'0'.repeat(31)}1`,
          `ff02${'0'.repeat(27)}1`,
          `${'0'.repeat(20)}ffff0a000001`,
        ),
      )
    : fc
        .tuple(fc.oneof(bytes(4), fc.constantFrom('00000000', '7f000001', 'e0000001', 'ffffffff')), bytes(12))
        .map(([first, rest]) => first + rest);
}

/** Addresses that a destination may have: the kernel looks for a route to them. */
function serverAddress(family: number): fc.Arbitrary<string> {
  return family === 10
    ? fc.oneof(
        bytes(14).map(rest => `fd00${rest}`),
        fc.constant(`${'0'.repeat(31)}1`),
      )
    : fc.oneof(
        bytes(15).map(rest => `0a${rest}`),
        fc.constant(`7f000001${'0'.repeat(24)}`),
      );
}

const families = fc.constantFrom(2, 10);

function serviceIdentity(family: number): fc.Arbitrary<Attribute[]> {
  const af: Attribute = [1, u16(family)];
  return fc.oneof(
    {
      arbitrary: fc
        .tuple(number(16, 6, 17, 50, 132, 255), address(family), number(16, 80))
        .map(([protocol, at, port]): Attribute[] => [af, [2, u16(protocol)], [3, at], [4, be16(port)]]),
      weight: 3,
    },
    { arbitrary: number(32).map((mark): Attribute[] => [af, [5, u32(mark)]]), weight: 1 },
  );
}

const schedulers = ['rr', 'wrr', 'lc', 'wlc', 'fo', 'ovf', 'lblc', 'lblcr', 'dh', 'sh', 'mh', 'sed', 'nq'];

function serviceConfig(family: number): fc.Arbitrary<Attribute[]> {
  const netmask =
    family === 10
      ? fc.integer({ min: 1, max: 128 }).map(u32)
      : number(32, 0xffff_ff00, 0xff00_ff00, 0xffff_fffe).map(be32);
  return fc
    .tuple(
      fc.constantFrom(...schedulers, 'none'),
      number(32, 0x1, 0x3, 0x4, 0x8, 0x18, 0x20, 0x40),
      fc.oneof(fc.constant(0xffff_ffff), number(32)),
      number(32, 360, 2_678_400, 4_294_967, 4_294_968, 17_179_869, 17_179_870, 42_949_672),
      netmask,
      fc.constantFrom(undefined, '', 'sip'),
    )
    .map(([scheduler, flags, mask, timeout, prefix, engine]) => [
      [6, name(scheduler)],
      [7, u32(flags) + u32(mask)],
      [8, u32(timeout)],
      [9, prefix],
      ...(engine === undefined ? [] : [[11, name(engine)] as const]),
    ]);
}

/** The tunnel's attributes, each there or not. */
const tunnel: fc.Arbitrary<Attribute[]> = fc
  .record(
    {
      type: number(8, 0, 1, 2, 3).map((value): Attribute => [13, u8(value)]),
      port: number(16, 6080).map((value): Attribute => [14, be16(value)]),
      flags: number(16, 1, 2, 3).map((value): Attribute => [15, u16(value)]),
    },
    { requiredKeys: [] },
  )
  .map(record => Object.values(record));

function destination(family: number): fc.Arbitrary<Attribute[]> {
  return fc.oneof(fc.constant(family), families).chain(own =>
    fc
      .tuple(
        fc.constant(own),
        serverAddress(own),
        number(16, 80),
        // Another family than the service's goes only through a tunnel.
        own === family ? number(32, 2, 3, 4, 5, 6, 7, 8) : fc.constant(2),
        positive,
        fc.tuple(positive, positive).map(pair => pair.sort((a, b) => a - b)),
        tunnel,
      )
      .map(([af, at, port, forwarding, weight, [lower, upper], options]) => [
        [1, at],
        [2, be16(port)],
        [3, u32(forwarding)],
        [4, u32(weight)],
        [5, u32(upper!)],
        [6, u32(lower!)],
        [11, u16(af)],
        ...options,
      ]),
  );
}

const tables: fc.Arbitrary<readonly RawService[]> = fc.array(
  families.chain(family =>
    fc.record({
      identity: serviceIdentity(family),
      config: serviceConfig(family),
      destinations: fc.array(destination(family), { maxLength: 6 }),
    }),
  ),
  { minLength: 1, maxLength: 20, size: 'max' },
);

/** Makes a call for every row of a table, in an order in which rows can be added. */
async function forEachRow(
  table: readonly ServiceWithDestinations[],
  call: {
    readonly service: (service: ServiceWithDestinations) => Promise<void>;
    readonly destination: (service: ServiceWithDestinations, row: Destination) => Promise<void>;
  },
): Promise<void> {
  const calls = table.flatMap(service => [
    call.service(service),
    ...service.destinations.map(row => call.destination(service, row)),
  ]);
  await Promise.all(calls);
}

/** A destination, and what the kernel counts of it. */
type Row = DestinationSpec &
  Partial<Pick<Destination, 'stats' | 'activeConnections' | 'inactiveConnections' | 'persistentConnections'>>;

/** A table's configuration: without what the kernel counts, in one order. */
function configured(
  table: readonly (ServiceId & { readonly stats?: Stats; readonly destinations: readonly Row[] })[],
) {
  return table
    .map(({ stats: _, destinations, ...service }) => ({
      ...service,
      destinations: destinations.map(
        ({ stats: _, activeConnections, inactiveConnections, persistentConnections, ...rest }) => rest,
      ),
    }))
    .sort((a, b) => (serviceKey(a) < serviceKey(b) ? -1 : 1));
}

test('any row that the kernel can hold is read and written back the same, byte for byte', async () => {
  let rows = 0;
  await fc.assert(
    fc
      .asyncProperty(tables, async table => {
        await raw.source.add(table);
        const told = await raw.source.read();
        const snapshot = await bed.ipvs.snapshot();
        for (const { destinations } of snapshot) rows += 1 + destinations.length;
        expect(snapshot.length).toBe(told.length);
        await forEachRow(snapshot, {
          service: service => copy.addService(service),
          destination: (service, row) => copy.addDestination(service, row),
        });
        expect(await raw.copy.read()).toEqual(told);
        expect(configured(await copy.snapshot())).toEqual(configured(snapshot));
        // By the command, too, and in the rules' language.
        await copy.flush();
        const saved = await runCommand(['save'], bed.netns);
        expect(saved).toMatchObject({ status: 0, stderr: '' });
        const restored = await runCommand(['restore', '-'], netns, saved.stdout);
        expect(restored.status, `${restored.stderr}${saved.stdout}`).toBe(0);
        expect(await raw.copy.read()).toEqual(told);
        expect(configured(parseRules(formatRules(snapshot, { order: 'given' })))).toEqual(
          configured(snapshot),
        );
        // An update with the row that was read changes nothing.
        await forEachRow(snapshot, {
          service: service => bed.ipvs.updateService(service, service),
          destination: (service, row) => bed.ipvs.updateDestination(service, row, row),
        });
        expect(await raw.source.read()).toEqual(told);
      })
      .afterEach(async () => {
        await Promise.all([bed.ipvs.flush(), copy.flush()]);
      }),
    { numRuns: RUNS },
  );
  expect(rows).toBeGreaterThan(5 * RUNS); // the kernel takes most rows that are written
});
