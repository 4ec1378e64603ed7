import { isIpv6, parseIpv4 } from '../model/address.ts';

/** An address as four words of 32 bits, in network order; IPv4 is the first. */
export type AddressWords = readonly [number, number, number, number];

/** The eight groups of an IPv6 address; undefined for anything else. */
export function parseIpv6(text: string): readonly number[] | undefined {
  if (!isIpv6(text)) return undefined;
  const [head = '', tail] = text.split('::');
  const before = groupsOf(head);
  if (tail === undefined) return before;
  const after = groupsOf(tail);
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
}

function groupsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap(group => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const word = parseIpv4(group)!;
    return [word >>> 16, word & 0xffff];
  });
}

/** The canonical text of eight groups, as inet_ntop() has it, which is what the kernel's answers are shown as. */
export function formatIpv6(groups: readonly number[]): string {
  let [start, length] = [-1, 1];
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (i + run < 8 && groups[i + run] === 0) run++;
    if (run > length) [start, length] = [i, run];
  }
  const text = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map(group => group.toString(16))
      .join(':');
  if (start === -1) return text(0, 8);
  const mapped = start === 0 && (length === 6 || (length === 5 && groups[5] === 0xffff));
  if (mapped) {
    const [high = 0, low = 0] = groups.slice(6);
    const dotted = [high >> 8, high & 255, low >> 8, low & 255].join('.');
    return `${length === 6 ? '::' : '::ffff:'}${dotted}`;
  }
  return `${text(0, start)}::${text(start + length, 8)}`;
}

/** The canonical text of an address; undefined when it is none. */
export function canonical(text: string): string | undefined {
  if (parseIpv4(text) !== undefined) return text;
  const groups = parseIpv6(text);
  return groups === undefined ? undefined : formatIpv6(groups);
}

/** The words of an address that is one. */
export function addressWords(text: string): AddressWords {
  const ipv4 = parseIpv4(text);
  if (ipv4 !== undefined) return [ipv4, 0, 0, 0];
  const groups = parseIpv6(text) ?? [];
  const word = (i: number) => (((groups[i] ?? 0) << 16) | (groups[i + 1] ?? 0)) >>> 0;
  return [word(0), word(2), word(4), word(6)];
}
