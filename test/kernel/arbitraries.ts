import fc from 'fast-check';
import {
  type DestinationSpec,
  destinationKey,
  type ServiceSpec,
  serviceKey,
  type Tunnel,
} from '../../lib/index.ts';

/** A table as a test writes it. */
export interface TableSpec {
  readonly service: ServiceSpec;
  readonly destinations: readonly DestinationSpec[];
}

const port = fc.integer({ min: 1, max: 65_535 });
const ipv4 = fc
  .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 1, max: 254 }))
  .map(([a, b]) => `10.9.${a}.${b}`);
const ipv6 = fc
  .tuple(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 1, max: 0xffff }))
  .map(([a, b]) => `fd00:${(a | 1).toString(16)}::${b.toString(16)}`);

const scheduling = fc.oneof(
  fc
    .constantFrom('rr', 'wrr', 'lc', 'wlc', 'fo', 'ovf', 'lblc', 'lblcr', 'dh', 'sed', 'nq', 'none')
    .map(scheduler => ({
      scheduler,
    })),
  fc
    .subarray(['sh-fallback', 'sh-port'] as const)
    .map(schedulerFlags => ({ scheduler: 'sh', schedulerFlags }) as const),
  fc
    .subarray(['mh-fallback', 'mh-port'] as const)
    .map(schedulerFlags => ({ scheduler: 'mh', schedulerFlags }) as const),
);

const tunnel: fc.Arbitrary<Tunnel> = fc.oneof(
  fc.constant({ type: 'ipip' } as const),
  fc.record({
    type: fc.constant('gue' as const),
    port,
    checksum: fc.constantFrom('none' as const, 'csum' as const, 'remcsum' as const),
  }),
  fc.record({
    type: fc.constant('gre' as const),
    checksum: fc.constantFrom('none' as const, 'csum' as const),
  }),
);

function persistence(isIpv6: boolean) {
  return fc.record(
    {
      timeout: fc.integer({ min: 1, max: 2_678_400 }),
      granularity: isIpv6 ? fc.integer({ min: 1, max: 128 }) : fc.integer({ min: 1, max: 32 }),
    },
    { requiredKeys: ['timeout'] },
  );
}

function serviceSpec(isIpv6: boolean): fc.Arbitrary<ServiceSpec> {
  const id = fc.oneof(
    fc.record({ protocol: fc.constantFrom('tcp', 'udp', 'sctp'), address: isIpv6 ? ipv6 : ipv4, port }),
    // ipvsadm prints marks from 2^31 on as negative numbers, and then does not take them back.
    fc.record({
      fwmark: fc.integer({ min: 1, max: 0x7fff_ffff }),
      family: fc.constant(isIpv6 ? 'ipv6' : 'ipv4'),
    }),
  );
  return fc
    .tuple(id, scheduling, fc.option(persistence(isIpv6), { nil: undefined }), fc.boolean())
    .map(([identity, sched, persistent, onePacket]) => {
      const mayOnePacket = 'fwmark' in identity || identity.protocol === 'udp';
      return {
        ...identity,
        ...sched,
        ...(persistent !== undefined && { persistence: persistent }),
        ...(mayOnePacket && onePacket && { onePacket }),
      } as ServiceSpec;
    });
}

/**
 * Destinations that suit a service: its port where the port is not rewritten, its family but through tunnels.
 */
function destinationSpec(service: ServiceSpec, isIpv6: boolean): fc.Arbitrary<DestinationSpec> {
  const limits = fc
    .record({
      weight: fc.integer({ min: 0, max: 65_535 }),
      upperThreshold: fc.integer({ min: 0, max: 0x7fff_ffff }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    .map(({ weight, upperThreshold, share }) => ({
      weight,
      upperThreshold,
      lowerThreshold: Math.floor(upperThreshold * share),
    }));
  const own = service.fwmark !== undefined ? fc.constant(0) : fc.constant(service.port);
  const same = isIpv6 ? ipv6 : ipv4;
  const forwarding = fc.oneof(
    fc.record({
      forwarding: fc.constant('masquerade' as const),
      address: same,
      port: service.fwmark ? own : port,
    }),
    fc.record({ forwarding: fc.constant('direct' as const), address: same, port: own }),
    fc.record({
      forwarding: fc.constant('tunnel' as const),
      address: fc.oneof(ipv4, ipv6),
      port: own,
      tunnel,
    }),
  );
  return fc.tuple(forwarding, limits).map(([how, limit]) => ({ ...how, ...limit }));
}

/** Tables of several services with several destinations each, limited to what ipvsadm can express too. */
export const tables: fc.Arbitrary<readonly TableSpec[]> = fc.uniqueArray(
  fc
    .boolean()
    .chain(isIpv6 =>
      serviceSpec(isIpv6).chain(service =>
        fc
          .uniqueArray(destinationSpec(service, isIpv6), { maxLength: 4, selector: destinationKey })
          .map(destinations => ({ service, destinations })),
      ),
    ),
  { minLength: 1, maxLength: 6, selector: ({ service }) => serviceKey(service) },
);
