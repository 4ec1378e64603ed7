import { canonicalAddress, parseIpv4 } from '../../model/address.ts';
import { isName, MAX_NAME, MAX_TIMEOUT } from '../../model/constants.ts';
import type { DaemonRole, DaemonSpec, Timeouts } from '../../model/kernel.ts';
import { written } from '../grammar/lookup.ts';
import { complain, type Findings, show } from '../problem.ts';
import type { ListOptions, NameResolver, RuleCommand } from '../types.ts';
import { buildDestination, buildDestinationId } from './build-destination.ts';
import { buildService } from './build-service.ts';
import { type Builder, buildServiceId } from './endpoint.ts';
import { parseNumber } from './numbers.ts';
import type { Reading } from './popt.ts';

/** Makes a command of what was read. What it gives is of no use when there are problems. */
export function buildCommand(
  reading: Reading,
  findings: Findings,
  names: NameResolver | undefined,
): RuleCommand | undefined {
  const { command, values } = reading;
  const builder: Builder = { values, findings, names };
  switch (command) {
    case 'add-service':
    case 'edit-service': {
      const service = buildService(builder);
      return service && { command, service };
    }
    case 'delete-service': {
      const service = buildServiceId(builder);
      return service && { command, service };
    }
    case 'add-server':
    case 'edit-server': {
      const service = buildServiceId(builder);
      const destination = service && buildDestination(builder, service);
      return destination && { command, service, destination };
    }
    case 'delete-server': {
      const service = buildServiceId(builder);
      const destination = service && buildDestinationId(builder, service);
      return destination && { command, service, destination };
    }
    case 'zero': {
      const service = buildServiceId(builder);
      return service === undefined ? { command } : { command, service };
    }
    case 'set':
      return { command, timeouts: buildTimeouts(reading.words, findings) };
    case 'start-daemon':
      return { command, daemon: buildDaemon(builder, reading.argument as DaemonRole) };
    case 'stop-daemon':
      return { command, role: reading.argument as DaemonRole };
    case 'list':
      return buildList(builder);
    case 'save':
      return { command, numeric: values.numeric === true };
    case 'restore':
      return { command, check: values.check === true };
    default:
      return { command };
  }
}

function buildTimeouts(words: readonly string[], findings: Findings): Partial<Timeouts> {
  const timeouts: { -readonly [K in keyof Timeouts]?: number } = {};
  for (const [i, key] of (['tcp', 'tcpFin', 'udp'] as const).entries()) {
    const word = words[i];
    if (word === undefined) continue;
    const seconds = parseNumber(word);
    if (seconds === undefined || seconds < 0 || seconds > MAX_TIMEOUT) {
      complain(
        findings,
        '--set',
        `expected seconds from 1 to ${MAX_TIMEOUT}, or 0 to keep a timeout, not ${show(word)}`,
      );
    } else if (seconds > 0) {
      timeouts[key] = seconds;
    }
  }
  return timeouts;
}

function buildDaemon({ values, findings }: Builder, role: DaemonRole): DaemonSpec {
  const name = values['mcast-interface'] || 'eth0';
  if (!isName(name)) {
    complain(
      findings,
      '--mcast-interface',
      `an interface's name has ${MAX_NAME} ASCII characters at most, not ${show(name)}`,
      255,
    );
  }
  const text = values['mcast-group'];
  const group = text === undefined ? undefined : canonicalAddress(text);
  if (text !== undefined && (group === undefined || !isMulticast(group))) {
    complain(
      findings,
      '--mcast-group',
      `expected a multicast address, such as 224.0.0.81, not ${show(text)}`,
    );
  }
  const { syncid, 'sync-maxlen': maxLength, 'mcast-port': port, 'mcast-ttl': ttl } = values;
  return {
    role,
    interface: name,
    ...(syncid !== undefined && { syncId: syncid }),
    ...(maxLength !== undefined && { maxLength }),
    ...(group !== undefined && { group }),
    ...(port !== undefined && { port }),
    ...(ttl !== undefined && { ttl }),
  };
}

function isMulticast(address: string): boolean {
  const ipv4 = parseIpv4(address);
  return ipv4 === undefined ? /^ff[0-9a-f]{2}:/.test(address) : ipv4 >>> 28 === 0xe;
}

function buildList(builder: Builder): RuleCommand {
  const { values, findings } = builder;
  const numeric = values.numeric === true;
  const columns = (['stats', 'rate', 'thresholds', 'persistent-conn', 'tun-info'] as const).filter(
    option => values[option] === true,
  );
  const what = values.connection
    ? 'connections'
    : values.timeout
      ? 'timeouts'
      : values.daemon
        ? 'daemons'
        : 'services';
  if (what !== 'services') {
    const option = written(
      what === 'connections' ? 'connection' : what === 'timeouts' ? 'timeout' : 'daemon',
    );
    for (const column of columns) {
      if (column === 'tun-info' || (column === 'persistent-conn' && what === 'connections')) continue;
      complain(findings, written(column), `is about services and does not go with ${option}`);
    }
  }
  if (what === 'connections') {
    return { command: 'list', what, numeric, engine: values['persistent-conn'] === true };
  }
  if (what !== 'services') return { command: 'list', what };
  const service = buildServiceId(builder);
  const layout: ListOptions = {
    numeric,
    columns: columns[0] ?? 'usual',
    exact: values.exact === true,
    sort: values.nosort !== true,
  };
  return { command: 'list', what, ...(service !== undefined && { service }), show: layout };
}
