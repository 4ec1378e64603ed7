import { describe, expectTypeOf, test } from 'vitest';
import type {
  Destination,
  DestinationChanges,
  DestinationSpec,
  Ipvs,
  IpvsErrorCode,
  Service,
  ServiceChanges,
  ServiceId,
  ServiceSpec,
  ServiceWithDestinations,
  Tunnel,
} from '../../lib/index.ts';

declare const ipvs: Ipvs;
declare const read: ServiceWithDestinations;

const web = { protocol: 'tcp', address: '10.0.0.1', port: 80 } as const;
const server = { address: '10.0.0.2', port: 80 } as const;

describe('illegal services do not compile', () => {
  test('identity is an address or a mark, never both', () => {
    expectTypeOf(web).toExtend<ServiceId>();
    expectTypeOf<{ fwmark: 7; family: 'ipv4' }>().toExtend<ServiceId>();
    // @ts-expect-error a mark needs its family
    void ({ fwmark: 7 } satisfies ServiceId);
    // @ts-expect-error not both
    void ({ ...web, fwmark: 7, family: 'ipv4' } satisfies ServiceId);
    // @ts-expect-error the family is in the address
    void ({ ...web, family: 'ipv4' } satisfies ServiceId);
    // @ts-expect-error no such protocol
    void ({ ...web, protocol: 'icmp' } satisfies ServiceId);
    // @ts-expect-error a port is a number
    void ({ ...web, port: '80' } satisfies ServiceId);
  });

  test('one-packet scheduling is for udp and marks', () => {
    void ({ ...web, protocol: 'udp', onePacket: true } satisfies ServiceSpec);
    void ({ fwmark: 7, family: 'ipv4', onePacket: true } satisfies ServiceSpec);
    // @ts-expect-error not for tcp
    void ({ ...web, onePacket: true } satisfies ServiceSpec);
  });

  test('flags go with their scheduler', () => {
    void ({ ...web, scheduler: 'sh', schedulerFlags: ['sh-port', 'flag-3'] } satisfies ServiceSpec);
    void ({ ...web, scheduler: 'mh', schedulerFlags: ['mh-fallback'] } satisfies ServiceSpec);
    void ({ ...web, scheduler: 'rr', schedulerFlags: ['flag-1'] } satisfies ServiceSpec);
    void ({ ...web, scheduler: 'from-outside-the-kernel' } satisfies ServiceSpec);
    // @ts-expect-error sh's flag
    void ({ ...web, scheduler: 'mh', schedulerFlags: ['sh-port'] } satisfies ServiceSpec);
    // @ts-expect-error sh's flag
    void ({ ...web, scheduler: 'rr', schedulerFlags: ['sh-port'] } satisfies ServiceSpec);
    // @ts-expect-error no scheduler named
    void ({ ...web, schedulerFlags: ['sh-port'] } satisfies ServiceSpec);
    // @ts-expect-error the same holds for changes
    void ({ scheduler: 'wrr', schedulerFlags: ['mh-port'] } satisfies ServiceChanges);
  });

  test('an update cannot change identity', () => {
    // @ts-expect-error remove it and add another
    void ({ port: 81 } satisfies ServiceChanges);
    void ({ persistence: null } satisfies ServiceChanges);
    void ({ persistence: { engine: null } } satisfies ServiceChanges);
  });
});

describe('illegal destinations do not compile', () => {
  test('a tunnel only where forwarding is tunnel', () => {
    void ({ ...server, forwarding: 'tunnel', tunnel: { type: 'ipip' } } satisfies DestinationSpec);
    // @ts-expect-error masquerading has no tunnel
    void ({ ...server, forwarding: 'masquerade', tunnel: { type: 'ipip' } } satisfies DestinationSpec);
    // @ts-expect-error nor has the default
    void ({ ...server, tunnel: { type: 'ipip' } } satisfies DestinationSpec);
    // @ts-expect-error nor a change that does not name it
    void ({ tunnel: { type: 'ipip' } } satisfies DestinationChanges);
  });

  test('a port for gue and for gue alone', () => {
    void ({ type: 'gue', port: 6080, checksum: 'remcsum' } satisfies Tunnel);
    // @ts-expect-error gue needs it
    void ({ type: 'gue' } satisfies Tunnel);
    // @ts-expect-error gre has none
    void ({ type: 'gre', port: 1 } satisfies Tunnel);
    // @ts-expect-error ipip has no checksum
    void ({ type: 'ipip', checksum: 'csum' } satisfies Tunnel);
    // @ts-expect-error gre has no remote checksum
    void ({ type: 'gre', checksum: 'remcsum' } satisfies Tunnel);
  });
});

describe('what is read can be written', () => {
  test('services and destinations', () => {
    expectTypeOf(read).toExtend<ServiceSpec>();
    expectTypeOf<Destination>().toExtend<DestinationSpec>();
    expectTypeOf<Service<bigint>>().toExtend<ServiceId>();
  });

  test('reading is readonly', () => {
    // @ts-expect-error plain data, and not ours to change
    read.scheduler = 'rr';
  });
});

describe('statistics are numbers, bigints on request', () => {
  test('of every reading call', () => {
    expectTypeOf(ipvs.services())
      .resolves.items.toHaveProperty('stats')
      .toHaveProperty('inBytes')
      .toEqualTypeOf<number>();
    expectTypeOf(ipvs.services({ bigint: true }))
      .resolves.items.toHaveProperty('stats')
      .toHaveProperty('inBytes')
      .toEqualTypeOf<bigint>();
    const flag = true as boolean;
    expectTypeOf(ipvs.totals({ bigint: flag }))
      .resolves.toHaveProperty('inBytes')
      .toEqualTypeOf<number | bigint>();
    const options: { readonly timeout: number } = { timeout: 1 };
    expectTypeOf(ipvs.totals(options)).resolves.toHaveProperty('inBytes').toEqualTypeOf<number>();
    expectTypeOf(ipvs.totals({ bigint: false }))
      .resolves.toHaveProperty('inBytes')
      .toEqualTypeOf<number>();
    expectTypeOf(ipvs.totals({ bigint: true }))
      .resolves.toHaveProperty('rates')
      .toHaveProperty('connections')
      .toEqualTypeOf<bigint>();
    expectTypeOf(ipvs.service(web)).resolves.toExtend<Service | undefined>();
  });
});

test('undefined is as good as left out', () => {
  const maybe = undefined as number | undefined;
  void ({ ...server, weight: maybe, upperThreshold: maybe } satisfies DestinationSpec);
  void ({ ...web, persistence: { timeout: maybe } } satisfies ServiceSpec);
  void ipvs.setTimeouts({ tcp: maybe });
  void ipvs.sampler({ services: undefined });
  expectTypeOf<Destination['weight']>().toEqualTypeOf<number>();
});

test('codes are one literal union', () => {
  expectTypeOf<'ERR_IPVS_SERVICE_EXISTS'>().toExtend<IpvsErrorCode>();
  expectTypeOf<string>().not.toExtend<IpvsErrorCode>();
});
