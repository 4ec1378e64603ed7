import { IpvsError } from '../model/errors.ts';
import type { DaemonRole } from '../model/kernel.ts';
import type { Run } from './call.ts';
import type { CallOptions } from './options.ts';
import * as reads from './reads.ts';
import * as writes from './writes.ts';

/**
 * Stops a sync daemon. One whose thread had not begun to run is stopped without an answer: kthread_stop() then
 * returns EINTR, the one errno that netlink_rcv_skb() sends no ack for.
 */
export async function stopDaemon(run: Run, role: DaemonRole, options?: CallOptions): Promise<void> {
  try {
    await run(writes.stopDaemon(role), options);
  } catch (error) {
    if (!(error instanceof IpvsError) || error.code !== 'ERR_IPVS_OUTCOME_UNKNOWN') throw error;
    const daemons = await run(reads.daemons(), options);
    if (daemons.some(daemon => daemon.role === role)) throw error;
  }
}
