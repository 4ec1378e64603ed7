import { contradiction, validateInteger, validateObject, wrongType, wrongValue } from '../model/arguments.ts';
import type { ServiceId } from '../model/identity.ts';
import { type Prefix, parsePrefix, prefixContains } from './prefix.ts';
import type { Owns } from './types.ts';

/** Whether a service is the caller's by `owns` alone, named by the desired state or not. */
export type Scope = (service: ServiceId) => boolean;

const ownsKeys = new Set(['addresses', 'marks']);

/** The scope that `owns` says; undefined where it says none. Throws at an `owns` that is wrong. */
export function scopeOf(owns: Owns | undefined): Scope | undefined {
  if (owns === undefined) return undefined;
  if (owns === 'everything') return () => true;
  if (typeof owns === 'function') return service => isTrue(owns(service));
  if (typeof owns === 'string') throw wrongValue('options.owns', "be 'everything' where it is a text", owns);
  validateObject('options.owns', owns, ownsKeys);
  const { addresses, marks } = owns;
  if (addresses === undefined && marks === undefined) {
    throw contradiction('options.owns must have addresses or marks, or both');
  }
  const prefixes = prefixesOf(addresses);
  const [from, to] = marksOf(marks);
  return ({ fwmark, address }) =>
    fwmark === undefined
      ? prefixes.some(prefix => prefixContains(prefix, address))
      : fwmark >= from && fwmark <= to;
}

function isTrue(answer: unknown): boolean {
  if (typeof answer !== 'boolean') throw wrongType('options.owns()', 'true or false', answer);
  return answer;
}

function prefixesOf(addresses: unknown): readonly Prefix[] {
  if (addresses === undefined) return [];
  if (!Array.isArray(addresses)) throw wrongType('options.owns.addresses', 'an array of prefixes', addresses);
  return addresses.map((text: unknown, i) => parsePrefix(`options.owns.addresses[${i}]`, text));
}

function marksOf(marks: unknown): readonly [from: number, to: number] {
  if (marks === undefined) return [1, 0];
  if (!Array.isArray(marks) || marks.length !== 2) {
    throw wrongType('options.owns.marks', 'an array of the first and the last mark', marks);
  }
  const from = validateInteger('options.owns.marks[0]', marks[0], 1, 0xffff_ffff);
  return [from, validateInteger('options.owns.marks[1]', marks[1], from, 0xffff_ffff)];
}
