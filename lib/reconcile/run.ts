import { setImmediate as nextTurn } from 'node:timers/promises';
import { RECORD_WORDS } from '../addon/record.ts';
import { aborted } from '../calls/abandoned.ts';
import type { Calls, WriteAll } from '../calls/calls.ts';
import { type CallOptions, MAX_DELAY } from '../calls/options.ts';
import { IpvsError, type IpvsErrorCode } from '../model/errors.ts';
import { serviceKey } from '../model/identity.ts';
import { createAdditionReader } from './additions.ts';
import type { DesiredEntry } from './desired.ts';
import { beginsToRefuse } from './refusing.ts';
import { type Drainer, isRemoval } from './removals.ts';
import type { AppliedStep, Step } from './types.ts';
import { createStepEncoder, writeOf } from './write.ts';

/** How steps get to the kernel. */
export interface Kernel {
  readonly writeAll: WriteAll;
  readonly errorOf: Calls['errorOf'];
  /** Drains what is to be removed. Without, it is removed at once. */
  readonly drainer?: Drainer | undefined;
  /** Tells drains of a destination that it is wanted again. */
  readonly giveBack: (step: Step) => void;
}

/** A kernel in one round of an apply, counted from 1. */
interface RoundKernel extends Kernel {
  readonly round: number;
}

/** What there is to do. */
export interface Work {
  /** New services, and where their records are: what comes first. */
  readonly additions?: readonly DesiredEntry[];
  readonly records?: Uint32Array;
  readonly steps: readonly Step[];
  /** As `Draft` has them. */
  readonly reliant: ReadonlySet<string>;
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

/** Errors that say that the table is not what it was read as: another program wrote. */
const conflicts: ReadonlySet<string | undefined> = new Set<IpvsErrorCode>([
  'ERR_IPVS_SERVICE_EXISTS',
  'ERR_IPVS_SERVICE_NOT_FOUND',
  'ERR_IPVS_DESTINATION_EXISTS',
  'ERR_IPVS_DESTINATION_NOT_FOUND',
  'ERR_IPVS_OUTCOME_UNKNOWN',
]);

/** Whether a step failed because another program wrote meanwhile: planning again may help. */
export function isConflict({ error }: AppliedStep): boolean {
  return error instanceof IpvsError && conflicts.has(error.code);
}

/** What came of a round's work. */
export interface Outcome {
  /** New services all of whose records were done: nobody has made their steps. */
  readonly added: readonly DesiredEntry[];
  /** What came of all else, in its order. */
  readonly results: readonly AppliedStep[];
}

/**
 * Carries out steps. One that fails keeps none of the others back, but those that would make no sense without
 * it: the destinations of a service that could not be added, and losses of a service that has nothing to take
 * their place.
 */
export async function runSteps(
  kernel: RoundKernel,
  { additions = [], records = noRecords, steps, reliant }: Work,
  options: CallOptions,
): Promise<Outcome> {
  const gains = steps.filter(step => !isLoss(step));
  const losses = steps.filter(isLoss);
  for (const step of gains) kernel.giveBack(step);
  const parts = await sendAdditions(kernel, additions, records, options);
  const sent = await sendSteps(kernel, gains, options, parts.length);
  const added = await resultsOfAdditions(kernel, parts, records);
  const gained = leaveOutOrphans([...added, ...(await resultsOf(kernel, sent))]);
  const held = servicesToHold(reliant, gained);
  const { round } = kernel;
  const wanted = losses.filter(step => !held.has(serviceKey(step.service)));
  const kept = losses.filter(step => held.has(serviceKey(step.service)));
  const lost = await sendLosses(kernel, wanted, options);
  const reason = 'nothing that should take its place could be added';
  return {
    added: added.length === 0 ? additions : [],
    results: gained.concat(
      lost,
      kept.map(step => ({ step, outcome: 'left-out', round, reason })),
    ),
  };
}

/** Lowers weights and removes, with a drain before each removal where drains are wanted. */
async function sendLosses(
  kernel: RoundKernel,
  steps: readonly Step[],
  options: CallOptions,
): Promise<readonly AppliedStep[]> {
  const { drainer, round } = kernel;
  if (drainer === undefined) return send(kernel, steps, options);
  const lowered = await send(
    kernel,
    steps.filter(step => step.kind === 'change-destination'),
    options,
  );
  const removed = await drainer.drain(steps.filter(isRemoval));
  const ready = removed.flatMap(result => ('ready' in result ? [result.step] : []));
  const concluded = removed.flatMap(result => ('ready' in result ? [] : [{ ...result, round }]));
  const standing = new Set(
    concluded.filter(({ outcome }) => outcome !== 'done').map(({ step }) => serviceKey(step.service)),
  );
  const last = steps.filter(step => step.kind === 'change-service');
  const wanted = last.filter(({ service }) => !standing.has(serviceKey(service)));
  const kept = last.filter(({ service }) => standing.has(serviceKey(service)));
  const reason = 'a destination stays at weight 0, whose clients it would refuse';
  return [
    ...lowered,
    ...concluded,
    ...(await send(kernel, [...ready, ...wanted], options)),
    ...kept.map((step): AppliedStep => ({ step, outcome: 'left-out', round, reason })),
  ];
}

/** Whether a step takes something away. */
function isLoss(step: Step): boolean {
  switch (step.kind) {
    case 'remove-service':
      return true;
    case 'remove-destination':
      return step.reason !== 'order';
    case 'change-service':
      return beginsToRefuse(step);
    case 'change-destination':
      return step.changes.weight !== undefined && step.changes.weight.to < step.changes.weight.from;
    default:
      return false;
  }
}

/**
 * Steps are handed to the client's thread in portions of this many: it sends the first while the next is
 * encoded.
 */
const PORTION = 512;

const noRecords = new Uint32Array();

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
 * when that of those before it is over.
 */
function submit(
  { writeAll }: Kernel,
  records: Uint8Array,
  count: number,
  { signal, timeout }: CallOptions,
  ahead: number,
): Promise<Int32Array> {
  const until = timeout && Math.min(timeout * (ahead + 1), MAX_DELAY);
  const statuses = writeAll(context, records, count, { signal, timeout: until });
  statuses.catch(() => {}); // awaited by resultsOf()
  return statuses;
}

/** Lets the event loop have a turn. Throws if the signal was aborted by then. */
async function pause({ signal }: CallOptions): Promise<void> {
  await nextTurn();
  if (signal?.aborted === true) throw aborted(context, signal.reason, true);
}

/** Sends new services, as validating the desired state encoded them. */
async function sendAdditions(
  kernel: Kernel,
  additions: readonly DesiredEntry[],
  records: Uint32Array,
  options: CallOptions,
): Promise<readonly Part[]> {
  const sent: Part[] = [];
  for (let i = 0; i < additions.length; ) {
    if (i > 0) await pause(options);
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
      statuses: submit(kernel, bytes, count, options, sent.length),
    });
  }
  return sent;
}

