/**
 * The flag of each hashing scheduler that sends the clients of a server at weight 0 elsewhere; dh has none.
 */
const fallbackFlags: Readonly<Record<string, string | undefined>> = {
  sh: 'sh-fallback',
  mh: 'mh-fallback',
  dh: undefined,
};

/** Whether a scheduler picks servers by a hash of addresses, and so by their places in the list. */
export function isHashing(scheduler: string): boolean {
  return Object.hasOwn(fallbackFlags, scheduler);
}

/**
 * The flag by which a hashing scheduler sends the clients of a server at weight 0 elsewhere; undefined: it
 * has none.
 */
export function fallbackFlag(scheduler: string): string | undefined {
  return fallbackFlags[scheduler];
}

/**
 * Whether clients whose hash finds a server at weight 0 are refused instead of sent elsewhere
 * (net/netfilter/ipvs: ip_vs_sh_get, ip_vs_mh_get, ip_vs_dh_schedule).
 */
export function refusesClients(scheduler: string, schedulerFlags: readonly string[]): boolean {
  if (!isHashing(scheduler)) return false;
  const fallback = fallbackFlags[scheduler];
  // 'flag-1' is the same bit's other name.
  return fallback === undefined || !schedulerFlags.some(flag => flag === fallback || flag === 'flag-1');
}
