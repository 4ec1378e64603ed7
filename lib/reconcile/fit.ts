import { IpvsError } from '../model/errors.ts';
import { destinationKey, serviceKey } from '../model/identity.ts';
import type { TableEntry } from '../model/table.ts';
import { destinationChanges, serviceChanges } from './difference.ts';
import {
  type DestinationRow,
  destinationRow,
  keyOfDestination,
  type ServiceRow,
  serviceRow,
} from './rows.ts';
import type { AppliedStep, FieldChanges, Step } from './types.ts';

/** Why a step is left out whose effect is there. */
export const ALREADY = 'the table is so already';

/** A service as steps would leave it. */
interface Present {
  readonly row: ServiceRow;
  readonly destinations: Map<string, DestinationRow>;
}

/** Steps of a plan that still fit a table, and what becomes of the others. */
export interface Fitting {
  readonly steps: readonly Step[];
  readonly results: readonly AppliedStep[];
  /** As `Draft` has them. */
  readonly reliant: ReadonlySet<string>;
}

/**
 * Compares a plan with a table that may have moved on since. A step fits where the table is as the plan found
 * it, the steps before it done; one whose effect is there already is left out; any other is stale.
 */
export function fitSteps(steps: readonly Step[], table: readonly TableEntry[]): Fitting {
  const wanted = new Set(steps.map(({ service }) => serviceKey(service)));
  const present = new Map<string, Present>();
  for (const service of table) {
    if (!wanted.has(serviceKey(service))) continue;
    const row = serviceRow(service, service.destinations);
    present.set(row.key, presentOf(row));
  }
  const before = takersOf(present);
  const fitting: Step[] = [];
  const results: AppliedStep[] = [];
  const round = 1;
  for (const step of steps) {
    const verdict = judge(step, present.get(serviceKey(step.service)));
    if (verdict === 'fits') {
      take(step, present);
      fitting.push(step);
    } else if (verdict === 'done') {
      results.push({ step, outcome: 'left-out', round, reason: ALREADY });
    } else {
      results.push({ step, outcome: 'failed', round, error: stale(step, verdict.found) });
    }
  }
  return { steps: fitting, results, reliant: reliantOf(before, takersOf(present)) };
}

type Verdict = 'fits' | 'done' | { readonly found: string };

const missingService: Verdict = { found: 'its service is not there any more' };

function judge(step: Step, present: Present | undefined): Verdict {
  switch (step.kind) {
    case 'add-service': {
      if (present === undefined) return 'fits';
      const same = serviceChanges(present.row, serviceRow(step.spec, [])) === undefined;
      return same ? 'done' : { found: 'the service is there, and another' };
    }
    case 'change-service':
      if (present === undefined) return missingService;
      return judgeChanges(step.changes, serviceChanges(present.row, serviceRow(step.spec, [])) ?? {});
    case 'remove-service': {
      if (present === undefined) return 'done';
      const known = new Set(step.destinations.map(destinationKey));
      const unknown = [...present.destinations.keys()].find(key => !known.has(key));
      return unknown === undefined ? 'fits' : { found: `it has got destination ${unknown} since` };
    }
    default:
      return present === undefined
        ? judgeOrphan(step)
        : judgeDestination(step, present.destinations.get(destinationKey(step.destination)));
  }
}

type DestinationStep = Extract<Step, { readonly destination: unknown }>;

function judgeOrphan({ kind }: DestinationStep): Verdict {
  return kind === 'remove-destination' ? 'done' : missingService;
}

function judgeDestination(step: DestinationStep, present: DestinationRow | undefined): Verdict {
  const { fields } = destinationRow(step.spec);
  switch (step.kind) {
    case 'add-destination': {
      if (present === undefined) return 'fits';
      const same = destinationChanges(present.fields, fields, false) === undefined;
      return same ? 'done' : { found: 'the destination is there, and another' };
    }
    case 'change-destination':
      if (present === undefined) return { found: 'the destination is not there any more' };
      return judgeChanges(
        step.changes,
        destinationChanges(present.fields, fields, step.keepsWeight === true) ?? {},
      );
    case 'remove-destination': {
      if (present === undefined) return 'done';
      const changes = destinationChanges(present.fields, fields, false);
      return changes === undefined ? 'fits' : { found: `its ${fieldsOf(changes)} changed since` };
    }
  }
}

/** Judges a change by what differs from its outcome now: the same fields, from the same values. */
function judgeChanges<T>(planned: FieldChanges<T>, now: FieldChanges<T>): Verdict {
  if (Object.keys(now).length === 0) return 'done';
  if (JSON.stringify(now) === JSON.stringify(planned)) return 'fits';
  return { found: `its ${fieldsOf({ ...planned, ...now })} changed since` };
}

function fieldsOf(changes: object): string {
  return Object.keys(changes).join(', ');
}

function stale(step: Step, found: string): IpvsError {
  const { service } = step;
  const destination = 'destination' in step ? step.destination : undefined;
  const what = destination === undefined ? '' : `destination ${destinationKey(destination)} of `;
  const message = `${step.kind} does not fit any more: ${what}service ${serviceKey(service)}: ${found}; plan again`;
  return new IpvsError('ERR_IPVS_STALE', message, { command: 'APPLY', service, destination });
}

function presentOf(row: ServiceRow): Present {
  return {
    row,
    destinations: new Map(row.destinations.map(found => [keyOfDestination(found.destination), found])),
  };
}

/** Does in memory what a step will do. */
function take(step: Step, present: Map<string, Present>): void {
  const key = serviceKey(step.service);
  const entry = present.get(key);
  switch (step.kind) {
    case 'add-service':
      present.set(key, presentOf(serviceRow(step.spec, [])));
      return;
    case 'change-service':
      present.set(key, { ...entry!, row: serviceRow(step.spec, []) });
      return;
    case 'remove-service':
      present.delete(key);
      return;
    case 'remove-destination':
      entry!.destinations.delete(destinationKey(step.destination));
      return;
    default:
      entry!.destinations.set(destinationKey(step.destination), destinationRow(step.spec));
  }
}

type Takers = ReadonlyMap<string, ReadonlySet<string>>;

/** The destinations of each service that take connections. */
function takersOf(present: ReadonlyMap<string, Present>): Takers {
  return new Map(
    [...present].map(([key, { destinations }]) => {
      const takers = [...destinations.values()].filter(({ fields }) => fields.weight > 0);
      return [key, new Set(takers.map(({ destination }) => keyOfDestination(destination)))];
    }),
  );
}

function reliantOf(before: Takers, after: Takers): ReadonlySet<string> {
  const reliant = new Set<string>();
  for (const [key, takers] of after) {
    const lasting = [...(before.get(key) ?? [])].some(taker => takers.has(taker));
    if (takers.size > 0 && !lasting) reliant.add(key);
  }
  return reliant;
}
