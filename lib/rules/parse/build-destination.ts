import type { DestinationSpec, Tunnel } from '../../model/destination.ts';
import type { DestinationId } from '../../model/identity.ts';
import { isIpv6Service, type ServiceId } from '../../model/identity.ts';
import { written } from '../grammar/lookup.ts';
import type { OptionName, Values } from '../grammar/options.ts';
import { complain, type Findings } from '../problem.ts';
import { type Builder, readEndpoint } from './endpoint.ts';

/** The destination that a line is about. Without a port it is at the service's. */
export function buildDestinationId(builder: Builder, service: ServiceId): DestinationId | undefined {
  const text = builder.values['real-server']!;
  const endpoint = readEndpoint(builder, '-r', text, service.protocol ?? 'tcp');
  return endpoint && { address: endpoint.address, port: endpoint.port ?? service.port ?? 0 };
}

/** A whole destination, defaults filled in, in the shape in which the library reads it from the kernel. */
export function buildDestination(builder: Builder, service: ServiceId): DestinationSpec | undefined {
  const { values, findings } = builder;
  const id = buildDestinationId(builder, service);
  if (id === undefined) return undefined;
  const forwarding = values.masquerading ? 'masquerade' : values.ipip ? 'tunnel' : 'direct';
  const six = isIpv6Service(service);
  if (id.address.includes(':') !== six && forwarding !== 'tunnel') {
    complain(findings, '-r', 'must be of the service’s address family: only a tunnel (-i) crosses families');
  }
  const upperThreshold = values['u-threshold'] ?? 0;
  const lowerThreshold = values['l-threshold'] ?? 0;
  if (lowerThreshold > upperThreshold) {
    complain(findings, '-y', `must not be above -x, which is ${upperThreshold}`, 255);
  }
  const tunnel = buildTunnel(values, forwarding === 'tunnel', findings);
  // The packet keeps its port, so that the server must listen at the service's; ipvsadm puts it right without a word. A mark has no port.
  const port = forwarding === 'masquerade' || service.fwmark !== undefined ? id.port : service.port;
  const { address } = id;
  const limits = { weight: values.weight ?? 1, upperThreshold, lowerThreshold };
  return (
    forwarding === 'tunnel'
      ? { address, port, forwarding, tunnel, ...limits }
      : { address, port, forwarding, ...limits }
  ) as DestinationSpec;
}

const checksums = { 'tun-nocsum': 'none', 'tun-csum': 'csum', 'tun-remcsum': 'remcsum' } as const;
const tunnelOptions: readonly OptionName[] = [
  'tun-type',
  'tun-port',
  'tun-nocsum',
  'tun-csum',
  'tun-remcsum',
];
const tunnelTakes: Readonly<Record<Tunnel['type'], readonly OptionName[]>> = {
  ipip: [],
  gue: ['tun-port', 'tun-nocsum', 'tun-csum', 'tun-remcsum'],
  gre: ['tun-nocsum', 'tun-csum'],
};

function buildTunnel(values: Values, tunnelled: boolean, findings: Findings): Tunnel | undefined {
  const given = tunnelOptions.filter(option => values[option] !== undefined);
  if (!tunnelled) {
    for (const option of given) complain(findings, written(option), 'needs -i (a tunnel)');
    return undefined;
  }
  const type = (values['tun-type'] ?? 'ipip') as Tunnel['type'];
  const takes = tunnelTakes[type];
  const sums: (keyof typeof checksums)[] = [];
  for (const option of given) {
    if (option === 'tun-type') continue;
    if (!takes.includes(option)) {
      const others = Object.entries(tunnelTakes).flatMap(([other, list]) =>
        list.includes(option) ? [other] : [],
      );
      complain(findings, written(option), `goes with --tun-type ${others.join(' or ')}, not with ${type}`);
    }
    if (option in checksums) sums.push(option as keyof typeof checksums);
  }
  if (sums.length > 1) complain(findings, written(sums[1]!), `does not go with ${written(sums[0]!)}`);
  const checksum = checksums[sums[0] ?? 'tun-nocsum'];
  if (type === 'ipip') return { type };
  if (type === 'gre') return { type, checksum: checksum as 'none' | 'csum' };
  const port = values['tun-port'];
  if (port === undefined)
    complain(findings, '--tun-type', 'gue needs --tun-port, where the real server decapsulates');
  return { type, port: port ?? 0, checksum };
}
