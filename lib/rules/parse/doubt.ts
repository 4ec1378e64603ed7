import { type ServiceId, serviceKey } from '../../model/identity.ts';
import { noFindings, type RuleProblem } from '../problem.ts';
import type { NameResolver } from '../types.ts';
import { readCommand } from './lines.ts';
import { splitWords } from './tokenize.ts';

/** Whether a refusal may only seem one: a line that could not be read may have said what is missing. */
export type Doubt = (refusal: {
  readonly kind: 'doubled' | 'missing';
  readonly service: ServiceId;
}) => boolean;

const identity = /^(-[tuf]|--(?:tcp|udp|sctp|fwmark|ip)-service)(?:=(.*))?$/;

/** Commands that are about no service. */
const others = /^--(?:set|start-daemon|stop-daemon)\b/;

/**
 * What is in doubt for the lines that could not be read: the services that they name, and all that seems
 * missing where one names none that can be read.
 */
export function doubtOf(
  text: string,
  problems: readonly RuleProblem[],
  names: NameResolver | undefined,
): Doubt {
  if (problems.length === 0) return () => false;
  const lines = text.split('\n');
  const services = new Set<string>();
  let isAnyMissing = false;
  for (const number of new Set(problems.map(({ line }) => line))) {
    const line = lines[number - 1]!;
    const words = splitWords(line, 0, line.length, noFindings(number));
    if (words.some(word => others.test(word))) continue;
    const key = serviceIn(words, names);
    if (key === undefined) isAnyMissing = true;
    else services.add(key);
  }
  return ({ kind, service }) => services.has(serviceKey(service)) || (isAnyMissing && kind === 'missing');
}

/** The key of the service that a line names, however wrong the rest of it is; undefined where none can be read. */
function serviceIn(words: readonly string[], names: NameResolver | undefined): string | undefined {
  const [named, ...more] = words.flatMap((word, i) => {
    const [, option, value = words[i + 1]] = identity.exec(word) ?? [];
    return option === undefined ? [] : [{ option, value }];
  });
  if (named?.value === undefined || more.length > 0) return undefined;
  const ipv6 = words.some(word => word === '-6' || word === '--ipv6') ? ['-6'] : [];
  const command = readCommand(['-D', named.option, named.value, ...ipv6], noFindings(0), names);
  return command?.command === 'delete-service' ? serviceKey(command.service) : undefined;
}
