/** How much of a service's servers must be healthy for it to be up. */
export interface Quorum {
  /** The weight that the healthy ones must have together. */
  readonly weight: number;
  /** How much more it takes to come up, and how much less to go down. */
  readonly hysteresis: number;
}

/** What a tier of spares needs: any server at all. */
export const ANY: Quorum = { weight: 1, hysteresis: 0 };

/** Whether healthy servers of a weight are enough, by whether they were before; undefined: nobody knows. */
export function hasQuorum(
  had: boolean | undefined,
  healthy: number,
  { weight, hysteresis }: Quorum,
): boolean {
  if (had === undefined) return healthy >= weight;
  return healthy >= (had ? weight - hysteresis : weight + hysteresis);
}
