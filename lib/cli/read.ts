import { callsOf, type Ipvs } from '../client.ts';
import { Operation } from '../constants.ts';
import type { NativeTable } from '../native.ts';
import { Layout, putWord } from '../record.ts';
import { putServiceId, type ServiceId } from '../service.ts';

const ESRCH = 3;

/** native/record.h, kInOnePiece. */
const IN_ONE_PIECE = 1;

/** The whole table in columns: whoever writes it out needs no objects, which take longer to make than the table to read. */
export function readTable(ipvs: Ipvs): Promise<NativeTable> {
  return callsOf(ipvs).run({
    operation: Operation.snapshot,
    about: { command: 'GET_DEST' },
    encode: slot => void putWord(slot, Layout.fields, IN_ONE_PIECE),
    decode: payload => payload as NativeTable,
  });
}

/** One service and its destinations in columns; undefined when there is none. */
export async function readServiceTable(ipvs: Ipvs, service: ServiceId): Promise<NativeTable | undefined> {
  const calls = callsOf(ipvs);
  const [found, destinations] = await Promise.allSettled([
    calls.run<NativeTable | undefined>({
      operation: Operation.getService,
      about: { command: 'GET_SERVICE', service },
      encode: slot => void putServiceId(slot, service),
      decode: payload => payload as NativeTable,
      accept: status => (status === ESRCH ? { value: undefined } : undefined),
    }),
    calls.run({
      operation: Operation.getDest,
      about: { command: 'GET_DEST', service },
      encode: slot => void putServiceId(slot, service),
      decode: payload => payload as NativeTable,
    }),
  ]);
  // The first call tells better what is wrong, when something is.
  if (found.status === 'rejected') throw found.reason;
  if (found.value === undefined) return undefined;
  if (destinations.status === 'rejected') throw destinations.reason;
  return { ...found.value, destinations: destinations.value.destinations };
}
