import { keptIn } from './allowance.ts';
import { ANY, hasQuorum, type Quorum } from './quorum.ts';
import { weightOf } from './weight.ts';

/** Whether an operator lets a destination take connections. */
export type AdminState = 'ready' | 'drain' | 'maintenance';

/** A destination as its weight is decided. */
export interface Member {
  readonly key: string;
  /** 0 for servers, 1 and above for spares, which are used when no tier before them is up. */
  readonly tier: number;
  /** What the desired state gives, or an override in its place. */
  readonly configured: number;
  readonly admin: AdminState;
  /** 'waiting': nobody knows yet, and it is not used before somebody does. */
  readonly health: 'up' | 'down' | 'waiting';
  /** Since when it has that health. */
  readonly since: number;
  /** The part of its weight that its checks leave it, 0 to 1. */
  readonly factor: number;
  /** The part of its weight that its slow start gives it. */
  readonly ramp: number;
}

/** How the weights of a service's destinations are decided. */
export interface DecisionPolicy {
  readonly quorum: Quorum;
  /** The part of a tier's weight that may be taken out for failing checks, 0 to 1. */
  readonly maxUnhealthy: number;
}

/**
 * Why a destination has its weight:
 * - 'up': it is healthy, or nothing checks it;
 * - 'kept-in': it fails its checks, and too many others do;
 * - 'down': it fails its checks;
 * - 'unchecked': no check has said anything yet;
 * - 'spare': servers of a tier before it are up; or a spare took its tier's place;
 * - 'drain', 'maintenance': an operator said so;
 * - 'zero': its weight is 0 by the desired state, by `setWeight()`, or by what its check answers.
 */
export type WeightReason =
  | 'up'
  | 'kept-in'
  | 'down'
  | 'unchecked'
  | 'spare'
  | 'drain'
  | 'maintenance'
  | 'zero';

/** What a destination is to have. */
export interface Placement {
  readonly weight: number;
  readonly reason: WeightReason;
}

/** What was decided for a service. */
export interface Decision {
  readonly placements: ReadonlyMap<string, Placement>;
  /** Whether a tier has what it needs. */
  readonly isUp: boolean;
  /** The tier that takes connections. */
  readonly tier: number;
  /** The failing destinations that stay in. */
  readonly keptIn: ReadonlySet<string>;
  /** The tiers that have what they need: for the next decision. */
  readonly tiersUp: ReadonlyMap<number, boolean>;
}

/** Decides what each destination of a service gets. `before`: the tiers of the decision before. */
export function decide(
  members: readonly Member[],
  { quorum, maxUnhealthy }: DecisionPolicy,
  before: ReadonlyMap<number, boolean> = new Map(),
): Decision {
  const tiers = [...new Set(members.map(({ tier }) => tier))].toSorted((one, other) => one - other);
  const usable = members.filter(member => member.admin === 'ready' && member.configured > 0);
  const healthyIn = (tier: number) =>
    usable
      .filter(member => member.tier === tier && member.health === 'up')
      .reduce((sum, { configured, factor }) => sum + configured * factor, 0);
  const tiersUp = new Map(
    tiers.map(tier => [tier, hasQuorum(before.get(tier), healthyIn(tier), tier === 0 ? quorum : ANY)]),
  );
  const up = tiers.find(tier => tiersUp.get(tier) === true);
  // None is up: the first that has anything at all, for a little is better than nothing.
  const tier = up ?? tiers.find(which => healthyIn(which) > 0) ?? firstWith(usable, tiers) ?? 0;
  const kept = keptIn(
    usable
      .filter(member => member.tier === tier)
      .map(({ key, configured, health, since }) => ({
        key,
        weight: configured,
        isFailing: health === 'down',
        since,
      })),
    maxUnhealthy,
  );
  const placements = new Map(members.map(member => [member.key, placementOf(member, tier, kept)]));
  return { placements, isUp: up !== undefined, tier, keptIn: kept, tiersUp };
}

/** The first tier that has a destination an operator and the desired state let take connections. */
function firstWith(usable: readonly Member[], tiers: readonly number[]): number | undefined {
  return tiers.find(tier => usable.some(member => member.tier === tier)) ?? tiers[0];
}

function placementOf(member: Member, tier: number, kept: ReadonlySet<string>): Placement {
  const { configured, factor, ramp } = member;
  const reason = reasonOf(member, tier, kept);
  const [health, start] = reason === 'kept-in' ? [1, 1] : [factor, ramp];
  const isIn = reason === 'up' || reason === 'kept-in';
  const weight = weightOf({ configured, isIn, health, ramp: start });
  return { weight, reason: isIn && weight === 0 ? 'zero' : reason };
}

function reasonOf(member: Member, tier: number, kept: ReadonlySet<string>): WeightReason {
  const { key, configured, admin, health } = member;
  if (admin !== 'ready') return admin;
  if (configured === 0) return 'zero';
  if (member.tier !== tier) return health === 'down' ? 'down' : 'spare';
  if (health === 'waiting') return 'unchecked';
  if (health === 'down') return kept.has(key) ? 'kept-in' : 'down';
  return 'up';
}
