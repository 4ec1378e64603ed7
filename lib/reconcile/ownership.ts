import { IpvsError } from '../model/errors.ts';
import { serviceKey } from '../model/identity.ts';
import { type OwnerRecords, readOwners, writeOwner } from '../records/owners.ts';
import type { Plan } from './types.ts';

/** What an owner has applied in a network namespace before, and what others have. */
export interface Claims {
  /** This owner's services, by their keys. */
  readonly own: ReadonlySet<string>;
  /** Throws where services that this owner desires, or would remove, belong to another owner. */
  validate(desired: Iterable<string>, plan: Plan): void;
  /**
   * Claims what is desired, before anything of it is written: a crash in between then leaves nothing without
   * an owner. Throws where another owner claims some of it at the same time.
   */
  claim(desired: ReadonlySet<string>): Promise<void>;
  /** Gives up what is neither desired nor still there. */
  settle(desired: ReadonlySet<string>, remaining: Iterable<string>): Promise<void>;
}

/** Reads who owns what. Without a name there is nothing to claim, and others' services are still theirs. */
export async function readClaims(directory: string, owner: string | undefined): Promise<Claims> {
  const records = await readOwners(directory);
  const own = (owner === undefined ? undefined : records.get(owner)) ?? new Set<string>();
  let written: ReadonlySet<string> = own;

  async function write(services: ReadonlySet<string>): Promise<void> {
    if (owner === undefined || isEqual(services, written)) return;
    await writeOwner(directory, owner, services);
    written = services;
  }

  return {
    own,
    validate(desired, plan) {
      const touched = new Set([...desired, ...plan.steps.map(({ service }) => serviceKey(service))]);
      refuseClaimed(records, owner, touched, directory);
    },
    async claim(desired) {
      await write(new Set([...own, ...desired]));
      if (written === own) return;
      // Whoever claims at the same time has written before it looks, as this has: at least one of the two
      // sees the other.
      try {
        refuseClaimed(await readOwners(directory), owner, desired, directory);
      } catch (error) {
        await write(own);
        throw error;
      }
    },
    settle: (desired, remaining) => write(new Set([...desired, ...remaining])),
  };
}

function isEqual(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  if (one.size !== other.size) return false;
  for (const key of one) if (!other.has(key)) return false;
  return true;
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
