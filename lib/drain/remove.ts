import type { Calls } from '../calls/calls.ts';
import type { CallOptions } from '../calls/options.ts';
import * as writes from '../calls/writes.ts';
import { IpvsError } from '../model/errors.ts';
import type { DrainTarget } from './sites.ts';

/** Removes a destination whose drain ends. */
export async function removeDrained(
  calls: Calls,
  { service, destination }: DrainTarget,
  options: CallOptions,
): Promise<'removed' | 'gone'> {
  try {
    await calls.run(writes.removeDestination(service, destination), options);
    return 'removed';
  } catch (error) {
    if (isGone(error)) return 'gone';
    throw error;
  }
}

/** Whether an error says that a destination is not there any more. */
export function isGone(error: unknown): boolean {
  return (
    error instanceof IpvsError &&
    (error.code === 'ERR_IPVS_SERVICE_NOT_FOUND' || error.code === 'ERR_IPVS_DESTINATION_NOT_FOUND')
  );
}
