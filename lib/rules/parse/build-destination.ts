import { ChecksumNumber, TunnelNumber } from '../../model/constants.ts';
import {
  DEFAULT_WEIGHT,
  type DestinationSpec,
  type Forwarding,
  type Tunnel,
} from '../../model/destination.ts';
import type { DestinationId } from '../../model/identity.ts';
import { isIpv6Service, type ServiceId } from '../../model/identity.ts';
import { tunnelOf } from '../../model/tunnel.ts';
import { written } from '../grammar/lookup.ts';
import type { OptionName, Values } from '../grammar/options.ts';
import { complain, type Findings, show } from '../problem.ts';
import { type Builder, readEndpoint } from './endpoint.ts';
import { parseNumber } from './numbers.ts';

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
  const forwarding = forwardingOf(values);
  const isTunnelled = forwarding === 'tunnel';
  const isAsIs = values['as-is'] === true;
  if (id.address.includes(':') !== isIpv6Service(service) && !isTunnelled) {
    complain(findings, '-r', 'must be of the service’s address family: only a tunnel (-i) crosses families');
  }
  const upperThreshold = values['u-threshold'] ?? 0;
  const lowerThreshold = values['l-threshold'] ?? 0;
  if (lowerThreshold > upperThreshold) {
    complain(findings, '-y', `must not be above -x, which is ${upperThreshold}`, 255);
  }
  const tunnel = isAsIs
    ? anyTunnel(values, isTunnelled, findings)
    : buildTunnel(values, isTunnelled, findings);
  // The packet keeps its port, so that the server must listen at the service's; ipvsadm puts it right without
  // a word.
  const keepsPort = (forwarding === 'direct' || isTunnelled) && service.fwmark === undefined;
  return {
    address: id.address,
    port: keepsPort && !isAsIs ? service.port : id.port,
    forwarding,
    ...(tunnel !== undefined && { tunnel }),
    weight: values.weight ?? DEFAULT_WEIGHT,
    upperThreshold,
    lowerThreshold,
  };
}

function forwardingOf(values: Values): Forwarding {
  if (values.masquerading) return 'masquerade';
  if (values.ipip) return 'tunnel';
  return (values.forwarding as Forwarding | undefined) ?? 'direct';
}

const tunnelOptions: readonly OptionName[] = [
  'tun-type',
  'tun-port',
  'tun-nocsum',
  'tun-csum',
  'tun-remcsum',
  'tun-flags',
];
const tunnelTakes: Readonly<Record<string, readonly OptionName[]>> = {
  ipip: [],
  gue: ['tun-port', 'tun-nocsum', 'tun-csum', 'tun-remcsum', 'tun-flags'],
  gre: ['tun-nocsum', 'tun-csum', 'tun-flags'],
};

/** A tunnel that ipvsadm would take, and --tun-flags with it. */
function buildTunnel(values: Values, isTunnelled: boolean, findings: Findings): Tunnel | undefined {
  const given = tunnelOptions.filter(option => values[option] !== undefined);
  if (!isTunnelled) {
    for (const option of given) complain(findings, written(option), 'needs -i (a tunnel)');
    return undefined;
  }
  const type = values['tun-type'] ?? 'ipip';
  const takes = tunnelTakes[type] ?? [];
  const sums: OptionName[] = [];
  for (const option of given) {
    if (option === 'tun-type') continue;
    if (!takes.includes(option)) {
      const others = Object.entries(tunnelTakes).flatMap(([other, list]) =>
        list.includes(option) ? [other] : [],
      );
      complain(findings, written(option), `goes with --tun-type ${others.join(' or ')}, not with ${type}`);
    }
    if (option !== 'tun-port') sums.push(option);
  }
  if (sums.length > 1) complain(findings, written(sums[1]!), `does not go with ${written(sums[0]!)}`);
  return anyTunnel(values, isTunnelled, findings);
}

function isTunnelName(name: string): name is keyof typeof TunnelNumber {
  return Object.hasOwn(TunnelNumber, name);
}

/** A tunnel of any values that the kernel keeps, under any forwarding. */
function anyTunnel(values: Values, isTunnelled: boolean, findings: Findings): Tunnel | undefined {
  const name = values['tun-type'] ?? 'ipip';
  const type = isTunnelName(name) ? TunnelNumber[name] : (parseNumber(name) ?? 0);
  const port = values['tun-port'] ?? 0;
  if (type === TunnelNumber.gue && port === 0) {
    complain(findings, '--tun-type', 'gue needs --tun-port, where the real server decapsulates');
  }
  const flags = values['tun-flags'];
  let bits = flags === undefined ? 0 : Number(flags);
  if (flags !== undefined && !/^0x[0-9a-f]{1,4}$/i.test(flags)) {
    complain(findings, '--tun-flags', `expected bits from 0x0 to 0xffff, not ${show(flags)}`);
  }
  if (values['tun-csum']) bits |= ChecksumNumber.csum;
  if (values['tun-remcsum']) bits |= ChecksumNumber.remcsum;
  return tunnelOf(type, port, bits, isTunnelled);
}
