import { validateInteger, wrongType, wrongValue } from '../model/arguments.ts';
import type { Draft } from './draft.ts';
import type { Allowed, PlanOptions, PlanRefusal } from './types.ts';

const kinds: readonly Allowed[] = ['add', 'change', 'remove'];

const doing: Readonly<Record<Allowed, string>> = { add: 'adds', change: 'changes', remove: 'removes' };

/** Throws at limits that are wrong. */
export function validateLimits({ allow, maxRemovals }: PlanOptions): void {
  if (maxRemovals !== undefined) {
    validateInteger('options.maxRemovals', maxRemovals, 0, Number.MAX_SAFE_INTEGER);
  }
  if (allow === undefined) return;
  if (!Array.isArray(allow)) throw wrongType('options.allow', 'an array of kinds of changes', allow);
  for (const kind of allow as readonly unknown[]) {
    if (!kinds.includes(kind as Allowed)) {
      throw wrongValue('options.allow', `hold only ${kinds.map(name => `'${name}'`).join(', ')}`, kind);
    }
  }
}

/** Why a plan must not be carried out, with the numbers; empty where nothing is against it. */
export function refusalsOf(draft: Draft, { allow, maxRemovals, force }: PlanOptions): readonly PlanRefusal[] {
  const refusals = forbidden(draft, allow);
  return force === true ? refusals : [...refusals, ...tooMany(draft, maxRemovals)];
}

function forbidden(
  { additions, phases }: Draft,
  allow: readonly Allowed[] | undefined,
): readonly PlanRefusal[] {
  if (allow === undefined) return [];
  const steps = phases.flat();
  return kinds
    .filter(kind => !allow.includes(kind))
    .flatMap(kind => {
      const rows = kind === 'add' ? additions.reduce((sum, { count }) => sum + count + 1, 0) : 0;
      const count = rows + steps.filter(step => step.kind.startsWith(`${kind}-`)).length;
      if (count === 0) return [];
      const only = allow.length === 0 ? 'nothing is allowed' : `only ${allow.join(' and ')} is allowed`;
      const message = `the plan ${doing[kind]} ${count} ${count === 1 ? 'row' : 'rows'}, and ${only}`;
      return [{ limit: 'allow', message }];
    });
}

function tooMany({ removals, destinations }: Draft, most: number | undefined): readonly PlanRefusal[] {
  const removes = `the plan removes ${removals} of the ${destinations} destinations in scope`;
  if (most !== undefined) {
    if (removals <= most) return [];
    return [{ limit: 'maxRemovals', message: `${removes}, and at most ${most} may go (maxRemovals)` }];
  }
  if (removals * 2 <= destinations) return [];
  const message = `${removes}, which is more than half; maxRemovals or force allow it`;
  return [{ limit: 'maxRemovals', message }];
}
