import {
  type Destination,
  type DestinationSpec,
  formatRules,
  type Ipvs,
  parseRules,
  type Sample,
  type Service,
  type ServiceId,
  type ServiceRules,
  type ServiceSpec,
} from '../../lib/index.ts';

/**
 * Programs that compute what they pass. test/unit/types.test.ts compiles them under the compiler options of
 * users.
 */
declare const ipvs: Ipvs;

/** The content of a file that a user's program reads. */
interface Config {
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
  readonly scheduler: string;
  readonly flags: string[];
  readonly sticky: boolean;
  readonly everyPacket: boolean;
  readonly weight?: number;
}

export async function protocolOfTwo(protocol: 'tcp' | 'udp', address: string, port: number): Promise<void> {
  await ipvs.addService({ protocol, address, port });
  const id = { protocol, address, port };
  await ipvs.addService(id);
  await ipvs.addDestination(id, { address: '10.0.0.2', port });
  await ipvs.removeService({ protocol, address, port });
}

export async function everythingFromConfiguration(config: Config): Promise<void> {
  const { protocol, address, port, scheduler, flags, sticky, everyPacket } = config;
  await ipvs.addService({
    protocol,
    address,
    port,
    scheduler,
    schedulerFlags: flags,
    onePacket: everyPacket,
    persistence: sticky ? { timeout: 300 } : undefined,
  });
  await ipvs.addService({ protocol, address, port, ...(sticky && { persistence: { timeout: 300 } }) });
  await ipvs.addDestination(
    { protocol, address, port },
    { address, port, weight: config.weight, forwarding: sticky ? 'direct' : 'masquerade' },
  );
}

export async function flagsByHand(sticky: boolean): Promise<void> {
  const flags: ('sh-fallback' | 'sh-port')[] = ['sh-fallback'];
  if (sticky) flags.push('sh-port');
  const scheduler = sticky ? 'sh' : 'wrr';
  await ipvs.addService({ fwmark: 7, family: 'ipv4', scheduler, schedulerFlags: flags, onePacket: !sticky });
}

export async function fieldsOfAWantedService(have: Service, want: ServiceSpec): Promise<void> {
  await ipvs.updateService(have, { scheduler: want.scheduler, schedulerFlags: want.schedulerFlags });
  await ipvs.updateService(have, { onePacket: want.onePacket, persistence: want.persistence ?? null });
  await ipvs.updateService(have, { persistence: have.persistence, dormantPersistence: undefined });
}

export async function fieldsOfAWantedDestination(
  service: ServiceId,
  have: Destination,
  want: DestinationSpec,
): Promise<void> {
  const changes = { weight: want.weight, forwarding: want.forwarding, tunnel: want.tunnel };
  await ipvs.updateDestination(service, have, changes);
  await ipvs.updateDestination(service, have, {
    weight: want.weight,
    forwarding: want.forwarding,
    tunnel: want.tunnel,
    upperThreshold: want.upperThreshold,
  });
}

export async function restOfASpec(
  service: ServiceId,
  spec: DestinationSpec,
  whole: ServiceSpec,
): Promise<void> {
  const { address, port, ...rest } = spec;
  await ipvs.updateDestination(service, { address, port }, rest);
  const { protocol, address: vip, port: vport, fwmark, family, ...config } = whole;
  await ipvs.updateService(whole, config);
  if (whole.fwmark === undefined) {
    const { protocol: sameProtocol, address: sameVip, port: samePort, ...others } = whole;
    await ipvs.updateService({ protocol: sameProtocol, address: sameVip, port: samePort }, others);
  }
  void [protocol, vip, vport, fwmark, family];
}

export async function wholeRows(id: ServiceId, spec: ServiceSpec, row: Service): Promise<void> {
  await ipvs.updateService(id, spec);
  await ipvs.updateService(id, { ...row, scheduler: 'wrr' });
  for (const destination of await ipvs.destinations(id)) {
    await ipvs.updateDestination(id, destination, destination);
    await ipvs.updateDestination(id, destination, { ...destination, weight: 5 });
    await ipvs.addDestination(spec, { ...destination, weight: destination.weight * 2 });
  }
}

