import type { Forwarding } from '../model/destination.ts';
import { type DestinationId, destinationKey, type ServiceId } from '../model/identity.ts';
import type { ServiceRow } from './rows.ts';
import type { Change, PlanWarning, ServiceFields } from './types.ts';

/**
 * The flag of each hashing scheduler that sends the clients of a server at weight 0 elsewhere; dh has none.
 */
const fallbackFlags: Readonly<Record<string, string | undefined>> = {
  sh: 'sh-fallback',
  mh: 'mh-fallback',
  dh: undefined,
};

/** Whether a scheduler picks servers by a hash of addresses, and so by their places in the list. */
function isHashing(scheduler: string): boolean {
  return Object.hasOwn(fallbackFlags, scheduler);
}

/**
 * Whether clients whose hash finds a server at weight 0 are refused instead of sent elsewhere
 * (net/netfilter/ipvs: ip_vs_sh_get, ip_vs_mh_get, ip_vs_dh_schedule).
 */
function refusesClients({ scheduler, schedulerFlags }: ServiceFields): boolean {
  if (!isHashing(scheduler)) return false;
  return !schedulerFlags.some(flag => flag === fallbackFlags[scheduler]);
}

/** What helps where a hashing scheduler would refuse clients. */
function fallbackAdvice(scheduler: string): string {
  const flag = fallbackFlags[scheduler];
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
  if (!refusesClients(fields)) return [];
  const { scheduler } = fields;
  const message = `at weight 0 '${scheduler}' refuses the clients of ${destinationKey(destination)}: ${fallbackAdvice(scheduler)}`;
  return [{ code: 'refuses-clients', service, destination, message }];
}
