import { fstatSync } from 'node:fs';
import { validateInteger, validateObject, wrongType, wrongValue } from './model/arguments.ts';

/**
 * A network namespace: its name as `ip netns` knows it, a path to it (with a slash), an open descriptor, or a
 * process that is in it. A client copies a descriptor when it is made; a target of checks needs its own open for
 * as long as it is checked.
 */
export type NetworkNamespace =
  | string
  | number
  | {
      /** As this process sees it: of its own PID namespace. */
      readonly pid: number;
    };

const pidKeys = new Set(['pid']);

/** What the addon takes for a namespace: a path, or a descriptor. Throws at anything else. */
export function namespaceTarget(netns: NetworkNamespace | undefined): string | number | undefined {
  if (netns === undefined) return undefined;
  if (typeof netns === 'number') {
    validateInteger('netns', netns, 0, 0x7fff_ffff);
    if (!isOpen(netns)) throw wrongValue('netns', 'be an open descriptor', netns);
    return netns;
  }
  if (typeof netns === 'string') {
    if (netns === '' || netns === '.' || netns === '..' || netns.includes('\0')) {
      throw wrongValue('netns', 'be the name of a network namespace or a path to one', netns);
    }
    return netns.includes('/') ? netns : `/run/netns/${netns}`;
  }
  if (typeof netns !== 'object' || netns === null) {
    throw wrongType('netns', 'a name, a path, a descriptor or { pid }', netns);
  }
  validateObject('netns', netns, pidKeys);
  return `/proc/${validateInteger('netns.pid', netns.pid, 1, 0x7fff_ffff)}/ns/net`;
}

function isOpen(fd: number): boolean {
  try {
    fstatSync(fd);
    return true;
  } catch {
    return false;
  }
}
