import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import type { DestinationSpec, ServiceId, ServiceSpec } from '../../lib/index.ts';
import { tables } from './arbitraries.ts';
import { useBed } from './support.ts';

const bed = useBed();

afterEach(() => bed.ipvs.flush());

const RUNS = Number(process.env['IPVS_PROPERTY_RUNS'] ?? 20);

/**
 * A service's identity as ipvsadm-save -n prints it, written independently of the library: it is the judge.
 */
function identity(service: ServiceId): string {
  if (service.fwmark !== undefined) return `-f ${service.fwmark}${service.family === 'ipv6' ? ' -6' : ''}`;
  const option = { tcp: '-t', udp: '-u', sctp: '--sctp-service' }[service.protocol];
  return `${option} ${host(service.address)}:${service.port}`;
}

function host(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

function serviceLine(service: ServiceSpec): string {
  const { scheduler, schedulerFlags = [], persistence, onePacket } = service;
  const parts = [`-A ${identity(service)} -s ${scheduler}`];
  if (persistence !== undefined) {
    parts.push(`-p ${persistence.timeout}`);
    const { granularity } = persistence;
    const isIpv6 = service.fwmark !== undefined ? service.family === 'ipv6' : service.address.includes(':');
    if (granularity !== undefined && granularity !== (isIpv6 ? 128 : 32)) {
      parts.push(`-M ${isIpv6 ? granularity : dotted(granularity as number)}`);
    }
  }
  if (onePacket) parts.push('-o');
  if (schedulerFlags.length > 0) parts.push(`-b ${schedulerFlags.join(',')}`);
  return parts.join(' ');
}

function dotted(prefix: number): string {
  return [0, 8, 16, 24].map(start => 256 - 2 ** (8 - Math.min(8, Math.max(0, prefix - start)))).join('.');
}

function destinationLine(service: ServiceId, destination: DestinationSpec): string {
  const { address, port, forwarding, weight, tunnel } = destination;
  const method = { masquerade: '-m', direct: '-g', tunnel: '-i' }[
    forwarding as 'masquerade' | 'direct' | 'tunnel'
  ];
  const parts = [`-a ${identity(service)} -r ${host(address)}:${port} ${method} -w ${weight}`];
  if (tunnel !== undefined) {
    parts.push(`--tun-type ${tunnel.type}`);
    if (tunnel.type === 'gue') parts.push(`--tun-port ${tunnel.port}`);
    if (tunnel.type !== 'ipip')
      parts.push(
        { none: '--tun-nocsum', csum: '--tun-csum', remcsum: '--tun-remcsum' }[tunnel.checksum ?? 'none'],
      );
  }
  return parts.join(' ');
}

test('ipvsadm reads any table that the library wrote', async () => {
  let services = 0;
  await fc.assert(
    fc.asyncProperty(tables, async table => {
      await bed.ipvs.flush();
      for (const { service, destinations } of table) {
        void bed.ipvs.addService(service);
        for (const destination of destinations) void bed.ipvs.addDestination(service, destination);
      }
      expect(await bed.ipvs.services()).toHaveLength(table.length);
      const saved = bed.run('ipvsadm', '-Sn').trimEnd().split('\n');
      const expected = table.flatMap(({ service, destinations }) => [
        serviceLine(service),
        ...destinations.map(destination => destinationLine(service, destination)),
      ]);
      expect(saved.toSorted()).toEqual(expected.toSorted());
      services += table.length;
    }),
    { numRuns: RUNS },
  );
  console.log(`ipvsadm read ${RUNS} tables of ours, ${services} services`);
}, 120_000);

test('the library reads any table that ipvsadm wrote', async () => {
  let services = 0;
  await fc.assert(
    fc.asyncProperty(tables, async table => {
      await bed.ipvs.flush();
      const rules = table.flatMap(({ service, destinations }) => [
        serviceLine(service),
        ...destinations.map(
          destination =>
            `${destinationLine(service, destination)} -x ${destination.upperThreshold} -y ${destination.lowerThreshold}`,
        ),
      ]);
      execFileSync('ip', ['netns', 'exec', bed.netns, 'ipvsadm', '-R'], { input: `${rules.join('\n')}\n` });
      const read = await bed.ipvs.snapshot();
      expect(read).toHaveLength(table.length);
      for (const { service, destinations } of table) {
        const found = read.find(candidate => identity(candidate) === identity(service));
        expect(found).toMatchObject(service);
        expect(found?.destinations).toMatchObject(destinations);
      }
      services += table.length;
    }),
    { numRuns: RUNS },
  );
  console.log(`we read ${RUNS} tables of ipvsadm's, ${services} services`);
}, 120_000);

test('any table that snapshot() returned can be written back', async () => {
  await fc.assert(
    fc.asyncProperty(tables, async table => {
      await bed.ipvs.flush();
      for (const { service, destinations } of table) {
        void bed.ipvs.addService(service);
        for (const destination of destinations) void bed.ipvs.addDestination(service, destination);
      }
      const before = await bed.ipvs.snapshot();
      void bed.ipvs.flush();
      for (const service of before) {
        void bed.ipvs.addService(service);
        for (const destination of service.destinations) void bed.ipvs.addDestination(service, destination);
      }
      const after = await bed.ipvs.snapshot();
      expect(after).toHaveLength(before.length);
      expect(after).toEqual(expect.arrayContaining(before));
    }),
    { numRuns: RUNS },
  );
}, 120_000);
