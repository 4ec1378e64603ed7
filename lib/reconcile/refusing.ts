import { refusesClients } from '../model/hashing.ts';
import { DEFAULT_SCHEDULER } from '../model/service.ts';
import type { ChangeServiceStep } from './types.ts';

/**
 * Whether a change makes a service refuse clients whose hash finds a destination at weight 0: it loses the
 * fallback flag, or gets a hashing scheduler without one. It has to wait until drained destinations are gone.
 */
export function beginsToRefuse({ changes, spec }: Pick<ChangeServiceStep, 'changes' | 'spec'>): boolean {
  const { scheduler = DEFAULT_SCHEDULER, schedulerFlags = [] } = spec;
  const before = refusesClients(
    changes.scheduler?.from ?? scheduler,
    changes.schedulerFlags?.from ?? schedulerFlags,
  );
  return !before && refusesClients(scheduler, schedulerFlags);
}
