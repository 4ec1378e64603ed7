import fc from 'fast-check';
import {
  type DestinationSpec,
  destinationKey,
  type ServiceSpec,
  serviceKey,
  type TableEntry,
} from '../../lib/index.ts';

const persistence = (ipv6: boolean) =>
  fc.record(
    {
      timeout: fc.constantFrom(1, 360, 300),
      granularity: ipv6 ? fc.constantFrom(64, 128) : fc.constantFrom<number | string>(24, 32, '255.255.0.0'),
    },
    { requiredKeys: [] },
  );

const scheduling = fc.oneof(
  fc.constantFrom('rr', 'wlc', 'dh', 'none').map(scheduler => ({ scheduler })),
  fc
    .subarray(['sh-fallback', 'sh-port', 'flag-1'] as const)
    .map(schedulerFlags => ({ scheduler: 'sh', schedulerFlags })),
  fc
    .subarray(['mh-fallback', 'mh-port'] as const)
    .map(schedulerFlags => ({ scheduler: 'mh', schedulerFlags })),
  fc.constant({}),
);

// Identities are so few that two tables have many in common.
const identity = fc.oneof(
  fc.record({
    protocol: fc.constantFrom('tcp', 'udp'),
    address: fc.constantFrom('10.9.0.1', '10.9.0.2', 'fd00::1'),
    port: fc.constantFrom(80, 443),
  }),
  fc.record({ fwmark: fc.constantFrom(1, 2), family: fc.constantFrom('ipv4', 'ipv6') }),
);

const service: fc.Arbitrary<ServiceSpec> = identity.chain(id => {
  const ipv6 = 'family' in id ? id.family === 'ipv6' : id.address.includes(':');
  return fc.tuple(scheduling, fc.option(persistence(ipv6), { nil: undefined })).map(([how, persistent]) => ({
    ...id,
    ...how,
    ...(persistent !== undefined && { persistence: persistent }),
  })) as fc.Arbitrary<ServiceSpec>;
});

const weight = fc.option(fc.constantFrom(0, 1, 2, 5), { nil: undefined });

const limits = fc.constantFrom({}, { upperThreshold: 100 }, { upperThreshold: 100, lowerThreshold: 50 });

const tunnel = fc.constantFrom(
  undefined,
  { type: 'ipip' },
  { type: 'gue', port: 6080 },
  { type: 'gue', port: 6080, checksum: 'csum' },
  { type: 'gre', checksum: 'csum' },
);

/** A destination that suits a service: its family, its port where the way of forwarding keeps that. */
function destination(spec: ServiceSpec): fc.Arbitrary<DestinationSpec> {
  const ipv6 = spec.fwmark === undefined ? spec.address.includes(':') : spec.family === 'ipv6';
  const address = ipv6
    ? fc.constantFrom('fd00::11', 'fd00:0:0::12', 'fd00::13', 'fd00::14')
    : fc.constantFrom('10.9.1.1', '10.9.1.2', '10.9.1.3', '10.9.1.4');
  const kept = fc.constant(spec.fwmark === undefined ? spec.port : 0);
  const way = fc.oneof(
    fc.record({ address, port: kept }),
    fc.record({ address, port: kept, forwarding: fc.constant('direct') }),
    fc.record({ address, port: kept, forwarding: fc.constant('masquerade') }),
    fc.record({ address, port: kept, forwarding: fc.constant('tunnel'), tunnel }),
  );
  return fc.tuple(way, weight, limits).map(([how, share, limit]) => ({
    ...how,
    ...limit,
    ...(share !== undefined && { weight: share }),
  })) as fc.Arbitrary<DestinationSpec>;
}

/** Desired states, of which two have much in common. */
export const desiredTables: fc.Arbitrary<TableEntry[]> = fc.uniqueArray(
  service.chain(spec =>
    fc
      .uniqueArray(destination(spec), { maxLength: 5, selector: destinationKey })
      .map(destinations => ({ ...spec, destinations })),
  ),
  { maxLength: 6, selector: serviceKey },
);
