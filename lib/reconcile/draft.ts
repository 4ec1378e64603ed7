import type { DesiredEntry } from './desired.ts';
import { destinationChanges, serviceChanges } from './difference.ts';
import { beginsToRefuse } from './refusing.ts';
import {
  type DestinationRow,
  destinationSpec,
  keyOfDestination,
  type ServiceRow,
  serviceSpec,
} from './rows.ts';
import { compareSequence } from './sequence.ts';
import type { AddDestinationStep, PlanOptions, PlanWarning, RemoveDestinationStep, Step } from './types.ts';
import { forwardingWarning, orderWarning } from './warnings.ts';

/**
 * The phases of a plan after its additions. In this order no client notices: what takes connections is there
 * before anything ceases to take them, so that no service that had a destination and will have one is without
 * at any moment.
 */
const Phase = {
  /** Destinations that are added, get more weight, or change in other ways. */
  addDestinations: 0,
  changeServices: 1,
  /** Destinations that get less weight. */
  lowerWeights: 2,
  removeDestinations: 3,
  /** Changes of services that would refuse clients while a destination is at weight 0. */
  changeServicesLast: 4,
  removeServices: 5,
} as const;

/** A plan while it is drawn up. */
export interface Draft {
  /** New services, each followed at once by its destinations: what comes first. */
  readonly additions: DesiredEntry[];
  /** The steps of each phase after that. */
  readonly phases: readonly Step[][];
  readonly warnings: PlanWarning[];
  /**
   * Services of which nothing that takes connections now will do so afterwards: if nothing can be added to
   * them, nothing may be taken away either.
   */
  readonly reliant: Set<string>;
  services: number;
  destinations: number;
  removals: number;
}

/** How services are compared. */
export type DraftOptions = Pick<PlanOptions, 'keepWeights' | 'order'>;

export function newDraft(): Draft {
  const phases = Object.values(Phase).map((): Step[] => []);
  return {
    additions: [],
    phases,
    warnings: [],
    reliant: new Set(),
    services: 0,
    destinations: 0,
    removals: 0,
  };
}

/**
 * Adds what a service needs that is there: `actual` as the table has it, `desired` as it should be;
 * undefined: not at all.
 */
export function draftService(
  draft: Draft,
  actual: ServiceRow,
  desired: ServiceRow | undefined,
  options: DraftOptions,
): void {
  draft.services++;
  draft.destinations += actual.destinations.length;
  if (desired === undefined) draftRemoval(draft, actual);
  else draftChanges(draft, actual, desired, options);
}

function draftRemoval(draft: Draft, actual: ServiceRow): void {
  draft.removals += actual.destinations.length;
  draft.phases[Phase.removeServices]!.push({
    kind: 'remove-service',
    service: actual.service,
    spec: serviceSpec(actual),
    destinations: actual.destinations.map(destinationSpec),
  });
}

function draftChanges(draft: Draft, actual: ServiceRow, desired: ServiceRow, options: DraftOptions): void {
  const changes = serviceChanges(actual, desired);
  if (changes !== undefined) {
    const { service } = desired;
    const step = { kind: 'change-service', service, changes, spec: serviceSpec(desired) } as const;
    draft.phases[beginsToRefuse(step) ? Phase.changeServicesLast : Phase.changeServices]!.push(step);
  }
  const keysOf = ({ destinations }: ServiceRow) =>
    destinations.map(({ destination }) => keyOfDestination(destination));
  const present = new Map(keysOf(actual).map((key, i) => [key, actual.destinations[i]!]));
  const wantedKeys = keysOf(desired);
  const { keep, differs } = compareSequence([...present.keys()], wantedKeys);
  const exact = options.order === 'exact';
  let lasting = false;
  let wanted = false;
  desired.destinations.forEach((row, i) => {
    const key = wantedKeys[i]!;
    const found = present.get(key);
    present.delete(key);
    const { weight } = (options.keepWeights === true ? (found ?? row) : row).fields;
    wanted ||= weight > 0;
    if (found === undefined) {
      draft.phases[Phase.addDestinations]!.push(addition(desired, row));
    } else if (exact && differs && i >= keep) {
      draft.phases[Phase.addDestinations]!.push(...moves(desired, found, row, options));
    } else {
      lasting ||= weight > 0 && found.fields.weight > 0;
      draftDestination(draft, desired, found, row, options);
    }
  });
  if (wanted && !lasting) draft.reliant.add(actual.key);
  for (const row of present.values()) {
    draft.removals++;
    draft.phases[Phase.removeDestinations]!.push(removal(desired, row));
  }
  if (differs) draft.warnings.push(...orderWarning(desired, exact));
}

/** Adds what a destination needs that is there and is to stay. */
function draftDestination(
  draft: Draft,
  desired: ServiceRow,
  found: DestinationRow,
  row: DestinationRow,
  { keepWeights = false }: DraftOptions,
): void {
  const changes = destinationChanges(found.fields, row.fields, keepWeights);
  if (changes === undefined) return;
  const { service } = desired;
  const { destination } = row;
  const spec = destinationSpec(keepWeights ? withWeight(row, found) : row);
  const lower = changes.weight !== undefined && changes.weight.to < changes.weight.from;
  const phase = lower ? Phase.lowerWeights : Phase.addDestinations;
  const step = { kind: 'change-destination', service, destination, changes, spec } as const;
  draft.phases[phase]!.push(keepWeights ? { ...step, keepsWeight: true } : step);
  if (changes.forwarding !== undefined) {
    draft.warnings.push(forwardingWarning(service, destination, changes.forwarding));
  }
}

function addition({ service }: ServiceRow, row: DestinationRow): AddDestinationStep {
  const { destination } = row;
  return { kind: 'add-destination', service, destination, spec: destinationSpec(row) };
}

function removal({ service }: ServiceRow, row: DestinationRow): RemoveDestinationStep {
  const { destination } = row;
  return { kind: 'remove-destination', service, destination, spec: destinationSpec(row) };
}

/** Removes a destination and adds it again as it should be, which puts it behind all others. */
function moves(
  desired: ServiceRow,
  found: DestinationRow,
  row: DestinationRow,
  { keepWeights = false }: DraftOptions,
): readonly Step[] {
  const reason = 'order' as const;
  return [
    { ...removal(desired, found), reason },
    { ...addition(desired, keepWeights ? withWeight(row, found) : row), reason },
  ];
}

function withWeight(row: DestinationRow, { fields: { weight } }: DestinationRow): DestinationRow {
  return { ...row, fields: { ...row.fields, weight } };
}
