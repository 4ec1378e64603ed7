import { type OptionSet, validateOptions } from '../calls/options.ts';
import { contradiction, validateChoice } from '../model/arguments.ts';
import { validateOwner } from '../records/owners.ts';
import { validateLimits } from './limits.ts';
import { validateDrain } from './removals.ts';
import { type Scope, scopeOf } from './scope.ts';
import type { ApplyOptions } from './types.ts';

const planFlags = ['force', 'keepWeights', 'partial'];

const keys: Readonly<Record<keyof ApplyOptions, true>> = {
  signal: true,
  timeout: true,
  owns: true,
  owner: true,
  partial: true,
  allow: true,
  maxRemovals: true,
  force: true,
  keepWeights: true,
  order: true,
  drain: true,
};

const optionSet: OptionSet = { keys: new Set(Object.keys(keys)), flags: planFlags };

const orders = { keep: 0, exact: 1 };

/** Options that have been validated. */
export interface PlanSettings {
  readonly options: ApplyOptions;
  readonly scope: Scope | undefined;
}

/** Reads what `plan()` and `apply()` take. Throws at what is wrong with it. */
export function readPlanOptions(options: ApplyOptions = {}): PlanSettings {
  validateOptions(options, optionSet);
  validateLimits(options);
  if (options.drain !== undefined) validateDrain(options.drain);
  if (options.owner !== undefined) validateOwner('options.owner', options.owner);
  if (options.order !== undefined) validateChoice('options.order', options.order, orders);
  if (options.partial === true && options.owns !== undefined) {
    throw contradiction('options.partial does not go with options.owns, by which what is not desired goes');
  }
  return { options, scope: scopeOf(options.owns) };
}
