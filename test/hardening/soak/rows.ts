import type { DestinationId, Ipvs, ServiceId, ServiceWithDestinations } from '../../../lib/index.ts';
import { destinationKey, serviceKey } from '../../../lib/index.ts';

/** What the kernel's table must hold, by the answers to writes: the rows by their names, and what each says. */
export type Rows = Map<string, string>;

export const serviceRow = (service: ServiceId): string => serviceKey(service);

export const destinationRow = (service: ServiceId, destination: DestinationId): string =>
  `${serviceKey(service)} > ${destinationKey(destination)}`;

/** What is compared of a service. */
export const serviceState = (scheduler: string, persistence: number): string => `${scheduler} ${persistence}`;

/** What is compared of a destination. */
export const destinationState = (weight: number, upperThreshold: number): string =>
  `${weight} ${upperThreshold}`;

/** A service is gone with its destinations. */
export function forgetService(rows: Rows, service: ServiceId): void {
  const row = serviceRow(service);
  for (const name of rows.keys()) if (name === row || name.startsWith(`${row} > `)) rows.delete(name);
}

/** The rows of what was read. */
export function rowsOf(table: readonly ServiceWithDestinations[]): Rows {
  const rows: Rows = new Map();
  for (const service of table) {
    rows.set(serviceRow(service), serviceState(service.scheduler, service.persistence?.timeout ?? 0));
    for (const destination of service.destinations) {
      const { weight, upperThreshold } = destination;
      rows.set(destinationRow(service, destination), destinationState(weight, upperThreshold));
    }
  }
  return rows;
}

/** What of the table is not as it must be, a sentence each. */
export async function differences(ipvs: Ipvs, expected: readonly Rows[]): Promise<readonly string[]> {
  const found = rowsOf(await ipvs.snapshot());
  const wanted: Rows = new Map(expected.flatMap(rows => [...rows]));
  const absent = 'absent';
  return [...new Set([...found.keys(), ...wanted.keys()])]
    .filter(name => found.get(name) !== wanted.get(name))
    .map(name => `${name} is ${found.get(name) ?? absent}, and was told to be ${wanted.get(name) ?? absent}`);
}
