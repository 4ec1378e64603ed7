import { Operation } from '../addon/layout.ts';
import type { CallSpec } from './call.ts';
import type { ErrorContext } from './error-context.ts';
import type { CallOptions } from './options.ts';
import type { Queue } from './queue.ts';

/**
 * Makes many writes whose records are written already, behind what was called before: the status of each.
 * Rejects, as what `context` says, when they are not all answered in time.
 */
export function writeAll(
  queue: Queue,
  context: ErrorContext,
  records: Uint8Array,
  count: number,
  options?: CallOptions,
): Promise<Int32Array> {
  const statuses = new Int32Array(count);
  if (count === 0) return Promise.resolve(statuses);
  const spec: CallSpec<Int32Array> = {
    operation: Operation.newService, // each record names its own
    context,
    decode: () => statuses,
    accept: () => ({ value: statuses }),
  };
  return queue.submitDirect(spec, options, () => queue.client().submit(records, count), statuses);
}
