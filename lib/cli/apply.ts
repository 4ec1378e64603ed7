import type { Ipvs } from '../client.ts';
import type { IpvsError } from '../errors.ts';
import type { RuleLine } from '../rules/parse.ts';
import { execute } from './execute.ts';
import { advise, isUnavailable } from './explain.ts';
import type { Shell } from './shell.ts';

/** So many lines are on their way at once: enough for full batches, and a bound on the memory that a file of any size takes. */
const WINDOW = 16_384;

/**
 * Does what lines say, in their order, without waiting for one before the next is sent. A line that fails is told and does not keep back
 * the others, as in ipvsadm. How many failed.
 */
export async function applyLines(ipvs: Ipvs, lines: readonly RuleLine[], shell: Shell): Promise<number> {
  let failed = 0;
  for (let start = 0; start < lines.length; start += WINDOW) {
    const part = lines.slice(start, start + WINDOW);
    const results = await Promise.allSettled(part.map(({ command }) => execute(ipvs, command, shell)));
    for (const [i, result] of results.entries()) {
      if (result.status === 'fulfilled') continue;
      if (isUnavailable(result.reason)) throw result.reason;
      failed++;
      shell.complain(`line ${part[i]!.line}: ${advise(result.reason as IpvsError)}`);
    }
  }
  return failed;
}
