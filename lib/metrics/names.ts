import type { DestinationId, ServiceId } from '../model/identity.ts';
import type { CounterColumns } from '../statistics/sample.ts';
import type { Family } from './format.ts';
import type { MetricsLabel } from './types.ts';

/** One of the five counters that a table, a service and a destination have. */
export type CounterName = keyof CounterColumns<unknown>;

/** The label of a series, before any is left out. */
export type Label = readonly [name: MetricsLabel, value: string];

/** How metrics are named: this library's way, or another's. */
export interface Naming {
  readonly totals: Readonly<Record<CounterName, Family>>;
  /** undefined: services have no series of their own. */
  readonly services: ServiceFamilies | undefined;
  readonly destinations: DestinationFamilies;
  /** Whether there are more than these: gauges of the table, settings, sync daemons, the director's own. */
  readonly hasOthers: boolean;
  readonly labels: readonly MetricsLabel[];
  serviceLabels(service: ServiceId, name: string | undefined): readonly Label[];
  destinationLabels(
    service: ServiceId,
    destination: DestinationId,
    name: string | undefined,
  ): readonly Label[];
}

/** Metrics of each service. */
export interface ServiceFamilies {
  readonly counters: Readonly<Record<CounterName, Family>>;
  readonly gauges: Readonly<
    Record<
      'destinations' | 'up' | 'activeConnections' | 'inactiveConnections' | 'persistentConnections',
      Family
    >
  >;
}

/** Metrics of each destination. */
export interface DestinationFamilies {
  readonly counters: Readonly<Record<CounterName, Family>> | undefined;
  readonly gauges: readonly (readonly [
    column: 'activeConnections' | 'inactiveConnections' | 'persistentConnections' | 'weight',
    family: Family,
  ])[];
}

/** Whose counters they are, in help. */
function countersOf(prefix: string, whose: string): Record<CounterName, Family> {
  const counter = (name: string, help: string, unit?: 'bytes'): Family => ({
    name: `${prefix}_${name}_total`,
    type: 'counter',
    help: `${help}${whose}.`,
    ...(unit !== undefined && { unit }),
  });
  return {
    connections: counter('connections', 'Connections scheduled'),
    inPackets: counter('incoming_packets', 'Packets from clients'),
    inBytes: counter('incoming_bytes', 'Bytes from clients, IP headers included', 'bytes'),
    outPackets: counter('outgoing_packets', 'Packets to clients, where replies pass the director'),
    outBytes: counter('outgoing_bytes', 'Bytes to clients, where replies pass the director', 'bytes'),
  };
}

function gauge(name: string, help: string): Family {
  return { name, type: 'gauge', help };
}

const ownServiceLabels = (service: ServiceId, name: string | undefined): Label[] => [
  ...(service.fwmark === undefined
    ? ([
        ['protocol', service.protocol],
        ['address', service.address],
        ['port', String(service.port)],
      ] as const)
    : ([
        ['fwmark', String(service.fwmark)],
        ['family', service.family],
      ] as const)),
  ...(name === undefined ? [] : [['name', name] as const]),
];

/** This library's names: prefix, whose it is, what is counted in which unit. */
export const ownNaming: Naming = {
  totals: countersOf('ipvs', ' in the network namespace'),
  services: {
    counters: countersOf('ipvs_service', ' of the service'),
    gauges: {
      destinations: gauge('ipvs_service_destinations', 'Destinations of the service.'),
      up: gauge('ipvs_service_up', 'Whether a destination of the service has a weight above 0.'),
      activeConnections: gauge('ipvs_service_active_connections', 'Established connections of the service.'),
      inactiveConnections: gauge(
        'ipvs_service_inactive_connections',
        'Connections of the service that are not established.',
      ),
      persistentConnections: gauge(
        'ipvs_service_persistent_connections',
        'Clients that persistence binds to destinations of the service.',
      ),
    },
  },
  destinations: {
    counters: countersOf('ipvs_destination', ' of the destination'),
    gauges: [
      [
        'activeConnections',
        gauge('ipvs_destination_active_connections', 'Established connections of the destination.'),
      ],
      [
        'inactiveConnections',
        gauge(
          'ipvs_destination_inactive_connections',
          'Connections of the destination that are not established.',
        ),
      ],
      [
        'persistentConnections',
        gauge(
          'ipvs_destination_persistent_connections',
          'Clients that persistence binds to the destination.',
        ),
      ],
      ['weight', gauge('ipvs_destination_weight', 'Weight of the destination; 0 takes no new connections.')],
    ],
  },
  hasOthers: true,
  labels: [
    'protocol',
    'address',
    'port',
    'fwmark',
    'family',
    'name',
    'destination_address',
    'destination_port',
  ],
  serviceLabels: ownServiceLabels,
  destinationLabels: (service, { address, port }, name) => [
    ...ownServiceLabels(service, name),
    ['destination_address', address],
    ['destination_port', String(port)],
  ],
};

/**
 * The names of node_exporter's collector ipvs (collector/ipvs_linux.go), the values in /proc/net/ip_vs. It writes
 * a mark as the kernel does there, in eight hexadecimal digits. SCTP, which it takes for a part of the service
 * before, and marks of IPv6, which it can't read, have series here.
 */
export const nodeExporterNaming: Naming = {
  totals: countersOf('node_ipvs', ''),
  services: undefined,
  destinations: {
    counters: undefined,
    gauges: [
      [
        'activeConnections',
        gauge(
          'node_ipvs_backend_connections_active',
          'The current active connections by local and remote address.',
        ),
      ],
      [
        'inactiveConnections',
        gauge(
          'node_ipvs_backend_connections_inactive',
          'The current inactive connections by local and remote address.',
        ),
      ],
      [
        'weight',
        gauge('node_ipvs_backend_weight', 'The current backend weight by local and remote address.'),
      ],
    ],
  },
  hasOthers: false,
  labels: ['local_address', 'local_port', 'local_mark', 'remote_address', 'remote_port', 'proto'],
  serviceLabels: () => [],
  destinationLabels: (service, { address, port }) => [
    ...(service.fwmark === undefined
      ? ([
          ['local_address', service.address],
          ['local_mark', ''],
          ['local_port', String(service.port)],
          ['proto', service.protocol.toUpperCase()],
        ] as const)
      : ([
          ['local_address', ''],
          ['local_mark', service.fwmark.toString(16).toUpperCase().padStart(8, '0')],
          ['local_port', '0'],
          ['proto', 'FWM'],
        ] as const)),
    ['remote_address', address],
    ['remote_port', String(port)],
  ],
};
