import type { Forwarding } from '../model/destination.ts';
import { isHashing } from '../model/hashing.ts';
import { type DestinationId, destinationKey, type ServiceId } from '../model/identity.ts';
import { lint } from '../model/lint/lint.ts';
import type { TableEntry } from '../model/table.ts';
import { destinationSpec, type ServiceRow, serviceSpec } from './rows.ts';
import type { Change, PlanWarning } from './types.ts';

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

/** What `lint` finds in what is desired of a service. */
export function lintWarnings(row: ServiceRow): readonly PlanWarning[] {
  const entry = { ...serviceSpec(row), destinations: row.destinations.map(destinationSpec) };
  return lint([entry as TableEntry]).map(({ code, service, destination, message }) => ({
    code,
    service,
    ...(destination !== undefined && { destination }),
    message: destination === undefined ? message : `${destinationKey(destination)}: ${message}`,
  }));
}
