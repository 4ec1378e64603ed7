/** A server, for the question how many may be taken out. */
export interface Candidate {
  readonly key: string;
  /** What it would have, were it healthy. */
  readonly weight: number;
  readonly isFailing: boolean;
  /** Since when it is, or is not. */
  readonly since: number;
}

/**
 * The failing servers that stay in, because too much of the weight would be taken out with them. Those that
 * failed first are out first: what fails together later has more likely one cause, which may be the checker's.
 */
export function keptIn(candidates: readonly Candidate[], maxUnhealthy: number): ReadonlySet<string> {
  const total = candidates.reduce((sum, { weight }) => sum + weight, 0);
  const kept = new Set<string>();
  let out = 0;
  const failing = candidates.filter(({ isFailing }) => isFailing).toSorted(byTime);
  for (const { key, weight } of failing) {
    if (out + weight <= maxUnhealthy * total) out += weight;
    else kept.add(key);
  }
  return kept;
}

function byTime(one: Candidate, other: Candidate): number {
  return one.since - other.since || (one.key < other.key ? -1 : 1);
}
