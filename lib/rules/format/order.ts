import { type AddressWords, addressWords } from '../../model/address.ts';
import { Family, MAX_PROTOCOL, ProtocolNumber } from '../../model/constants.ts';
import type { DestinationId, ServiceId } from '../../model/identity.ts';
import { validateNumber } from '../../model/numbers.ts';

/** Negative, 0 or positive, as qsort's comparisons give it. */
type Compare<T> = (a: T, b: T) => number;

/**
 * Sorts as glibc's qsort() does (a merge sort, stdlib/msort.c), comparison by comparison. It matters because
 * ipvsadm's comparisons contradict one another: they subtract unsigned numbers and look at the sign, so that
 * 100.0.0.0 < 192.0.0.0 < 10.0.0.0 < 100.0.0.0, and the result depends on who is compared with whom.
 * native/cli/row_order.cc sorts the rows of a listing in the same way; a test compares the two.
 */
function mergeSort<T>(items: readonly T[], compare: Compare<T>): T[] {
  if (items.length < 2) return [...items];
  const half = items.length >> 1;
  const left = mergeSort(items.slice(0, half), compare);
  const right = mergeSort(items.slice(half), compare);
  const merged: T[] = [];
  let [l, r] = [0, 0];
  while (l < left.length && r < right.length) {
    merged.push(compare(left[l]!, right[r]!) <= 0 ? left[l++]! : right[r++]!);
  }
  while (l < left.length) merged.push(left[l++]!);
  while (r < right.length) merged.push(right[r++]!);
  return merged;
}

function compareWords(a: AddressWords, b: AddressWords, count: number): number {
  for (let i = 0; i < count; i++) {
    const difference = (a[i]! - b[i]!) | 0;
    if (difference !== 0) return difference;
  }
  return 0;
}

interface ServiceOrder {
  /** What comes before the address: mark, family, protocol. */
  readonly first: AddressWords;
  readonly address: AddressWords;
  readonly port: number;
}

const nowhere: AddressWords = [0, 0, 0, 0];

function serviceOrder(service: ServiceId): ServiceOrder {
  if (service.fwmark !== undefined) {
    return { first: [service.fwmark, Family[service.family], 0, 0], address: nowhere, port: 0 };
  }
  const { protocol, address, port } = service;
  const family = address.includes(':') ? Family.ipv6 : Family.ipv4;
  return {
    first: [0, family, validateNumber('service.protocol', protocol, ProtocolNumber, MAX_PROTOCOL), 0],
    address: addressWords(address),
    port,
  };
}

/**
 * Services in the order in which ipvsadm lists them: those with marks last, the others by family, protocol,
 * address and port.
 */
export function sortServices<T extends ServiceId>(services: readonly T[]): T[] {
  const keyed = services.map(item => ({ item, key: serviceOrder(item) }));
  const sorted = mergeSort(keyed, ({ key: a }, { key: b }) => {
    const first = compareWords(a.first, b.first, 3) || compareWords(a.address, b.address, 4);
    return first || a.port - b.port;
  });
  return sorted.map(({ item }) => item);
}

/**
 * Destinations in the order in which ipvsadm lists them: by address and port. They must come as
 * `destinations()` gives them, in the order they were added.
 */
export function sortDestinations<T extends DestinationId>(destinations: readonly T[]): T[] {
  const keyed = destinations.toReversed().map(item => ({
    item,
    isIpv6: item.address.includes(':'),
    address: addressWords(item.address),
  }));
  const sorted = mergeSort(keyed, (a, b) => {
    // As ipvsadm: the left operand's family decides how many words are compared.
    return compareWords(a.address, b.address, a.isIpv6 ? 4 : 1) || a.item.port - b.item.port;
  });
  return sorted.map(({ item }) => item);
}
