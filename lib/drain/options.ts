import { MAX_DELAY, type OptionSet, validateOptions } from '../calls/options.ts';
import { validateChoice, validateInteger, wrongType } from '../model/arguments.ts';
import type { DrainOptions } from './types.ts';

const DEFAULT_IDLE_FOR = 3000;
const DEFAULT_POLL = 1000;
const DAY = 86_400_000;

const flags = ['setFallback', 'setSettings', 'force'];

const keys: Readonly<Record<keyof DrainOptions, true>> = {
  signal: true,
  timeout: true,
  idle: true,
  idleFor: true,
  poll: true,
  deadline: true,
  atDeadline: true,
  // biome-ignore lint/suspicious/noThenProperty: the option's name; its value is a text, which nothing awaits
  then: true,
  setFallback: true,
  setSettings: true,
  force: true,
  onProgress: true,
};

const optionSet: OptionSet = { keys: new Set(Object.keys(keys)), flags };

/** Options of a drain, defaults filled in. */
export interface DrainSettings extends DrainOptions {
  readonly idleFor: number;
  readonly poll: number;
  readonly atDeadline: 'remove' | 'give-up';
  readonly then: 'remove' | 'keep';
}

/** Reads what a drain takes. Throws at what is wrong with it. */
export function readDrainOptions(options: DrainOptions = {}): DrainSettings {
  validateOptions(options, optionSet);
  const { idle, idleFor = DEFAULT_IDLE_FOR, poll = DEFAULT_POLL, deadline, onProgress } = options;
  const { atDeadline = 'give-up', then = 'remove' } = options;
  if (idle !== undefined) validateChoice('options.idle', idle, { active: 0, all: 1 });
  validateInteger('options.idleFor', idleFor, 0, DAY);
  validateInteger('options.poll', poll, 10, DAY);
  if (deadline !== undefined) validateInteger('options.deadline', deadline, 0, MAX_DELAY);
  validateChoice('options.atDeadline', atDeadline, { remove: 0, 'give-up': 1 });
  validateChoice('options.then', then, { remove: 0, keep: 1 });
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw wrongType('options.onProgress', 'a function', onProgress);
  }
  return { ...options, idleFor, poll, atDeadline, then };
}
