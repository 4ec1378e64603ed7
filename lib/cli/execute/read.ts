import type { NativeTable } from '../../addon/native.ts';
import * as reads from '../../calls/reads.ts';
import { callsOf, type Ipvs } from '../../client.ts';
import type { ServiceId } from '../../model/identity.ts';

/** The whole table. */
export function readTable(ipvs: Ipvs): Promise<NativeTable> {
  return callsOf(ipvs).run(reads.tableColumns());
}

/** One service and its destinations; undefined when there is none. */
export async function readServiceTable(ipvs: Ipvs, service: ServiceId): Promise<NativeTable | undefined> {
  const calls = callsOf(ipvs);
  const [found, destinations] = await Promise.allSettled([
    calls.run(reads.serviceColumns(service)),
    calls.run(reads.destinationColumns(service)),
  ]);
  // The first call tells better what is wrong, when something is.
  if (found.status === 'rejected') throw found.reason;
  if (found.value === undefined) return undefined;
  if (destinations.status === 'rejected') throw destinations.reason;
  return { ...found.value, destinations: destinations.value.destinations };
}
