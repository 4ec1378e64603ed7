import { validateString, wrongType, wrongValue } from '../../model/arguments.ts';
import type { Check, NamedCheck } from '../types.ts';

/** A number for each function that is a check, by which equal checks are told from others of the same name. */
const numbers = new WeakMap<Check, number>();
let last = 0;

/**
 * A check of your own: a function that resolves when the target is healthy and rejects when it isn't. It
 * should give up when its signal is aborted, for its target is not checked again before it has ended. Sockets
 * of `dial` are closed when it is over.
 *
 * Throws an `InvalidArgumentError` for a name that is none, and for what is no function.
 *
 * @example
 * ```ts
 * const replicates = customCheck('replicates', async (target, { signal }) => {
 *   const answer = await fetch(`http://${target.address}:8008/replica?lag=10MB`, { signal });
 *   if (!answer.ok) throw new Error(`status ${answer.status}`);
 * });
 * ```
 */
export function customCheck(name: string, check: Check): NamedCheck {
  if (validateString('name', name) === '') throw wrongValue('name', 'not be empty', name);
  if (typeof check !== 'function') throw wrongType('check', 'a function', check);
  const number = numbers.get(check) ?? ++last;
  numbers.set(check, number);
  return { name, key: `custom ${number} ${name}`, check };
}
