import { IpvsError } from '../model/errors.ts';
import { serviceKey } from '../model/identity.ts';
import { inTurn } from '../records/in-turn.ts';
import { type OwnerRecords, readOwners, writeOwner } from '../records/owners.ts';
import type { Step } from './types.ts';

/** What an owner has applied in a network namespace before, and what others have. */
export interface Claims {
  /** This owner's services, by their keys. */
  readonly own: ReadonlySet<string>;
  /** Throws where services that this owner desires, or that steps are about, belong to another owner. */
  validate(desired: Iterable<string>, steps: readonly Step[]): void;
  /**
   * Claims what is desired, before anything of it is written: a crash in between then leaves nothing without
   * an owner. Throws where another owner claims some of it at the same time.
   */
  claim(desired: ReadonlySet<string>): Promise<void>;
  /**
   * Gives up what is neither desired nor still there; nothing where only a part of what this owner wants was
   * desired.
   */
  settle(desired: ReadonlySet<string>, remaining: Iterable<string>, isPart?: boolean): Promise<void>;
}

/** How often a claim is written where another apply of the same owner writes its own at the same time. */
const ATTEMPTS = 5;

/** Reads who owns what. Without a name there is nothing to claim, and others' services are still theirs. */
export async function readClaims(directory: string, owner: string | undefined): Promise<Claims> {
  const records = await readOwners(directory);
  const own = servicesOf(records, owner);
  /** What this apply added to the record. */
  let claimed: ReadonlySet<string> = none;

  /**
   * Changes the record as it is now: another apply of the same owner may have written it since. Those of this
   * process take turns; of two processes that write within the same millisecond the first one writes again, at
   * its end.
   */
  const change = (added: ReadonlySet<string>, gone: ReadonlySet<string>) =>
    inTurn(`${directory} ${owner}`, () => changeNow(added, gone));

  async function changeNow(added: ReadonlySet<string>, gone: ReadonlySet<string>): Promise<void> {
    if (owner === undefined) return;
    const present = servicesOf(await readOwners(directory), owner);
    const wanted = new Set([...present, ...added].filter(key => !gone.has(key)));
    if (wanted.size === present.size && [...wanted].every(key => present.has(key))) return;
    await writeOwner(directory, owner, wanted);
  }

  return {
    own,
    validate(desired, steps) {
      // Mostly there is nobody else, and there may be 100,000 steps.
      if ([...records.keys()].every(name => name === owner)) return;
      const touched = new Set([...desired, ...steps.map(({ service }) => serviceKey(service))]);
      refuseClaimed(records, owner, touched, directory);
    },
    async claim(desired) {
      if (owner === undefined) return;
      claimed = new Set([...desired].filter(key => !own.has(key)));
      for (let attempt = 1; claimed.size > 0; attempt++) {
        await change(claimed, none);
        // Whoever claims at the same time has written before it looks, as this has: at least one of the two
        // sees the other.
        const now = await readOwners(directory);
        try {
          refuseClaimed(now, owner, desired, directory);
        } catch (error) {
          await change(none, claimed);
          throw error;
        }
        const has = servicesOf(now, owner);
        if (attempt === ATTEMPTS || [...claimed].every(key => has.has(key))) return;
      }
    },
    async settle(desired, remaining, isPart = false) {
      const stays = new Set([...desired, ...remaining]);
      const gone = isPart ? none : new Set([...own, ...claimed].filter(key => !stays.has(key)));
      if (gone.size > 0 || claimed.size > 0) await change(stays, gone);
    },
  };
}

const none: ReadonlySet<string> = new Set();

function servicesOf(records: OwnerRecords, owner: string | undefined): ReadonlySet<string> {
  return (owner === undefined ? undefined : records.get(owner)) ?? none;
}

function refuseClaimed(
  records: OwnerRecords,
  owner: string | undefined,
  keys: Iterable<string>,
  directory: string,
): void {
  for (const key of keys) {
    for (const [other, services] of records) {
      if (other === owner || !services.has(key)) continue;
      const who = owner === undefined ? 'this apply names no owner' : `'${owner}' wants it too`;
      const message = `service ${key} belongs to '${other}', and ${who}: nothing was done (recorded in ${directory})`;
      throw new IpvsError('ERR_IPVS_OWNED', message, { command: 'APPLY' });
    }
  }
}
