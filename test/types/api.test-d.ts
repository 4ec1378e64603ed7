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

  test('a list of flags, not one', () => {
    void ({ ...web, scheduler: 'sh', schedulerFlags: ['sh-port', 'flag-3', '0x40'] } satisfies ServiceSpec);
    void ({ ...web, scheduler: 'from-outside-the-kernel' } satisfies ServiceSpec);
    // @ts-expect-error a list
    void ({ ...web, scheduler: 'sh', schedulerFlags: 'sh-port' } satisfies ServiceSpec);
    // @ts-expect-error bits have names
    void ({ ...web, scheduler: 'sh', schedulerFlags: [8] } satisfies ServiceSpec);
  });

  test('an update cannot change identity', () => {
    // @ts-expect-error remove it and add another
    void ({ port: 81 } satisfies ServiceChanges);
    void ({ persistence: null } satisfies ServiceChanges);
    void ({ persistence: { engine: null } } satisfies ServiceChanges);
  });
});

describe('illegal destinations do not compile', () => {
  test('forwarding and tunnels are of the kernel’s', () => {
    void ({ ...server, forwarding: 'tunnel', tunnel: { type: 'ipip' } } satisfies DestinationSpec);
    void ({ type: 'gue', port: 6080, checksum: 'remcsum' } satisfies Tunnel);
    // @ts-expect-error ipvsadm's name for masquerade
    void ({ ...server, forwarding: 'nat' } satisfies DestinationSpec);
    // @ts-expect-error no such tunnel
    void ({ ...server, forwarding: 'tunnel', tunnel: { type: 'vxlan' } } satisfies DestinationSpec);
    // @ts-expect-error a tunnel has a type
    void ({ ...server, forwarding: 'tunnel', tunnel: { port: 6080 } } satisfies DestinationSpec);
    // @ts-expect-error no such checksum
    void ({ type: 'gre', checksum: true } satisfies Tunnel);
    // @ts-expect-error a misspelt field
    void ({ wieght: 5 } satisfies DestinationChanges);
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
