/** The most addresses of a range. */
const MOST = 0x1_0000;

/**
 * The addresses from one to another: `10.0.0.250-10.0.1.9`, or those whose last number alone differs, which is all
 * that stands behind the dash then, `10.0.0.1-9` and `fd00::a-c`. undefined for anything else.
 */
export function rangeOf(text: string): readonly string[] | undefined {
  const [, begin, end] = /^([\da-fA-F.:]+)-([\da-fA-F.]+)$/.exec(text) ?? [];
  if (begin === undefined || end === undefined) return undefined;
  const isIpv6 = begin.includes(':');
  const cut = begin.lastIndexOf(isIpv6 ? ':' : '.') + 1;
  const numberOf = (word: string) => (isIpv6 ? Number.parseInt(word, 16) : Number(word));
  if (end.includes('.')) return rangeBetween(numberOfIpv4(begin), numberOfIpv4(end), ipv4Of);
  const textOf = (number: number) => begin.slice(0, cut) + number.toString(isIpv6 ? 16 : 10);
  return rangeBetween(numberOf(begin.slice(cut)), numberOf(end), textOf);
}

function rangeBetween(
  first: number,
  last: number,
  textOf: (number: number) => string,
): readonly string[] | undefined {
  if (!(last >= first) || last - first >= MOST) return undefined;
  return Array.from({ length: last - first + 1 }, (_, i) => textOf(first + i));
}

/** NaN for what is no address. */
function numberOfIpv4(text: string): number {
  const numbers = text.split('.').map(Number);
  return numbers.length === 4 ? numbers.reduce((sum, number) => sum * 256 + number) : Number.NaN;
}

function ipv4Of(number: number): string {
  return [24, 16, 8, 0].map(bits => (number >>> bits) & 255).join('.');
}
