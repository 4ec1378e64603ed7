import type { DestinationSpec, ServiceSpec } from '../../lib/index.ts';
import type { Size } from '../plan.ts';

const FIRST_SERVICE = 0x0a00_0001;
const FIRST_DESTINATION = 0x0a80_0001;

function dotted(address: number): string {
  return [24, 16, 8, 0].map(shift => (address >>> shift) & 255).join('.');
}

/** The table that every contestant builds, floor.c included. */
export interface Table {
  readonly services: readonly ServiceSpec[];
  /** The destinations of each service. */
  readonly destinations: readonly DestinationSpec[];
}

export function tableOf(size: Size): Table {
  return {
    services: Array.from({ length: size.services }, (_, i) => ({
      protocol: 'tcp',
      address: dotted(FIRST_SERVICE + i),
      port: 80,
      scheduler: 'wlc',
    })),
    destinations: Array.from({ length: size.destinations }, (_, i) => ({
      address: dotted(FIRST_DESTINATION + i),
      port: 8080,
      forwarding: 'masquerade',
      weight: 1,
    })),
  };
}

/** The table as rules for ipvsadm-restore. */
export function rulesOf(size: Size): string {
  const { services, destinations } = tableOf(size);
  const lines: string[] = [];
  for (const { address } of services) {
    lines.push(`-A -t ${address}:80 -s wlc\n`);
    for (const destination of destinations) {
      lines.push(`-a -t ${address}:80 -r ${destination.address}:8080 -m -w 1\n`);
    }
  }
  return lines.join('');
}

/** The number of rows of a table, services and destinations. */
export function rowsOf({ services, destinations }: Size): number {
  return services * (destinations + 1);
}
