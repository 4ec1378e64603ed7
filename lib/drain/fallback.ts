import type { Calls } from '../calls/calls.ts';
import type { CallOptions } from '../calls/options.ts';
import * as reads from '../calls/reads.ts';
import * as writes from '../calls/writes.ts';
import { fallbackFlag, refusesClients } from '../model/hashing.ts';
import { type ServiceId, serviceKey } from '../model/identity.ts';
import type { Service } from '../model/service.ts';
import type { DrainRecord } from '../records/drains.ts';
import { isGone } from './remove.ts';
import { readNow } from './sites.ts';

/**
 * The services, by their keys, whose fallback flag drains have on loan: those that are to get it now, and those
 * that an earlier drain gave it. Whichever drain is the last takes it back.
 */
export function servicesOnLoan(
  services: readonly Service[],
  records: Iterable<DrainRecord>,
  setFallback: boolean,
): ReadonlySet<string> {
  const lent = new Set(Array.from(records, ({ service, fallback }) => fallback && serviceKey(service)));
  const onLoan = services.filter(service => {
    const { scheduler, schedulerFlags } = service;
    if (fallbackFlag(scheduler) === undefined) return false;
    return refusesClients(scheduler, schedulerFlags) ? setFallback : lent.has(serviceKey(service));
  });
  return new Set(onLoan.map(serviceKey));
}

/** Sets the flag that sends clients elsewhere. The kernel changes it in place, and connections live on. */
export async function lendFallback(calls: Calls, service: Service, options: CallOptions): Promise<void> {
  const { scheduler, schedulerFlags } = service;
  const flag = fallbackFlag(scheduler);
  if (flag === undefined || !refusesClients(scheduler, schedulerFlags)) return;
  const changes = { scheduler, schedulerFlags: [...schedulerFlags, flag] };
  await calls.run(writes.updateService(service, changes), options);
}

/** Takes the flag back, unless a destination is still at weight 0, whose clients would be refused then. */
export async function takeFallbackBack(calls: Calls, id: ServiceId, options: CallOptions): Promise<void> {
  const [service, rows] = await Promise.all([
    calls.run(reads.service<number>(id, undefined), options),
    readNow(calls.run, id, options),
  ]);
  if (service === undefined || rows.some(({ weight }) => weight === 0)) return;
  const { scheduler, schedulerFlags } = service;
  const flag = fallbackFlag(scheduler);
  const others = schedulerFlags.filter(one => one !== flag);
  if (others.length === schedulerFlags.length) return;
  try {
    await calls.run(writes.updateService(id, { scheduler, schedulerFlags: others }), options);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}