export async function withoutPersistence(
  base: Omit<ServiceSpec, 'persistence'>,
  timeout: number,
): Promise<void> {
  await ipvs.addService(base);
  await ipvs.addService({ ...base, persistence: { timeout } });
}

interface Balanced extends Omit<ServiceSpec, 'persistence' | 'schedulerFlags'> {
  readonly servers: readonly string[];
}

export async function ownInterface({ servers, ...service }: Balanced): Promise<void> {
  await ipvs.addService(service);
  for (const address of servers) {
    const spec: Omit<DestinationSpec, 'tunnel'> = { address, port: service.port ?? 0, weight: 1 };
    await ipvs.addDestination({ protocol: 'tcp', address: '10.0.0.1', port: 80 }, spec);
  }
}

const defaults: Omit<ServiceSpec, 'persistence'> = {
  protocol: 'tcp',
  address: '10.0.0.1',
  port: 80,
  scheduler: 'wlc',
};

export async function defaultsOfAProgram(port: number): Promise<void> {
  await ipvs.addService({ ...defaults, port, onePacket: false });
  const specs: ServiceSpec[] = [80, 443].map(port => ({ protocol: 'tcp', address: '10.0.0.1', port }));
  await Promise.all(specs.map(spec => ipvs.addService(spec)));
}

export async function rulesByPushing(hosts: readonly string[]): Promise<string> {
  const rules: ServiceRules[] = [];
  const web: ServiceRules = {
    protocol: 'tcp',
    address: '10.0.0.1',
    port: 80,
    scheduler: 'rr',
    destinations: [],
  };
  for (const address of hosts) web.destinations.push({ address, port: 80, forwarding: 'masquerade' });
  rules.push(web, ...(await ipvs.snapshot()), ...parseRules(''));
  const table: ServiceRules[] = await ipvs.snapshot();
  return formatRules(rules) + formatRules(table) + formatRules(await ipvs.snapshot());
}

export async function samplesOfOneColumn(): Promise<number> {
  const sampler = ipvs.sampler({ columns: ['rates'] });
  const { services, destinations } = await sampler.read();
  const all = await ipvs.sampler().read();
  for await (const { sample } of ipvs.watch({ columns: ['deltas'], interval: 2000 })) {
    return sample.services.deltas.connections[0] ?? 0;
  }
  // A function of the user's own takes any sample, and asks.
  const rateOf = (sample: Sample) => sample.services.rates?.connections[0] ?? 0;
  const first = rateOf(await sampler.read()) + rateOf(all);
  return first + (services.rates.inBytes[0] ?? 0) + (destinations.rates.inBytes[0] ?? 0);
}

const forwardingNames = { masquerade: 'NAT', direct: 'DR', tunnel: 'TUN', local: 'local', bypass: 'bypass' };
const options = { tcp: '-t', udp: '-u', sctp: '--sctp-service' };

export async function tablesOfNames(): Promise<string[]> {
  const lines: string[] = [];
  for (const service of await ipvs.snapshot()) {
    const name =
      service.fwmark === undefined
        ? `${options[service.protocol]} ${service.address}:${service.port}`
        : `-f ${service.fwmark}`;
    for (const { address, port, forwarding, tunnel } of service.destinations) {
      lines.push(`${name} ${address}:${port} ${forwardingNames[forwarding]} ${tunnel?.type ?? ''}`);
    }
  }
  return lines;
}

export async function eitherKind(mark: number | undefined): Promise<ServiceId> {
  const id: ServiceId =
    mark === undefined
      ? { protocol: 'udp', address: '10.0.0.1', port: 53 }
      : { fwmark: mark, family: 'ipv4' };
  await ipvs.addService({ ...id, scheduler: 'rr', persistence: {} });
  await ipvs.addService(mark === undefined ? { ...id } : { fwmark: mark, family: 'ipv6' });
  return id;
}
