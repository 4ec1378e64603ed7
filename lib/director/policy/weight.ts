/** What a destination's weight is a product of. Each layer only takes away; 0 in one of them is 0 in all. */
export interface WeightLayers {
  /** The weight that the desired state gives, or the one that somebody set in its place. */
  readonly configured: number;
  /** Whether it is to take connections: no operator, no failing check and no other tier keeps it out. */
  readonly isIn: boolean;
  /** The part of its weight that its checks leave it, 0 to 1. */
  readonly health: number;
  /** How far its slow start is, above 0 and up to 1. */
  readonly ramp: number;
}

/** The product of the layers. A part of a weight is at least 1: only a layer of 0 takes a destination out. */
export function weightOf({ configured, isIn, health, ramp }: WeightLayers): number {
  if (!isIn || configured === 0 || health === 0) return 0;
  return Math.max(1, Math.round(configured * health * ramp));
}
