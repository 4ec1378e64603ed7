import type { Fields, Note } from './converted.ts';
import { type Statement, wordOf } from './keepalived-text.ts';
import { rangeOf } from './ranges.ts';

/** The services that a virtual_server stands for: one, or those of its group. */
export function identitiesOf(
  { line, args, block }: Statement,
  groups: ReadonlyMap<string, Statement>,
  notes: Note[],
): readonly Fields[] {
  const protocol = (wordOf(block, 'protocol') ?? 'TCP').toLowerCase();
  const family = wordOf(block, 'ip_family') === 'inet6' ? 'ipv6' : familyOfServers(block);
  const identity = ([first = '', second = '0', third]: readonly string[], at: number): readonly Fields[] => {
    const port = Number(second);
    if (first === 'fwmark') return [{ fwmark: port, family: third === 'inet6' ? 'ipv6' : family }];
    if (!/[-/]/.test(first)) return [{ protocol, address: first, port }];
    const range = rangeOf(first);
    if (range === undefined) {
      notes.push({ line: at, message: `the range ${first} is not understood, and left out` });
    }
    return (range ?? []).map(address => ({ protocol, address, port }));
  };
  if (args[0] !== 'group') return identity(args, line);
  const group = groups.get(args[1] ?? '');
  if (group === undefined) notes.push({ line, message: `there is no virtual_server_group ${args[1] ?? ''}` });
  return (group?.block ?? []).flatMap(({ line: at, name, args: rest }) => identity([name, ...rest], at));
}

function familyOfServers(block: readonly Statement[]): 'ipv4' | 'ipv6' {
  const real = block.find(({ name }) => name === 'real_server');
  return real?.args[0]?.includes(':') ? 'ipv6' : 'ipv4';
}
