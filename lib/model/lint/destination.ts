import { DEFAULT_FORWARDING, type DestinationSpec } from '../destination.ts';
import { isIpv6Service } from '../identity.ts';
import type { TableEntry } from '../table.ts';
import type { Finding } from './warning.ts';
import { lintWeight } from './weights.ts';

const INT_MAX = 0x7fff_ffff;

const rewritesNoPort: ReadonlySet<string> = new Set(['direct', 'tunnel', 'local']);

/** What is suspicious in a destination of this service. */
export function* lintDestination(service: TableEntry, destination: DestinationSpec): Generator<Finding> {
  const { forwarding = DEFAULT_FORWARDING, address } = destination;
  if (forwarding === 'bypass') {
    yield [
      'bypass-forwarding',
      'forwarding',
      "'bypass' sends packets to the service's own address; the kernel means it for itself (cache_bypass)",
    ];
  } else if (forwarding !== 'masquerade' && forwarding !== 'tunnel' && !rewritesNoPort.has(forwarding)) {
    yield ['unknown-forwarding', 'forwarding', `the kernel forwards nothing by method ${forwarding}`];
  }
  if (forwarding !== 'tunnel' && address.includes(':') !== isIpv6Service(service)) {
    yield [
      'other-family',
      'address',
      `${address} is not of the service's address family: only a tunnel crosses families`,
    ];
  }
  yield* lintPort(service, destination, forwarding);
  yield* lintTunnel(destination, forwarding);
  yield* lintWeight(service, destination);
  yield* lintThresholds(destination);
}

function* lintPort(service: TableEntry, { port }: DestinationSpec, forwarding: string): Generator<Finding> {
  if (port === 0) return; // the port that the client connected to
  const isMark = service.fwmark !== undefined;
  // Source: ip_vs_sched_persist(): the destination's port counts only where the client's is the service's.
  if (
    (isMark || service.port === 0) &&
    (service.persistence !== undefined || rewritesNoPort.has(forwarding))
  ) {
    yield [
      'ignored-port',
      'port',
      `packets keep the port that the client connected to: port ${port} of the destination is not looked at`,
    ];
  } else if (!isMark && service.port !== 0 && port !== service.port && rewritesNoPort.has(forwarding)) {
    yield [
      'other-port',
      'port',
      `forwarding '${forwarding}' rewrites no port: packets come to port ${service.port}, not to ${port}`,
    ];
  }
}

function* lintTunnel({ tunnel }: DestinationSpec, forwarding: string): Generator<Finding> {
  if (tunnel === undefined) return;
  const { type, port = 0, checksum = 'none' } = tunnel;
  if (forwarding !== 'tunnel') {
    yield ['ignored-tunnel', 'tunnel', `forwarding '${forwarding}' has no use for the fields of a tunnel`];
    return;
  }
  if (type !== 'ipip' && type !== 'gue' && type !== 'gre') {
    yield ['unknown-tunnel', 'tunnel.type', `the kernel sends nothing through a tunnel of type ${type}`];
    return;
  }
  if (port !== 0 && type !== 'gue') {
    yield ['ignored-tunnel', 'tunnel.port', `a tunnel of type '${type}' has no use for a port`];
  }
  const takes = { ipip: ['none'], gue: ['none', 'csum', 'remcsum'], gre: ['none', 'csum'] }[type];
  if (!takes.includes(checksum)) {
    yield ['ignored-tunnel', 'tunnel.checksum', `a tunnel of type '${type}' has no checksum ${checksum}`];
  }
}

function* lintThresholds({ upperThreshold = 0, lowerThreshold = 0 }: DestinationSpec): Generator<Finding> {
  if (lowerThreshold > upperThreshold) {
    yield [
      'thresholds',
      'lowerThreshold',
      `the lower threshold, ${lowerThreshold}, is above the upper one, ${upperThreshold}: the kernel refuses it`,
    ];
  }
  if (upperThreshold > INT_MAX) {
    yield ['large-threshold', 'upperThreshold', `kernels from 6.1 on refuse thresholds above ${INT_MAX}`];
  }
}
