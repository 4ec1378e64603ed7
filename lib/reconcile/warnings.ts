import type { Forwarding } from '../model/destination.ts';
import { fallbackFlag, isHashing, refusesClients } from '../model/hashing.ts';
import { type DestinationId, destinationKey, type ServiceId } from '../model/identity.ts';
import type { ServiceRow } from './rows.ts';
import type { Change, PlanWarning } from './types.ts';

/** What helps where a hashing scheduler would refuse clients. */
function fallbackAdvice(scheduler: string): string {
  const flag = fallbackFlag(scheduler);
  return flag === undefined
    ? `'${scheduler}' has no flag against that: remove the server instead`
    : `the scheduler's flag '${flag}' sends them elsewhere`;
}

export function orderWarning(
  { service, fields: { scheduler } }: ServiceRow,
  exact: boolean,
): readonly PlanWarning[] {
  if (exact) {
    const message =
      'destinations are removed and added again for their order: that cuts their connections where expire_nodest_conn is 1';
    return [{ code: 'order-restored', service, message }];
  }
  if (!isHashing(scheduler)) return [];
  const message = `destinations are not in the desired order, which '${scheduler}' looks at: only removing and adding again restores it (order: 'exact')`;
  return [{ code: 'order-differs', service, message }];
}

export function forwardingWarning(
  service: ServiceId,
  destination: DestinationId,
  { from, to }: Change<Forwarding>,
): PlanWarning {
  const message = `connections to ${destinationKey(destination)} that exist stay with '${from}'; only new ones get '${to}'`;
  return { code: 'forwarding-changes', service, destination, message };
}

export function refusalWarning(
  { service, fields }: ServiceRow,
  destination: DestinationId,
): readonly PlanWarning[] {
  const { scheduler, schedulerFlags } = fields;
  if (!refusesClients(scheduler, schedulerFlags)) return [];
  const message = `at weight 0 '${scheduler}' refuses the clients of ${destinationKey(destination)}: ${fallbackAdvice(scheduler)}`;
  return [{ code: 'refuses-clients', service, destination, message }];
}
