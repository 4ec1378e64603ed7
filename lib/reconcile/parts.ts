import { putDestinationSpec } from '../addon/destination.ts';
import { putDestinationId, putServiceId } from '../addon/identity.ts';
import { Operation } from '../addon/layout.ts';
import { createBatch, type Slot } from '../addon/record.ts';
import { putServiceSpec } from '../addon/service.ts';
import { MAX_THRESHOLD } from '../model/constants.ts';
import type { DestinationSpec } from '../model/destination.ts';
import { type Fields, isObject } from '../model/fields.ts';
import { type DestinationId, destinationIdKeys, type ServiceId, serviceIdKeys } from '../model/identity.ts';
import type { ServiceSpec } from '../model/service.ts';
import { type DesiredProblem, problemAt } from './problems.ts';

/** Encodes something into a record; throws at what is wrong with it. */
export type Put = (slot: Slot) => void;

/** A service that stands in for one whose identity is wrong, while something else is looked at. */
const standIn = { fwmark: 1, family: 'ipv4' } as const;

export const putStandIn: Put = slot => putServiceId(slot, standIn);

export function putterOfId(service: ServiceId): Put {
  const id = idOf(service as unknown as Fields);
  return slot => putServiceId(slot, id);
}

/** Whether something can be encoded. */
export function accepts(put: Put): boolean {
  return mistakeOf(put) === undefined;
}

/** What is wrong with something that is to be encoded; undefined where nothing is. */
export function mistakeOf(put: Put): Error | undefined {
  try {
    put(createBatch().open(Operation.newDest));
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

/**
 * All that is wrong with a row that was refused for `error`: validators stop at the first mistake, so that
 * each part is tried by itself. Where no part is wrong by itself the error tells how they contradict one
 * another.
 */
export function problemsOf(place: string, error: Error, parts: readonly Put[]): readonly DesiredProblem[] {
  const found = new Map<string, DesiredProblem>();
  for (const part of parts) {
    const partial = mistakeOf(part);
    if (partial === undefined) continue;
    const problem = problemAt(place, partial);
    found.set(problem.message, problem);
  }
  return found.size === 0 ? [problemAt(place, error)] : [...found.values()];
}

function idOf(fields: Fields): ServiceId {
  return Object.fromEntries(
    Object.entries(fields).filter(([key]) => serviceIdKeys.has(key)),
  ) as unknown as ServiceId;
}

/** An identity that is right, to try one field of another in. */
const usualId: ServiceId = { protocol: 'tcp', address: '192.0.2.1', port: 80 };

/** The parts of a service that can be wrong each by itself. */
export function serviceParts(spec: ServiceSpec): readonly Put[] {
  if (!isObject(spec)) return [];
  const id = idOf(spec);
  const fields = Object.entries(spec).filter(([key]) => key !== 'destinations');
  const usual = spec.fwmark === undefined ? usualId : standIn;
  const ids = fields
    .filter(([key]) => serviceIdKeys.has(key))
    .map(
      ([key, value]): Put =>
        slot =>
          putServiceId(slot, { ...usual, [key]: value } as ServiceId),
    );
  const whole: Put = slot => putServiceId(slot, id);
  const base = accepts(whole) ? id : standIn;
  const { scheduler } = spec as ServiceSpec;
  const parts = fields
    .filter(([key]) => !serviceIdKeys.has(key))
    .flatMap(([key, value]) => partsOf(key, value))
    // What a scheduler's flags mean depends on the scheduler.
    .map(part => ('schedulerFlags' in part ? { scheduler, ...part } : part));
  return [
    ...(ids.every(accepts) ? [whole] : ids),
    ...parts.map(
      (part): Put =>
        slot =>
          putServiceSpec(slot, { ...base, ...part } as ServiceSpec),
    ),
  ];
}

/** A field by itself, or each field of an object. */
function partsOf(key: string, value: unknown): readonly Fields[] {
  if (!isObject(value) || key === 'stats') return [{ [key]: value }];
  return Object.entries(value).map(([name, part]) => ({ [key]: { [name]: part } }));
}

const usualDestination: DestinationId = { address: '192.0.2.1', port: 80 };

/** The parts of a destination that can be wrong each by itself. */
export function destinationParts(spec: DestinationSpec): readonly Put[] {
  if (!isObject(spec)) return [];
  const { address, port } = spec as DestinationSpec;
  const ids = [
    { ...usualDestination, address },
    { ...usualDestination, port },
  ];
  const base = ids.every(id => accepts(slot => putDestinationId(slot, id)))
    ? { address, port }
    : usualDestination;
  const fields = Object.entries(spec).filter(([key]) => !destinationIdKeys.has(key));
  return [
    ...ids.map(
      (id): Put =>
        slot =>
          putDestinationId(slot, id),
    ),
    ...fields.map(
      ([key, value]): Put =>
        slot => {
          putServiceId(slot, { ...standIn, family: base.address.includes(':') ? 'ipv6' : 'ipv4' });
          putDestinationSpec(slot, { ...base, ...destinationPart(key, value) } as DestinationSpec);
        },
    ),
  ];
}

/** A field, beside what it needs to be right. */
function destinationPart(key: string, value: unknown): Fields {
  switch (key) {
    case 'tunnel':
      return { forwarding: 'tunnel', tunnel: value };
    case 'lowerThreshold':
      return { upperThreshold: MAX_THRESHOLD, lowerThreshold: value };
    default:
      return { [key]: value };
  }
}
