import { setImmediate as nextTurn } from 'node:timers/promises';
import { RECORD_WORDS } from '../addon/record.ts';
import { aborted } from '../calls/abandoned.ts';
import type { Calls, WriteAll } from '../calls/calls.ts';
import { type CallOptions, MAX_DELAY } from '../calls/options.ts';
import { IpvsError, type IpvsErrorCode } from '../model/errors.ts';
import { serviceKey } from '../model/identity.ts';
import { createAdditionReader } from './additions.ts';
import type { DesiredEntry } from './desired.ts';
import type { AppliedStep, Step } from './types.ts';
import { createStepEncoder, writeOf } from './write.ts';

/** How steps get to the kernel. */
export interface Wire {
  readonly writeAll: WriteAll;
  readonly errorOf: Calls['errorOf'];
  /** The round of an apply, counted from 1. */
  readonly round: number;
}

/** Errors that no other step could escape. */
const fatal: ReadonlySet<IpvsErrorCode> = new Set([
  'ERR_IPVS_ADDON_MISSING',
  'ERR_IPVS_LIBRARY_MISSING',
  'ERR_IPVS_NOT_AVAILABLE',
  'ERR_IPVS_PERMISSION',
  'ERR_IPVS_NAMESPACE_NOT_FOUND',
  'ERR_IPVS_NAMESPACE_FAILED',
]);

/**
 * Steps are handed to the client's thread in portions of this many: it sends the first while the next is
 * encoded.
 */
const PORTION = 512;

/** New services on their way. */
interface Part {
  readonly entries: readonly DesiredEntry[];
  readonly statuses: Promise<Int32Array>;
}

/** Steps on their way. */
interface Portion {
  readonly steps: readonly Step[];
  readonly statuses: Promise<Int32Array>;
}

const context = { command: 'APPLY' } as const;

/**
 * Hands records to the client's thread, behind so many portions that are on their way: the time of each begins
 * when that of those before it is over. Throws if the signal was aborted by then: what was handed over before
 * may have been done.
 */
function submit(
  { writeAll }: Wire,
  records: Uint8Array,
  count: number,
  { signal, timeout }: CallOptions,
  ahead: number,
): Promise<Int32Array> {
  if (signal?.aborted === true) throw aborted(context, signal.reason, true);
  const until = timeout && Math.min(timeout * (ahead + 1), MAX_DELAY);
  const statuses = writeAll(context, records, count, { signal, timeout: until });
  statuses.catch(() => {}); // awaited by resultsOf()
  return statuses;
}

/** Sends new services, as validating the desired state encoded them. */
export async function sendAdditions(
  wire: Wire,
  additions: readonly DesiredEntry[],
  records: Uint32Array,
  options: CallOptions,
): Promise<readonly Part[]> {
  const sent: Part[] = [];
  for (let i = 0; i < additions.length; ) {
    if (i > 0) await nextTurn();
    const first = additions[i]!;
    const start = i;
    let count = 0;
    // Those whose records follow one another, as they do unless services between them are there already.
    while (count < PORTION && additions[i]?.record === first.record + count)
      count += additions[i++]!.count + 1;
    const words = records.subarray(first.record * RECORD_WORDS, (first.record + count) * RECORD_WORDS);
    const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
    sent.push({
      entries: additions.slice(start, i),
      statuses: submit(wire, bytes, count, options, sent.length),
    });
  }
  return sent;
}

/**
 * What came of new services, or nothing where all of them were done, as they mostly are: there may be 100,000,
 * whose steps nobody may ask for.
 */
export async function resultsOfAdditions(
  wire: Wire,
  parts: readonly Part[],
  records: Uint32Array,
): Promise<readonly AppliedStep[]> {
  const answers: Int32Array[] = [];
  for (const { statuses } of parts) answers.push(await statuses);
  if (answers.every(statuses => statuses.every(status => status === 0))) return [];
  const stepsOf = createAdditionReader(records);
  return resultsOf(
    wire,
    parts.map(({ entries, statuses }) => ({ steps: entries.flatMap(stepsOf), statuses })),
  );
}

/** Encodes and sends steps, behind so many portions that are on their way. */
export async function sendSteps(
  wire: Wire,
  steps: readonly Step[],
  options: CallOptions,
  ahead = 0,
): Promise<readonly Portion[]> {
  const encoder = createStepEncoder();
  const sent: Portion[] = [];
  let start = 0;
  for (let i = 0; i < steps.length; ) {
    // A new service goes with its destinations: between two sends clients would be refused.
    const group = groupAt(steps, i);
    encoder.append(steps, i, group);
    i += group;
    const { count } = encoder;
    if (count < PORTION && i < steps.length) continue;
    sent.push({
      steps: steps.slice(start, i),
      statuses: submit(wire, encoder.take(), count, options, ahead + sent.length),
    });
    start = i;
    if (i < steps.length) await nextTurn();
  }
  return sent;
}

/** Sends steps, and returns what comes of them. */
export async function send(
  wire: Wire,
  steps: readonly Step[],
  options: CallOptions,
): Promise<readonly AppliedStep[]> {
  return resultsOf(wire, await sendSteps(wire, steps, options));
}

/** What comes of steps, as the answers come. */
export async function resultsOf(
  { errorOf, round }: Wire,
  sent: readonly Portion[],
): Promise<readonly AppliedStep[]> {
  const results: AppliedStep[] = [];
  for (const { steps, statuses } of sent) {
    const answers = await statuses;
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i]!;
      const status = answers[i]!;
      if (status === 0) results.push({ step, outcome: 'done', round });
      else results.push({ step, outcome: 'failed', round, error: await errorOfStep(errorOf, step, status) });
    }
  }
  return results;
}

/** How many steps from this one on belong together: a new service and its destinations. */
function groupAt(steps: readonly Step[], start: number): number {
  const { kind, service } = steps[start]!;
  if (kind !== 'add-service') return 1;
  // The same object in a plan that was made here: a plan that comes from JSON has a copy in each step.
  const isOf = (step: Step) => step.service === service || serviceKey(step.service) === serviceKey(service);
  let end = start + 1;
  while (end < steps.length && steps[end]!.kind === 'add-destination' && isOf(steps[end]!)) end++;
  return end - start;
}

async function errorOfStep(errorOf: Calls['errorOf'], step: Step, status: number): Promise<Error> {
  const error = await errorOf(writeOf(step), status);
  if (error instanceof IpvsError && fatal.has(error.code)) throw error;
  return error;
}
