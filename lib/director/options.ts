import { MAX_DELAY } from '../calls/options.ts';
import { Ipvs } from '../client.ts';
import { readDrainOptions } from '../drain/options.ts';
import type { DrainOptions } from '../drain/types.ts';
import {
  contradiction,
  validateChoice,
  validateInteger,
  validateObject,
  wrongType,
  wrongValue,
} from '../model/arguments.ts';
import { keysOf } from '../model/numbers.ts';
import { validateOwner } from '../records/owners.ts';
import type { SuspicionPolicy } from './policy/suspicion.ts';
import type { DirectorDrain, DirectorOptions, ServicePolicy, SuspicionOptions } from './types.ts';
import { policyKeys, policyValidators, validateChecks } from './validation.ts';

const keys = keysOf<DirectorOptions>({
  ipvs: true,
  desired: true,
  source: true,
  defaults: true,
  checks: true,
  owner: true,
  maxRemovals: true,
  drain: true,
  initial: true,
  suspicion: true,
  drift: true,
  driftInterval: true,
  concurrency: true,
  dial: true,
  clock: true,
  random: true,
});

const drainKeys = keysOf<DirectorDrain>({ deadline: true, idle: true, idleFor: true, poll: true });
const suspicionKeys = keysOf<SuspicionOptions>({ share: true, least: true, hold: true });

const DEFAULT_DEADLINE = 300_000;
const DAY = 86_400_000;

/** As the monitor has it. */
const MAX_CONCURRENCY = 100_000;

/** Options of a director, defaults filled in. */
export interface DirectorSettings {
  readonly owner: string;
  readonly defaults: ServicePolicy;
  /** undefined: what is not desired any more goes at once. */
  readonly drain: DrainOptions | undefined;
  readonly initial: 'up' | 'down';
  readonly suspicion: SuspicionPolicy | undefined;
  readonly drift: 'repair' | 'report' | 'off';
  readonly driftInterval: number;
}

/** Reads what a director is made of. Throws at what is wrong with it. */
export function readDirectorOptions(options: DirectorOptions): DirectorSettings {
  validateObject('options', options, keys);
  const { ipvs, desired, source } = options;
  if (!(ipvs instanceof Ipvs)) throw wrongType('options.ipvs', 'an Ipvs', ipvs);
  if (desired !== undefined && source !== undefined) {
    throw contradiction('options.desired and options.source are two sources: give one of them');
  }
  if (source !== undefined && typeof source !== 'function') {
    throw wrongType('options.source', 'a function that returns an async iterable', source);
  }
  const { dial, random } = options;
  for (const [name, value] of Object.entries({ dial, random })) {
    if (value !== undefined && typeof value !== 'function') {
      throw wrongType(`options.${name}`, 'a function', value);
    }
  }
  return readSettings(options);
}

/** Reads how a director works. Throws at the first option that is wrong. */
export function readSettings(
  options: Omit<DirectorOptions, 'ipvs' | 'desired' | 'source'>,
): DirectorSettings {
  const { owner = 'director', defaults = {}, checks } = options;
  validateOwner('options.owner', owner);
  validateObject('options.defaults', defaults, policyKeys);
  for (const validate of policyValidators('options.defaults', defaults)) validate();
  if (checks !== undefined) validateChecks('options.checks', checks);
  const { maxRemovals, initial = 'down', drift = 'repair', driftInterval = 10_000, concurrency } = options;
  if (maxRemovals !== undefined) {
    validateInteger('options.maxRemovals', maxRemovals, 0, Number.MAX_SAFE_INTEGER);
  }
  validateChoice('options.initial', initial, { up: 0, down: 1 });
  validateChoice('options.drift', drift, { repair: 0, report: 1, off: 2 });
  validateInteger('options.driftInterval', driftInterval, 100, DAY);
  if (concurrency !== undefined) validateInteger('options.concurrency', concurrency, 1, MAX_CONCURRENCY);
  return {
    owner,
    defaults: { ...defaults, ...(checks !== undefined && { checks }) },
    drain: readDrain(options.drain),
    initial,
    suspicion: readSuspicion(options.suspicion),
    drift,
    driftInterval,
  };
}

function readDrain(given: DirectorOptions['drain'] = {}): DrainOptions | undefined {
  if (given === false) return undefined;
  validateObject('options.drain', given, drainKeys);
  const { deadline = DEFAULT_DEADLINE, ...rest } = given;
  validateInteger('options.drain.deadline', deadline, 0, MAX_DELAY);
  try {
    readDrainOptions(rest);
  } catch (error) {
    (error as Error).message = (error as Error).message.replace('options.', 'options.drain.');
    throw error;
  }
  return { deadline, ...rest };
}

function readSuspicion(given: DirectorOptions['suspicion'] = {}): SuspicionPolicy | undefined {
  if (given === false) return undefined;
  validateObject('options.suspicion', given, suspicionKeys);
  const { share = 0.5, least = 4, hold = 15_000 } = given;
  if (typeof share !== 'number') throw wrongType('options.suspicion.share', 'a number', share);
  if (!(share >= 0 && share <= 1))
    throw wrongValue('options.suspicion.share', 'be a part, from 0 to 1', share);
  validateInteger('options.suspicion.least', least, 1, Number.MAX_SAFE_INTEGER);
  validateInteger('options.suspicion.hold', hold, 0, DAY);
  return { share, least, hold };
}
