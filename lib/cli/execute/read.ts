import type { NativeTable } from '../../addon/native.ts';
import * as reads from '../../calls/reads.ts';
import { callsOf, type Ipvs } from '../../client.ts';
import type { ServiceId } from '../../model/identity.ts';

// In columns: whoever writes rows out needs no objects, which take longer to make than the rows to read.

function asRead(table: NativeTable): NativeTable {
  return table;
}

/** The whole table. */
export function readTable(ipvs: Ipvs): Promise<NativeTable> {
  return callsOf(ipvs).run(reads.table(asRead));
}

/** One service and its destinations; undefined when there is none. */
export async function readServiceTable(ipvs: Ipvs, service: ServiceId): Promise<NativeTable | undefined> {
  const calls = callsOf(ipvs);
  const [found, destinations] = await Promise.allSettled([
    calls.run(reads.service(service, asRead)),
    calls.run(reads.destinations(service, asRead)),
  ]);
  // The first call tells better what is wrong, when something is.
  if (found.status === 'rejected') throw found.reason;
  if (found.value === undefined) return undefined;
  if (destinations.status === 'rejected') throw destinations.reason;
  return { ...found.value, destinations: destinations.value.destinations };
}