/**
 * What came of new services, or nothing where all of them were done, as they mostly are: there may be 100,000,
 * whose steps nobody may ask for.
 */
async function resultsOfAdditions(
  kernel: RoundKernel,
  parts: readonly Part[],
  records: Uint32Array,
): Promise<readonly AppliedStep[]> {
  const answers: Int32Array[] = [];
  for (const { statuses } of parts) answers.push(await statuses);
  if (answers.every(statuses => statuses.every(status => status === 0))) return [];
  const stepsOf = createAdditionReader(records);
  return resultsOf(
    kernel,
    parts.map(({ entries, statuses }) => ({ steps: entries.flatMap(stepsOf), statuses })),
  );
}

/** Encodes and sends steps, behind so many portions that are on their way. */
async function sendSteps(
  kernel: Kernel,
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
      statuses: submit(kernel, encoder.take(), count, options, ahead + sent.length),
    });
    start = i;
    if (i < steps.length) await pause(options);
  }
  return sent;
}

async function send(
  kernel: RoundKernel,
  steps: readonly Step[],
  options: CallOptions,
): Promise<readonly AppliedStep[]> {
  return resultsOf(kernel, await sendSteps(kernel, steps, options));
}

/** What comes of steps, as the answers come. */
async function resultsOf(
  { errorOf, round }: RoundKernel,
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

/** Destinations whose service could not be added did not fail for anything of their own. */
function leaveOutOrphans(results: readonly AppliedStep[]): readonly AppliedStep[] {
  const missing = new Set(
    results
      .filter(result => result.step.kind === 'add-service' && result.outcome === 'failed')
      .map(({ step }) => serviceKey(step.service)),
  );
  if (missing.size === 0) return results;
  const reason = 'its service could not be added';
  return results.map(result => {
    const { step, outcome, round } = result;
    const isOrphan = outcome === 'failed' && step.kind === 'add-destination';
    return isOrphan && missing.has(serviceKey(step.service))
      ? { step, outcome: 'left-out', round, reason }
      : result;
  });
}

/** Services that nothing may be taken from: what should take its place could not be added. */
function servicesToHold(reliant: ReadonlySet<string>, gained: readonly AppliedStep[]): ReadonlySet<string> {
  const held = new Set(reliant);
  if (held.size === 0) return held;
  for (const { step, outcome } of gained) {
    if (outcome === 'done' && takesConnections(step)) held.delete(serviceKey(step.service));
  }
  return held;
}

function takesConnections(step: Step): boolean {
  const { kind } = step;
  return (kind === 'add-destination' || kind === 'change-destination') && (step.spec.weight ?? 1) > 0;
}
