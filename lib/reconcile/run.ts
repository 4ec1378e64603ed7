import { setImmediate as nextTurn } from 'node:timers/promises';
import { aborted } from '../calls/abandoned.ts';
import type { Calls, WriteAll } from '../calls/calls.ts';
import type { CallOptions } from '../calls/options.ts';
import { IpvsError, type IpvsErrorCode } from '../model/errors.ts';
import { serviceKey } from '../model/identity.ts';
import { beginsToRefuse } from './refusing.ts';
import { type Drainer, isRemoval } from './removals.ts';
import type { AppliedStep, Step } from './types.ts';
import { createStepEncoder, type WrittenSteps, writeOf } from './write.ts';

/** What came of a step within one round. */
export type StepResult = Omit<AppliedStep, 'round'>;

/** How steps get to the kernel. */
export interface Kernel {
  readonly writeAll: WriteAll;
  readonly errorOf: Calls['errorOf'];
  /** Drains what is to be removed. Without, it is removed at once. */
  readonly drainer?: Drainer | undefined;
  /** Tells drains of a destination that it is wanted again. */
  readonly giveBack: (step: Step) => void;
}

/** What there is to do. */
export interface Work {
  readonly steps: readonly Step[];
  /** As `Draft` has them. */
  readonly reliant: ReadonlySet<string>;
  /** What has records already. */
  readonly written?: WrittenSteps | undefined;
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
export function isConflict({ error }: StepResult): boolean {
  return error instanceof IpvsError && conflicts.has(error.code);
}

/**
 * Carries out steps. One that fails keeps none of the others back, but those that would make no sense without
 * it: the destinations of a service that could not be added, and losses of a service that has nothing to take
 * their place.
 */
export async function runSteps(
  kernel: Kernel,
  { steps, reliant, written }: Work,
  options: CallOptions,
): Promise<readonly StepResult[]> {
  const gains = steps.filter(step => !isLoss(step));
  const losses = steps.filter(isLoss);
  for (const step of gains) kernel.giveBack(step);
  const gained = leaveOutOrphans(await send(kernel, gains, options, written));
  const held = servicesToHold(reliant, gained);
  const wanted = losses.filter(step => !held.has(serviceKey(step.service)));
  const kept = losses.filter(step => held.has(serviceKey(step.service)));
  return [...gained, ...(await sendLosses(kernel, wanted, options)), ...kept.map(holdBack)];
}

/** Lowers weights and removes, with a drain before each removal where drains are wanted. */
async function sendLosses(
  kernel: Kernel,
  steps: readonly Step[],
  options: CallOptions,
): Promise<readonly StepResult[]> {
  const { drainer } = kernel;
  if (drainer === undefined) return send(kernel, steps, options);
  const lowered = await send(
    kernel,
    steps.filter(step => step.kind === 'change-destination'),
    options,
  );
  const removed = await drainer.drain(steps.filter(isRemoval));
  const ready = removed.flatMap(result => ('ready' in result ? [result.step] : []));
  const concluded = removed.flatMap(result => ('ready' in result ? [] : [result]));
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
    ...kept.map((step): StepResult => ({ step, outcome: 'left-out', reason })),
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

async function send(
  { writeAll, errorOf }: Kernel,
  steps: readonly Step[],
  options: CallOptions,
  written?: WrittenSteps,
): Promise<readonly StepResult[]> {
  const encoder = createStepEncoder(written);
  const writing: Promise<Int32Array>[] = [];
  const context = { command: 'APPLY' } as const;
  const flush = () => {
    const { count } = encoder;
    const statuses = writeAll(context, encoder.take(), count, options);
    statuses.catch(() => {}); // awaited below
    writing.push(statuses);
  };
  for (let i = 0; i < steps.length; ) {
    // A new service goes with its destinations: between two sends clients would be refused.
    const group = groupAt(steps, i);
    encoder.append(steps, i, group);
    i += group;
    if (encoder.count < PORTION) continue;
    flush();
    await nextTurn();
    const { signal } = options;
    if (signal?.aborted === true) throw aborted(context, signal.reason, true);
  }
  if (encoder.count > 0) flush();
  const results: StepResult[] = [];
  for (const statuses of await Promise.all(writing)) {
    for (const status of statuses) {
      const step = steps[results.length]!;
      if (status === 0) results.push({ step, outcome: 'done' });
      else results.push({ step, outcome: 'failed', error: await errorOfStep(errorOf, step, status) });
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
function leaveOutOrphans(results: readonly StepResult[]): readonly StepResult[] {
  const missing = new Set(
    results
      .filter(result => result.step.kind === 'add-service' && result.outcome === 'failed')
      .map(({ step }) => serviceKey(step.service)),
  );
  if (missing.size === 0) return results;
  return results.map(({ step, outcome, ...rest }) =>
    outcome === 'failed' && step.kind === 'add-destination' && missing.has(serviceKey(step.service))
      ? { step, outcome: 'left-out', reason: 'its service could not be added' }
      : { step, outcome, ...rest },
  );
}

/** Services that nothing may be taken from: what should take its place could not be added. */
function servicesToHold(reliant: ReadonlySet<string>, gained: readonly StepResult[]): ReadonlySet<string> {
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

function holdBack(step: Step): StepResult {
  const reason = 'nothing that should take its place could be added';
  return { step, outcome: 'left-out', reason };
}
