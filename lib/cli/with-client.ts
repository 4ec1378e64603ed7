import { Ipvs } from '../client.ts';
import type { IpvsError } from '../model/errors.ts';
import { isUnavailable } from './explain.ts';
import type { Shell } from './terminal.ts';

/**
 * The library's own deadline is for programs that have other things to do; ipvsadm waits for as long as it
 * takes.
 */
const PATIENCE = 600_000;

/** What a command does once it has a client; returns the exit status. */
export type Work = (ipvs: Ipvs) => Promise<number>;

/**
 * Runs something with a client. Where the kernel has no IPVS the module is loaded first, as ipvsadm does it:
 * the module of 5.10 and older kernels lacks the alias by which a kernel would find it by itself.
 */
export async function withModule(shell: Shell, run: Work): Promise<number> {
  const { netns } = shell;
  const attempt = async () => {
    await using ipvs = new Ipvs({ timeout: PATIENCE, ...(netns !== undefined && { netns }) });
    return await run(ipvs);
  };
  try {
    return await attempt();
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    if ((error as IpvsError).code === 'ERR_IPVS_NOT_AVAILABLE') {
      const { spawnSync } = await import('node:child_process');
      const { status } = spawnSync('/sbin/modprobe', ['--', 'ip_vs'], { stdio: 'ignore' });
      if (status === 0) return await attempt();
    }
    shell.complain((error as IpvsError).message);
    return 2;
  }
}
