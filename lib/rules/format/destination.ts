import { validateInteger } from '../../model/arguments.ts';
import {
  ForwardingNumber,
  MAX_FORWARDING,
  MAX_THRESHOLD,
  MAX_TUNNEL_TYPE,
  MAX_WEIGHT,
  TunnelNumber,
} from '../../model/constants.ts';
import {
  DEFAULT_FORWARDING,
  DEFAULT_WEIGHT,
  type DestinationSpec,
  type Tunnel,
} from '../../model/destination.ts';
import type { DestinationId, ServiceId } from '../../model/identity.ts';
import { validateNumber } from '../../model/numbers.ts';
import { checksumBits } from '../../model/tunnel.ts';
import { IPVSADM_MAX_THRESHOLD } from '../grammar/options.ts';
import { type Draft, needAsIs } from './line.ts';
import { endpointText, type NameFormatter } from './naming.ts';
import { namedProtocol } from './service.ts';

/** Writes the option that names a destination. */
export function addServer(
  draft: Draft,
  { address, port }: DestinationId,
  service: ServiceId,
  naming: NameFormatter | undefined,
): void {
  const number = validateInteger('destination.port', port, 0, 65_535);
  draft.text += ` -r ${endpointText(address, number, namedProtocol(service), naming)}`;
}

const forwardingOptions: Readonly<Record<string, string>> = { masquerade: '-m', tunnel: '-i', direct: '-g' };

/** Writes the options that say how a destination is used. */
export function addDestination(draft: Draft, destination: DestinationSpec, service: ServiceId): void {
  const { forwarding = DEFAULT_FORWARDING, weight = DEFAULT_WEIGHT } = destination;
  validateNumber('destination.forwarding', forwarding, ForwardingNumber, MAX_FORWARDING);
  const option = Object.hasOwn(forwardingOptions, forwarding) ? forwardingOptions[forwarding] : undefined;
  draft.text += ` ${option ?? `--forwarding ${forwarding}`}`;
  if (option === undefined) draft.additions.push(`forwarding ${forwarding}`);
  // ipvsadm changes the port of these to the service's.
  const keepsPort = forwarding === 'direct' || forwarding === 'tunnel';
  if (keepsPort && service.fwmark === undefined && destination.port !== service.port) {
    needAsIs(draft, `another port than the service's under forwarding ${forwarding}`);
  }
  draft.text += ` -w ${validateInteger('destination.weight', weight, 0, MAX_WEIGHT)}`;
  addTunnel(draft, destination.tunnel, forwarding);
  addThreshold(draft, '-x', 'upperThreshold', destination);
  addThreshold(draft, '-y', 'lowerThreshold', destination);
}

function addThreshold(
  draft: Draft,
  option: string,
  field: 'upperThreshold' | 'lowerThreshold',
  destination: DestinationSpec,
): void {
  const threshold = validateInteger(`destination.${field}`, destination[field] ?? 0, 0, MAX_THRESHOLD);
  if (threshold === 0) return;
  draft.text += ` ${option} ${threshold}`;
  if (threshold > IPVSADM_MAX_THRESHOLD) needAsIs(draft, `a threshold of ${threshold}`);
}

const checksumOptions = ['--tun-nocsum', '--tun-csum', '--tun-remcsum'];

/** The checksums that ipvsadm takes, by tunnel type; and the types that it knows. */
const ipvsadmChecksums: readonly (readonly number[])[] = [[0], [0, 1, 2], [0, 1]];

function addTunnel(draft: Draft, tunnel: Tunnel | undefined, forwarding: string): void {
  const isTunnelled = forwarding === 'tunnel';
  if (tunnel === undefined && !isTunnelled) return;
  const { type, port, checksum = 'none' } = tunnel ?? { type: 'ipip' };
  const number = validateNumber('destination.tunnel.type', type, TunnelNumber, MAX_TUNNEL_TYPE);
  const isGue = number === TunnelNumber.gue;
  const usedPort = validateInteger('destination.tunnel.port', port ?? 0, isGue ? 1 : 0, 65_535);
  const bits = checksumBits('destination.tunnel.checksum', checksum);
  if (!isTunnelled && (number | usedPort | bits) === 0) return;
  draft.text += ` --tun-type ${type}`;
  if (usedPort !== 0) draft.text += ` --tun-port ${usedPort}`;
  const option = checksumOptions[bits];
  if (option === undefined) draft.text += ` --tun-flags 0x${bits.toString(16)}`;
  else if (bits !== 0 || isGue || number === TunnelNumber.gre) draft.text += ` ${option}`;

  if (!isTunnelled) needAsIs(draft, `a tunnel under forwarding ${forwarding}`);
  if (ipvsadmChecksums[number] === undefined) needAsIs(draft, `tunnel type ${type}`);
  else if (!ipvsadmChecksums[number].includes(bits)) needAsIs(draft, `checksum ${checksum} of ${type}`);
  if (usedPort !== 0 && !isGue) needAsIs(draft, `a port of ${type}`);
}
