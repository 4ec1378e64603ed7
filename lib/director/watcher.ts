import type { CheckAnswer, Monitor, NamedCheck, TargetHealth } from '../health/types.ts';
import type { DestinationId, ServiceId } from '../model/identity.ts';
import type { Directed, DirectedEntry, DirectedRow } from './desired.ts';
import type { Path, Paths } from './paths.ts';
import { type Suspicion, type SuspicionPolicy, suspect, trusting } from './policy/suspicion.ts';
import type { CheckState } from './types.ts';

/** A check of one destination that is followed. */
export interface Followed {
  readonly service: ServiceId;
  /** The key of the service. */
  readonly key: string;
  readonly destination: DestinationId;
  readonly check: NamedCheck;
  /** Equal for checks that are one and the same. */
  readonly observation: string;
  health: TargetHealth;
  /** The state that is believed; behind `health` where failures are not. */
  trusted: TargetHealth['state'];
  stop(): void;
}

/** Follows the checks of all destinations. */
export interface Watcher {
  /**
   * Follows the checks of a desired state, but for destinations that are not to be checked. Those that are
   * followed already, and have not changed, keep what is known.
   */
  follow(
    directed: Directed,
    paths: Paths,
    isChecked: (entry: DirectedEntry, row: DirectedRow) => boolean,
  ): void;
  /** The checks of a destination, by the key of its place. */
  of(place: string): readonly Followed[];
  /** Looks which failures are to be believed now, and believes those. */
  judge(now: number): Judgement;
  readonly count: () => number;
  stop(): void;
}

/** What is believed of checks. */
export interface Judgement {
  readonly suspicion: Suspicion;
  /** The keys of services of which something is believed that was not before. */
  readonly believed: ReadonlySet<string>;
}

/** The key of a destination within a desired state. */
export function placeKey(service: string, destination: string): string {
  return `${service} -> ${destination}`;
}

export function createWatcher(
  monitor: Monitor,
  suspicion: SuspicionPolicy | undefined,
  onChange: (followed: Followed, before: TargetHealth['state']) => void,
): Watcher {
  /** By what makes a check the same: its place, itself, its target and its policy. */
  let followed = new Map<string, Followed>();
  let byPlace = new Map<string, Followed[]>();
  /** How many checks there are; services share those of a server. */
  let observations = 0;
  /** Those that fail, and those whose state is not believed yet: few among 10,000. */
  const failing = new Set<Followed>();
  const pending = new Set<Followed>();

  /** Notes a check's health. */
  function note(item: Followed, health: TargetHealth): void {
    item.health = health;
    if (health.state === 'down') failing.add(item);
    else failing.delete(item);
    if (health.state === item.trusted) pending.delete(item);
    else pending.add(item);
  }

  function stop(item: Followed): void {
    item.stop();
    failing.delete(item);
    pending.delete(item);
  }

  function start(
    entry: DirectedEntry,
    row: DirectedRow,
    check: NamedCheck,
    path: Path | undefined,
  ): Followed {
    const { address, port, source } = row.target;
    const target = { address, port, source, mark: path?.mark, service: entry.service };
    const following = monitor.follow(target, check, row.policy, health => {
      const before = item.health;
      note(item, health);
      if (before.state !== health.state || !isSame(before.answer, health.answer))
        onChange(item, before.state);
    });
    const { health } = following;
    const item: Followed = {
      service: entry.service,
      key: entry.key,
      destination: row.destination,
      check,
      observation: `${address} ${port} ${path?.mark} ${check.key}`,
      health,
      trusted: 'unknown',
      stop: () => following.stop(),
    };
    note(item, health);
    return item;
  }

  return {
    follow(directed, paths, isChecked) {
      const next = new Map<string, Followed>();
      const places = new Map<string, Followed[]>();
      for (const entry of directed.values()) {
        for (const row of entry.rows) {
          if (!isChecked(entry, row)) continue;
          const place = placeKey(entry.key, row.key);
          const path = row.target.path === undefined ? undefined : paths.get(row.target.path);
          const items = row.checks.map(check => {
            const key = `${place} ${identityOf(check, row, path)}`;
            const item = next.get(key) ?? followed.get(key) ?? start(entry, row, check, path);
            next.set(key, item);
            return item;
          });
          places.set(place, items);
        }
      }
      for (const [key, item] of followed) if (!next.has(key)) stop(item);
      observations = new Set(Array.from(next.values(), ({ observation }) => observation)).size;
      followed = next;
      byPlace = places;
    },
    of: place => byPlace.get(place) ?? [],
    judge(now) {
      const since = new Map(Array.from(failing, item => [item.observation, item.health.since]));
      const failures = Array.from(since, ([key, since]) => ({ key, since }));
      const found = suspicion === undefined ? trusting : suspect(failures, observations, now, suspicion);
      const believed = new Set<string>();
      for (const item of pending) {
        if (found.held.has(item.observation)) continue;
        item.trusted = item.health.state;
        pending.delete(item);
        believed.add(item.key);
      }
      return { suspicion: found, believed };
    },
    count: () => followed.size,
    stop() {
      for (const item of followed.values()) stop(item);
      followed = new Map();
    },
  };
}

/** Whether two answers come to the same weight. */
function isSame(one: CheckAnswer | undefined, other: CheckAnswer | undefined): boolean {
  return one?.factor === other?.factor && one?.admin === other?.admin;
}

function identityOf(check: NamedCheck, { target, policy }: DirectedRow, path: Path | undefined): string {
  const { address, port, source } = target;
  return `${check.key} ${JSON.stringify([address, port, source, path?.mark, policy])}`;
}

/** What a check says, for whoever asks. */
export function checkStateOf({ check, health, trusted }: Followed): CheckState {
  return { name: check.name, health, isHeld: trusted !== health.state };
}
